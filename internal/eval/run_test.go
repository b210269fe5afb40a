package eval

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A run file's worst queries show the question and what the file ranks first, and
// judgements of no query in the file are an error, not a table of zeros.
func TestScoreRunFiles(t *testing.T) {
	dir := folder(t, map[string]string{
		"topics": "q1\tred pandas\n", "run": "q1 Q0 a 1 0.9 t\nq1 Q0 b 2 0.8 t\n",
		"qrels": "q1 0 c 1\n", "others": "q9 0 c 1\n",
	})
	var out strings.Builder
	do := func(qrels string) error {
		r := Request{Path: dir + "/topics", Qrels: dir + "/" + qrels, Runs: []string{dir + "/run"}, Worst: 1, Out: &out}
		d, err := r.Open()
		if err != nil {
			t.Fatal(err)
		}
		return r.Do(t.Context(), nil, d)
	}
	if err := do("qrels"); err != nil {
		t.Fatal(err)
	}
	if want := "q1: red pandas\n  expected  c\n  came      a\n  came      b\n"; !strings.HasSuffix(out.String(), want) {
		t.Errorf("%s\nwant the end %s", &out, want)
	}
	if err := do("others"); err == nil || !strings.Contains(err.Error(), "none of its 1 queries has a judgement") {
		t.Errorf("error %v", err)
	}
}

func TestRunFileRoundTrip(t *testing.T) {
	above := math.Nextafter(0.3, 1)
	row := Row{Setting: Setting{Legs: Hybrid}.With("dense_weight", .3), Outcomes: []Outcome{
		{Query: &Query{ID: "q 1"}, Ranking: []Ranked{{"b", above}, {"a\tx", 1e-9}}},
		{Query: &Query{ID: "q2"}},
	}}
	var b bytes.Buffer
	if err := WriteRun(&b, row); err != nil {
		t.Fatal(err)
	}
	want := "q_1 Q0 b 1 0.30000000000000004 hybrid_dense_weight=0.3\nq_1 Q0 a_x 2 1e-09 hybrid_dense_weight=0.3\n"
	if b.String() != want {
		t.Errorf("run file:\n%swant\n%s", b.String(), want)
	}
	dir := folder(t, map[string]string{"run": want})
	got, err := ReadRun(dir + "/run")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string][]Ranked{"q_1": {{"b", above}, {"a_x", 1e-9}}}, got); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
	for text, want := range map[string]string{
		"q Q0 d 1 NaN t": "run:1: score", "q Q0 d 1 0.5": "run:1: want query", "q Q0 d 1 1 t\nq Q0 d 2 1 t": "run:2: document",
	} {
		if _, err := ReadRun(folder(t, map[string]string{"run": text}) + "/run"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
