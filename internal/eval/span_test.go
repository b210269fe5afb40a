package eval

import (
	"math"
	"testing"
)

func TestSharedPart(t *testing.T) {
	for _, c := range []struct {
		quote, passage string
		from, to       int
	}{
		{"abc def", "xx abc def yy", 0, 7},
		{"abc def", "xx abc", 0, 3},
		{"abc def", "def yy", 4, 7},
		{"abc def ghi", "c d", 2, 5},
		{"abc", "xyz", 0, 0},
		{"abc", "", 0, 0},
		{"aab", "xaa", 0, 2},
		{"aaa", "aa", 0, 2},
		{"abab", "bab ab", 1, 4},
	} {
		if from, to := sharedPart(c.quote, c.passage); from != c.from || to != c.to {
			t.Errorf("sharedPart(%q, %q) = %d, %d, want %d, %d", c.quote, c.passage, from, to, c.from, c.to)
		}
	}
}

// FuzzSharedPart holds the border search against trying every length.
func FuzzSharedPart(f *testing.F) {
	f.Add("abc def", "xx abc")
	f.Add("aabaab", "baabaa")
	f.Fuzz(func(t *testing.T, quote, passage string) {
		if len(quote) > 200 || len(passage) > 200 {
			return
		}
		want := 0
		for n := range min(len(quote), len(passage)) + 1 {
			if quote[:n] == passage[len(passage)-n:] {
				want = n
			}
		}
		if got := border(quote, passage); got != want {
			t.Errorf("border(%q, %q) = %d, want %d", quote, passage, got, want)
		}
		from, to := sharedPart(quote, passage)
		if from < 0 || to < from || to > len(quote) {
			t.Errorf("sharedPart(%q, %q) = %d, %d", quote, passage, from, to)
		}
	})
}

// The document is 100 bytes; the quotes are [10, 30) and [50, 60).
func TestOverlapAsChunkingEvaluation(t *testing.T) {
	expected := []Expected{
		{Document: "d", Quote: Quote{Start: 10, End: 30}},
		{Document: "d", Quote: Quote{Start: 50, End: 60}},
	}
	passages := []Passage{
		{URI: "d", Start: 0, End: 20},  // half of the first
		{URI: "x", Start: 0, End: 40},  // another document
		{URI: "d", Start: 11, End: 61}, // 19/20 of the first, all of the second
		{URI: "d", Start: 0, End: 100}, // repeats
	}
	j := judgePassages(expected, docIDs{"d": true}, passages)
	want := []Overlap{{30, 10, 20}, {30, 10, 60}, {30, 30, 110}, {30, 30, 210}}
	for i, o := range j.Overlaps {
		if o != want[i] {
			t.Errorf("after %d passages: %+v, want %+v", i+1, o, want[i])
		}
	}
	if len(j.Hits) != 2 || j.Hits[0] != (Hit{3, 1}) || j.Hits[1] != (Hit{3, 1}) {
		t.Errorf("hits = %v, want both quotes at rank 3", j.Hits)
	}
	for name, want := range map[string]float64{
		"quote_recall@1": 10. / 30, "quote_precision@1": 10. / 20, "quote_iou@1": 10. / 40,
		"quote_recall@3": 1, "quote_precision@3": 30. / 110, "quote_iou@3": 30. / 110,
		"quote_iou@100": 30. / 210, "recall@2": 0, "recall@3": 1, "mrr@10": 1. / 3,
	} {
		m, err := ParseMeasure(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Of(j); math.Abs(got-want) > 1e-12 {
			t.Errorf("%s = %v, want %v", name, got, want)
		}
	}
}

func TestQuoteByTextIgnoresWhiteSpace(t *testing.T) {
	expected := []Expected{{Quote: Quote{Text: "the quick  brown\nfox jumps over the dog"}}}
	for text, found := range map[string]bool{
		"see: the quick brown fox\n\tjumps over the dog.": true,
		"he quick brown fox jumps over the dog":           true, // one letter of 38 is lost
		"fox jumps over the dog and more":                 false,
		"":                                                false,
	} {
		j := judgePassages(expected, docIDs{}, []Passage{{URI: "any", Text: text}})
		if got := len(j.Hits) == 1; got != found {
			t.Errorf("%q: found = %v, want %v", text, got, found)
		}
	}
}

// Two chunks that each hold half of a quote cover it, but neither finds it.
func TestQuoteAcrossChunksIsCoveredNotFound(t *testing.T) {
	j := judgePassages([]Expected{{Document: "d", Quote: Quote{Start: 0, End: 10}}}, docIDs{"d": true},
		[]Passage{{URI: "d", Start: 0, End: 5}, {URI: "d", Start: 5, End: 10}})
	if len(j.Hits) != 0 || j.Overlaps[1].Recall() != 1 {
		t.Errorf("hits %v, recall %v, want none and 1", j.Hits, j.Overlaps[1].Recall())
	}
}

func TestSectionIsFoundByHeading(t *testing.T) {
	expected := []Expected{{Document: "spec.html", Section: "Select statements"}}
	ids := newDocIDs(Dataset{Queries: []Query{{Expected: expected}}})
	j := judgePassages(expected, ids, []Passage{
		{URI: "file:///doc/other.html", HeadingPath: []string{"Select statements"}},
		{URI: "file:///doc/spec.html", HeadingPath: []string{"Statements"}},
		{URI: "file:///doc/spec.html", HeadingPath: []string{"Statements", "Select  statements"}},
		{URI: "file:///doc/spec.html", HeadingPath: []string{"Statements", "Select statements"}},
	})
	if len(j.Hits) != 1 || j.Hits[0].Rank != 3 {
		t.Errorf("hits = %v, want one at rank 3", j.Hits)
	}
}
