package eval

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// target answers from a function and keeps count.
type target struct {
	search  func(query string, s Setting) (Result, error)
	running atomic.Int32
	most    atomic.Int32
	set     []string
}

func (t *target) Configure(_ context.Context, s Setting) error {
	t.set = append(t.set, s.String())
	return nil
}

func (t *target) Search(_ context.Context, query string, limit int, s Setting) (Result, error) {
	n := t.running.Add(1)
	defer t.running.Add(-1)
	for m := t.most.Load(); n > m && !t.most.CompareAndSwap(m, n); m = t.most.Load() {
	}
	return t.search(query, s)
}

func passages(uris ...string) (p []Passage) {
	for i, u := range uris {
		p = append(p, Passage{URI: u, Text: "text of " + u, Score: 1 / float64(i+1)})
	}
	return p
}

var twoRows = []Setting{{Legs: Lexical}, {Legs: Hybrid}}

func sample() Dataset {
	return Dataset{Name: "sample", UnknownDocs: 1, Queries: []Query{
		{ID: "1", Text: "first", Docs: map[string]int{"a": 1}},
		{ID: "2", Text: "second", Docs: map[string]int{"b": 1, "gone": 1}},
		{ID: "3", Text: "unjudged"},
		{ID: "4", Text: "foreign", Absent: true},
	}}
}

// bySetting finds second's document only with hybrid, and first's at rank 2.
func bySetting(query string, s Setting) (Result, error) {
	switch {
	case query == "foreign":
		return Result{Passages: passages("a"), Coverage: .1}, nil
	case query == "second" && s.Legs == Lexical:
		return Result{Coverage: .2, Degraded: []string{"late"}}, nil
	case query == "second":
		return Result{Passages: passages("file:///docs/b.html", "a"), Coverage: .9}, nil
	}
	return Result{Passages: passages("x", "a", "x"), Coverage: .8}, nil
}

func TestRun(t *testing.T) {
	tg := &target{search: bySetting}
	r, err := Run(context.Background(), tg, sample(), twoRows, Options{Concurrency: 2, MinScore: .345, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if r.Ranked != 2 || r.Absent != 1 || r.Unjudged != 1 || r.UnknownDocs != 1 {
		t.Errorf("counts: %+v", r)
	}
	lexical, hybrid := r.Rows[0], r.Rows[1]
	half := 1 / math.Log2(3)
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"lexical ndcg", lexical.Means["ndcg@10"], half / 2},
		{"hybrid ndcg", hybrid.Means["ndcg@10"], (half + 1/(1+half)) / 2},
		{"hybrid recall", hybrid.Means["recall@10"], .75},
		{"hybrid mrr", hybrid.Means["mrr@10"], .75},
		{"lexical balanced accuracy", lexical.Means["balanced_accuracy"], .75},
		{"hybrid balanced accuracy", hybrid.Means["balanced_accuracy"], 1},
		{"difference", hybrid.Diff.Diff, 1 / (1 + half) / 2},
		{"p", hybrid.Diff.P, 1},
	} {
		if math.Abs(c.got-c.want) > 1e-12 {
			t.Errorf("%s = %v, want %v", c.name, c.got, c.want)
		}
	}
	if lexical.Empty != 1 || lexical.Degraded != 1 || lexical.Diff != nil {
		t.Errorf("lexical: %+v", lexical)
	}
	if most := tg.most.Load(); most > 2 {
		t.Errorf("%d searches at once, want at most 2", most)
	}
	if diff := cmp.Diff([]string{"lexical", "hybrid"}, tg.set); diff != "" {
		t.Errorf("configured (-want +got):\n%s", diff)
	}
	if w := lexical.Worst(1); w[0].Query.ID != "2" {
		t.Errorf("worst is %q", w[0].Query.ID)
	}
}

func TestSkipEmptyIsTrecEvalsDefault(t *testing.T) {
	r, err := Run(context.Background(), &target{search: bySetting}, sample(), twoRows[:1], Options{SkipEmpty: true})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := r.Rows[0].Means["ndcg@10"], 1/math.Log2(3); math.Abs(got-want) > 1e-12 {
		t.Errorf("mean = %v, want %v of the one query that returned something", got, want)
	}
}

func TestRunStops(t *testing.T) {
	boom := errors.New("boom")
	_, err := Run(context.Background(), &target{search: func(q string, s Setting) (Result, error) { return Result{}, boom }}, sample(), twoRows, Options{})
	if !errors.Is(err, boom) || !strings.Contains(err.Error(), `query "`) {
		t.Errorf("a failing search: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Run(ctx, &target{search: bySetting}, sample(), twoRows, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled run: %v", err)
	}
	if _, err := Run(context.Background(), &target{search: bySetting}, Dataset{Queries: []Query{{ID: "1"}}}, twoRows, Options{}); err == nil {
		t.Error("no judged queries: no error")
	}
}

