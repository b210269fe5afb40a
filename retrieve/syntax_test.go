package retrieve

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quarry-rag/quarry/retrieve/filter"
)

func TestQuerySyntax(t *testing.T) {
	c := testCorpus(t)
	c.add(t, "red", "The red panda eats bamboo.")
	c.add(t, "giant", "The giant panda eats bamboo and is not red.")
	c.add(t, "car", "The Panda is a small red car.")
	everywhere := filter.Compare{Field: "uri", Op: filter.Ne, Values: []any{"x"}}
	for _, tt := range []struct {
		query string
		want  []string
		notes int
	}{
		{"red panda", []string{"car", "giant", "red"}, 0},
		{`"red panda"`, []string{"red"}, 0},
		{`"red panda" bamboo car`, []string{"red"}, 0},
		{`+bamboo panda`, []string{"giant", "red"}, 0},
		{`panda -bamboo`, []string{"car"}, 0},
		{`panda -"red panda"`, []string{"car", "giant"}, 0},
		{`+panda +zebra`, nil, 0},
		{`"panda red"`, []string{"car", "giant", "red"}, 1},
		{`-panda`, nil, 0},
		{`"panda`, []string{"car", "giant", "red"}, 0},
	} {
		for _, legs := range []Legs{Lexical, Dense | Lexical} {
			for _, e := range []filter.Expr{nil, everywhere} {
				r := c.search(t, Query{Text: tt.query, Legs: legs, Filter: e})
				got := uris(r)
				slices.Sort(got)
				if diff := cmp.Diff(tt.want, got); diff != "" || len(r.Notes) != tt.notes {
					t.Errorf("%s, legs %d, filter %v: %s, notes %v", tt.query, legs, e, diff, r.Notes)
				}
			}
		}
	}
}

// The note of a phrase that was not found names what else had to be met, and
// each phrase once.
func TestNoteOfALoosenedPhrase(t *testing.T) {
	c := testCorpus(t)
	c.add(t, "red", "The red panda eats bamboo.")
	c.add(t, "giant", "The giant panda eats leaves.")
	r := c.search(t, Query{Text: `"red panda" "red panda" -bamboo eats`})
	want := []string{`Nothing that meets -bamboo has "red panda" as quoted, so the search is by the words.`}
	if diff := cmp.Diff(want, r.Notes); diff != "" {
		t.Error(diff)
	}
}

// A version number is found with and without its v.
func TestVersionWithoutV(t *testing.T) {
	c := testCorpus(t)
	c.add(t, "fix", "The parser was fixed in v1.4.2 at last.")
	for i := range 9 {
		c.add(t, fmt.Sprint("row", i), "Of these there are 1, 4 and 2.")
	}
	if got := uris(c.search(t, Query{Text: "1.4.2", Legs: Lexical})); len(got) == 0 || got[0] != "fix" {
		t.Errorf("%v, want fix first", got)
	}
}

// A required word that half the collection has is found with the rare ones, when
// few postings are read whole.
func TestRequiredInTwoStages(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 32))
	c := randomCorpus(t, r, 60)
	s := New(c.pool, c.model, Options{})
	s.postings = 1
	_, bm25, _ := c.reference(t, "waa")
	got, err := s.Search(t.Context(), Query{Text: "+waa waz wbz wzz wzy", Legs: Lexical, Limit: 1000}.in(c))
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Passages) != len(bm25) {
		t.Errorf("%d passages, %d chunks have the word", len(got.Passages), len(bm25))
	}
	for _, p := range got.Passages {
		if !strings.Contains(p.Text, "waa") {
			t.Errorf("%s lacks the word", p.Text)
		}
	}
}

func TestSpelling(t *testing.T) {
	c := testCorpus(t)
	c.add(t, "right", "Kubernetes schedules containers.", "Kubernetes again.")
	c.add(t, "other", "Containers hold cargo.")
	r := c.search(t, Query{Text: "kuberentes", Legs: Lexical, Explain: true})
	if diff := cmp.Diff([]string{"right", "right"}, uris(r)); diff != "" {
		t.Error(diff)
	}
	if len(r.Explanation) == 0 || r.Explanation[0].Terms[0].Term == "" || r.Coverage > 0.5 {
		t.Errorf("%+v", r)
	}
	both := c.search(t, Query{Text: "kuberentes containers", Legs: Lexical})
	if both.Passages[0].URI != "right" {
		t.Errorf("%v", uris(both))
	}
	if got := uris(c.search(t, Query{Text: "+kuberentes", Legs: Lexical})); got != nil {
		t.Errorf("required as written, found %v", got)
	}
}
