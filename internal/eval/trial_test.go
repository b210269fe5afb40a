package eval

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "github.com/quarry-rag/quarry/proto/quarry/v1"
)

const answered5 = `{"question": "q1", "document": "spec", "section": "Select statements"}
{"question": "q2", "quote": "a data race is a write to a memory location"}
{"question": "q3", "document": "spec"}
{"question": "q4", "absent": true}
{"question": "q5", "absent": true}
`

// replies are what a model answers: right, half right, wrong, failed.
func replies(_ context.Context, question string, set TrialSetting) (Given, error) {
	cite := func(uri, text string, path ...string) []Passage {
		return []Passage{{URI: uri, Text: text, HeadingPath: path}}
	}
	if set.Model == "down" {
		return Given{}, status.Error(codes.FailedPrecondition, `model "down" failed: unauthorized`)
	}
	g := map[string]Given{
		"q1": {Verdict: pb.Verdict_VERDICT_ANSWERED, Citations: cite("file:///doc/spec.html", "x", "Statements", "select  statements"), Supported: 2, Sentences: 2},
		"q2": {Verdict: pb.Verdict_VERDICT_PARTIAL, Citations: cite("mem.html", "It says: a data race is a write to a memory location, and so on."), Supported: 1, Sentences: 2},
		"q3": {Verdict: pb.Verdict_VERDICT_ANSWERED, Citations: cite("other.html", "x")},
		"q4": {Verdict: pb.Verdict_VERDICT_NOT_IN_DOCUMENTS},
		"q5": {Verdict: pb.Verdict_VERDICT_ANSWERED},
	}[question]
	g.Latency, g.Cost, g.CostKnown = 2*time.Second, .001, true
	return g, nil
}

func goldenFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "golden.jsonl")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRunTrial(t *testing.T) {
	d, err := ReadGolden(goldenFile(t, answered5))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := RunTrial(t.Context(), d, []TrialSetting{{Prompt: "a@1"}, {Model: "down"}}, 2, replies)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{"verdict": 3. / 5, "answered": 2. / 3, "cited": 2. / 3, "refused": .5, "support": .75}
	if d := cmp.Diff(want, rows[0].Means, cmpopts.EquateApprox(0, 1e-9)); d != "" {
		t.Error(d)
	}
	if r := rows[0]; r.Cost < .00499 || r.Cost > .00501 || r.Unpriced != 0 || r.P50 != 2*time.Second || r.Failed != 0 {
		t.Errorf("%+v", r)
	}
	none := map[string]float64{"verdict": 0, "answered": 0, "cited": 0, "refused": 0}
	if d := cmp.Diff(none, rows[1].Means); d != "" || rows[1].Failed != 5 || rows[1].cost() != "unknown" {
		t.Error(d, rows[1])
	}
	var b bytes.Buffer
	if err := WriteTrial(&b, d, rows); err != nil || !strings.Contains(b.String(), "0.600") || !strings.Contains(b.String(), "unauthorized") {
		t.Errorf("%v\n%s", err, b.String())
	}
}

// A gate holds what is under its bound, and what was not measured.
func TestTrialGate(t *testing.T) {
	rows := []TrialRow{{Setting: TrialSetting{Prompt: "a@1"}, Means: map[string]float64{"answered": .9}}}
	for text, ok := range map[string]bool{"answered=0.9": true, " answered = 0.5": true, "answered=0.91": false, "support=0": false} {
		b, err := ParseTrialBound(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := CheckTrial(rows, []Bound{b}); (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{"", "answered", "answered=2", "answered=x", "answered=NaN", "ndcg@10=0.5"} {
		if b, err := ParseTrialBound(text); err == nil {
			t.Errorf("%q is %v", text, b)
		}
	}
}

// What would fail for every question ends the run at once.
func TestRunTrialEndsEarly(t *testing.T) {
	d, err := ReadGolden(goldenFile(t, answered5))
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range []codes.Code{codes.NotFound, codes.InvalidArgument, codes.Unavailable} {
		_, err := RunTrial(t.Context(), d, []TrialSetting{{}}, 1, func(context.Context, string, TrialSetting) (Given, error) {
			return Given{}, status.Error(code, "no")
		})
		if status.Code(err) != code {
			t.Errorf("%v: %v", code, err)
		}
	}
}