func TestOutputs(t *testing.T) {
	r, err := Run(context.Background(), &target{search: bySetting}, sample(), twoRows, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var table, worst, js, lines bytes.Buffer
	for _, err := range []error{r.Table(&table), r.WriteWorst(&worst, r.Rows[0], 2), r.JSON(&js), r.WritePerQuery(&lines)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{
		"nDCG@10", "MAP", "MRR@10", "R@5", "R@100", "S@5", "bal.acc", "p95 ms", "ΔnDCG@10", "95% CI",
		"1 judged documents are not in the corpus", "1 queries returned nothing", "1 searches were degraded", "1 queries have no judgement",
	} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, &table)
		}
	}
	for _, want := range []string{"2: second", "expected  gone | b", "came      nothing", "came      x: text of x"} {
		if !strings.Contains(worst.String(), want) {
			t.Errorf("worst queries lack %q:\n%s", want, &worst)
		}
	}
	var parsed struct {
		Rows []struct {
			Means map[string]float64
			Diff  *Comparison `json:"against_first"`
		}
	}
	if err := json.Unmarshal(js.Bytes(), &parsed); err != nil || len(parsed.Rows) != 2 || parsed.Rows[1].Diff == nil {
		t.Errorf("JSON: %v\n%s", err, &js)
	}
	if n := strings.Count(lines.String(), "\n"); n != 6 {
		t.Errorf("%d lines per query, want 2 rows × 3 queries", n)
	}
}

// A query that was answered in full is not among the worst, few as there are.
func TestWorstLeavesOutThePerfect(t *testing.T) {
	row := Row{Outcomes: []Outcome{
		{Query: &Query{ID: "perfect"}, Values: []float64{1}},
		{Query: &Query{ID: "absent"}},
		{Query: &Query{ID: "half", Expected: []Expected{{Quote: Quote{Text: "as it stands"}}}}, Values: []float64{.5}},
	}}
	worst := row.Worst(3)
	if len(worst) != 1 || worst[0].Query.ID != "half" || worst[0].Query.expectation() != "“as it stands”" {
		t.Errorf("%+v", worst)
	}
}

func TestWorstShowsNoControlCharacters(t *testing.T) {
	bad := "a\x1b[2J\u202e\nb"
	r, err := Run(context.Background(), &target{search: func(string, Setting) (Result, error) {
		return Result{Passages: []Passage{{URI: bad, HeadingPath: []string{bad}, Text: bad}}}, nil
	}}, Dataset{Queries: []Query{{ID: bad, Text: bad, Docs: map[string]int{bad + "!": 1}}}}, twoRows[:1], Options{})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := r.WriteWorst(&b, r.Rows[0], 1); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(b.String(), "\x1b\u202e") {
		t.Errorf("%q", b.String())
	}
}

func TestCheck(t *testing.T) {
	r := Report{Dataset: "d", Rows: []Row{{Setting: Setting{Legs: Dense}, Means: map[string]float64{"ndcg@10": .7, "map": math.NaN()}}}}
	for bound, want := range map[string]string{
		"ndcg@10=0.70": "", "nDCG@10=0.701": "ndcg@10 is 0.7000, less than 0.701", "map=0": "map is NaN", "p@5=0": "was not measured",
	} {
		b, err := ParseBound(bound)
		if err != nil {
			t.Fatal(err)
		}
		err = r.Check([]Bound{b})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", bound, err, want)
		}
	}
	if (Report{}).Check([]Bound{{"map", 0}}) == nil {
		t.Error("a report without rows passes")
	}
	for _, s := range []string{"", "ndcg@10", "ndcg@10=", "ndcg@10=1.1", "ndcg@10=-1", "ndcg@10=NaN", "x=1"} {
		if _, err := ParseBound(s); err == nil {
			t.Errorf("ParseBound(%q) gives no error", s)
		}
	}
	m := AddTo([]Measure{{"map", 0}}, []Bound{{"map", 0}, {"p@5", 0}, {"balanced_accuracy", 1}})
	if diff := cmp.Diff([]Measure{{"map", 0}, {"p", 5}}, m); diff != "" {
		t.Errorf("AddTo (-want +got):\n%s", diff)
	}
}

func TestDocIDs(t *testing.T) {
	ids := docIDs{"a": true, "b.html": true, "x/y": true}
	for uri, want := range map[string]string{
		"a": "a", "file:///d/a.pdf": "a", "file:///d/b.html": "b.html", "x/y": "x/y", "z/y.txt": "z/y.txt", "": "",
	} {
		if got := ids.of(uri); got != want {
			t.Errorf("%q is %q, want %q", uri, got, want)
		}
	}
	d := sample()
	err := d.CountUnknown(func(yield func(string, error) bool) { yield("file:///d/a.pdf", nil) })
	if err != nil || d.UnknownDocs != 2 {
		t.Errorf("%d unknown documents, %v; want b and gone", d.UnknownDocs, err)
	}
}
