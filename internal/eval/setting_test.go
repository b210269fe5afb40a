package eval

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSettings(t *testing.T) {
	rows, err := Settings([]string{"dense", "lexical", "hybrid"}, []string{"dense_weight=0.3,0.5", "bm25_b=0.4,0.75"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range rows {
		got = append(got, r.String())
	}
	want := []string{
		"dense", "lexical bm25_b=0.4", "lexical bm25_b=0.75",
		"hybrid dense_weight=0.3 bm25_b=0.4", "hybrid dense_weight=0.3 bm25_b=0.75",
		"hybrid dense_weight=0.5 bm25_b=0.4", "hybrid dense_weight=0.5 bm25_b=0.75",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	rows, err = Settings([]string{"lexical", "hybrid"}, []string{"expand=none,section", "hyde=on"})
	if err != nil {
		t.Fatal(err)
	}
	got = nil
	for _, r := range rows {
		got = append(got, r.String())
	}
	want = []string{"lexical expand=none", "lexical expand=section", "hybrid expand=none hyde=on", "hybrid expand=section hyde=on"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	long := "dense_weight=" + strings.TrimSuffix(strings.Repeat("0.5,", 1001), ",")
	for _, set := range []string{"dense_weight", "alpha=1", "dense_weight=2", "dense_weight=NaN", "dense_weight=", "expand=all", "hyde=1", "paraphrases=6", long} {
		if _, err := Settings(nil, []string{set}); err == nil {
			t.Errorf("%.30q: no error", set)
		}
	}
	if _, err := Settings([]string{"sparse"}, nil); err == nil {
		t.Error("unknown legs: no error")
	}
}
