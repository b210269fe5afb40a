package retrieve

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func uris(r Result) []string {
	var out []string
	for _, p := range r.Passages {
		out = append(out, p.URI)
	}
	return out
}

func animals(t testing.TB) *corpus {
	c := testCorpus(t)
	c.add(t, "cats", "Cats sleep most of the day.", "Kittens play with string.", "A cat purrs when content.")
	c.add(t, "dogs", "Dogs bark at strangers.", "Puppies chew on shoes.")
	c.add(t, "code", "Call getUserById to load HTTP_404 pages from src/main.go since v1.4.2.")
	return c
}

func TestSearchPassage(t *testing.T) {
	c := animals(t)
	r := c.search(t, Query{Text: "When do dogs bark?", Limit: 1})
	c.checkTexts(t, r)
	if len(r.Passages) != 1 {
		t.Fatalf("%d passages", len(r.Passages))
	}
	p := r.Passages[0]
	if p.URI != "dogs" || p.Title != "dogs" || p.Version != 1 || p.Text != "Dogs bark at strangers." || p.Start != 8 ||
		p.Tokens != 4 || p.Score != 1 || p.Dense.Rank != 1 || p.Lexical.Rank != 1 {
		t.Errorf("passage %+v", p)
	}
	if diff := cmp.Diff([]string{"Top"}, p.HeadingPath); diff != "" {
		t.Error(diff)
	}
	if r.DensePlan != "exact" || len(r.Vector) != 64 || r.MinCoverage != 0.375 {
		t.Errorf("plan %q, vector of %d, threshold %v", r.DensePlan, len(r.Vector), r.MinCoverage)
	}
	var stages []string
	for _, s := range r.Stages {
		stages = append(stages, s.Name)
	}
	for _, want := range []string{"collection", "embed", "dense", "lexical", "fill", "fuse", "hydrate", "total"} {
		if !strings.Contains(strings.Join(stages, " "), want) {
			t.Errorf("no stage %s in %v", want, stages)
		}
	}
}

func TestOddQueries(t *testing.T) {
	c := animals(t)
	for _, tt := range []struct {
		name, text string
		want       []string // of the lexical leg
	}{
		{"stop words", "to be or not to be", nil},
		{"unknown word", "xylophone", nil},
		{"emoji", "🙂🙂", nil},
		{"sql", "'; drop table chunk; -- dogs", []string{"dogs"}},
		{"quotes", `"dogs" 'bark'`, []string{"dogs"}},
		{"unclosed quote", `"dogs`, []string{"dogs"}},
		{"only quotes", `""" " ''" “”`, nil},
		{"only signs", `+ - +- -+ "`, nil},
		{"signs and quotes that cross", `+"dogs -"cats" +`, []string{"dogs"}},
		{"brackets and operators", `((dogs AND) || NOT [[ && *:* ~^`, []string{"dogs"}},
		{"a wall of demands", strings.Repeat(`"dogs" `, 500), []string{"dogs"}},
		{"emoji among words", "🐕 dogs 🐕‍🦺", []string{"dogs"}},
		{"right to left", "\u202esgod dogs", []string{"dogs"}},
		{"null byte", "dogs\x00bark", []string{"dogs"}},
		{"broken utf8", "dogs \xff\xfe", []string{"dogs"}},
		{"ten thousand words", strings.Repeat("dogs ", 10000), []string{"dogs"}},
		{"identifier", "http_404", []string{"code"}},
		{"identifier in lower case", "getuserbyid", []string{"code"}},
		{"version", "v1.4.2", []string{"code"}},
		{"blank", " \n\t", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := c.search(t, Query{Text: tt.text, Legs: Lexical})
			if diff := cmp.Diff(tt.want, uris(r)); diff != "" {
				t.Error(diff)
			}
			both := c.search(t, Query{Text: tt.text})
			if len(both.Degraded) > 0 {
				t.Error(both.Degraded)
			}
			c.checkTexts(t, both)
		})
	}
}

// Ten thousand different words, most of them known: the rarest are looked up.
func TestManyTerms(t *testing.T) {
	c := testCorpus(t)
	var all []string
	for i := range 40 {
		words := make([]string, 50)
		for j := range words {
			words[j] = fmt.Sprintf("x%dq", i*50+j)
		}
		all = append(all, words...)
		c.add(t, fmt.Sprint("doc", i), strings.Join(words, " "))
	}
	r := c.search(t, Query{Text: strings.Join(all, " ") + randomText(rand.New(rand.NewPCG(1, 1)), 8000), Legs: Lexical, Limit: 5})
	if len(r.Passages) != 5 || len(r.Degraded) > 0 {
		t.Errorf("%d passages, degraded %v", len(r.Passages), r.Degraded)
	}
}

func TestSearchRefuses(t *testing.T) {
	c := animals(t)
	weight, nan := 1.5, math.NaN()
	for _, tt := range []struct {
		name  string
		query Query
		want  error
	}{
		{"unknown collection", Query{Collection: "nope", Text: "x"}, ErrUnknownCollection},
		{"null in the name", Query{Collection: "do\x00cs", Text: "x"}, ErrUnknownCollection},
		{"broken name", Query{Collection: "do\xffcs", Text: "x"}, ErrUnknownCollection},
		{"limit", Query{Collection: "docs", Text: "x", Limit: 1001}, nil},
		{"negative limit", Query{Collection: "docs", Text: "x", Limit: -1}, nil},
		{"tokens", Query{Collection: "docs", Text: "x", MaxTokens: -1}, nil},
		{"weight", Query{Collection: "docs", Text: "x", DenseWeight: &weight}, nil},
		{"weight NaN", Query{Collection: "docs", Text: "x", DenseWeight: &nan}, nil},
		{"diversity", Query{Collection: "docs", Text: "x", Diversity: -0.1}, nil},
		{"diversity NaN", Query{Collection: "docs", Text: "x", Diversity: nan}, nil},
	} {
		_, err := New(c.pool, c.model, Options{}).Search(t.Context(), tt.query)
		if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func TestModelMismatch(t *testing.T) {
	c := animals(t)
	s := New(c.pool, hashed{32}, Options{})
	_, err := s.Search(t.Context(), Query{Text: "dogs"}.in(c))
	if !errors.Is(err, ErrModelMismatch) || !strings.Contains(err.Error(), "hashed/64") || !strings.Contains(err.Error(), "hashed/32") {
		t.Errorf("error %v does not name both models", err)
	}
	r, err := s.Search(t.Context(), Query{Text: "dogs", Legs: Lexical}.in(c))
	if err != nil || len(r.Passages) != 1 {
		t.Errorf("words need no model: %v, %v", r.Passages, err)
	}
}

func TestSettings(t *testing.T) {
	pool := fixedPlans(t)
	c := newCorpus(t, pool, hashed{64}, "german", `{"language": "de", "min_score": 0.2, "dense_weight": 0, "chunk_tokens": 9}`)
	c.language = "de"
	c.add(t, "haus", "Die Häuser der Stadt")
	c.add(t, "baum", "Bäume im Wald")
	r := c.search(t, Query{Text: "Welches Haus?"})
	if r.MinCoverage != 0.2 || r.Passages[0].URI != "haus" || r.Passages[0].Score != 1 || r.Passages[1].Score != 0 {
		t.Errorf("%+v", r)
	}
}

// What is added, replaced or removed is seen by the very next search.
func TestSearchSeesChangesAtOnce(t *testing.T) {
	c := testCorpus(t)
	s := New(c.pool, c.model, Options{})
	find := func() []string {
		t.Helper()
		r, err := s.Search(t.Context(), Query{Text: "dogs"}.in(c))
		if err != nil {
			t.Fatal(err)
		}
		return uris(r)
	}
	if got := find(); got != nil {
		t.Errorf("empty collection: %v", got)
	}
	document := c.add(t, "dogs", "Dogs bark.")
	if diff := cmp.Diff([]string{"dogs"}, find()); diff != "" {
		t.Error(diff)
	}
	c.exec(t, `delete from document where document_id = $1`, document)
	if got := find(); got != nil {
		t.Errorf("document gone, postings and vectors left: %v", got)
	}
	c.exec(t, `delete from collection where collection_id = $1`, c.id)
	if _, err := s.Search(t.Context(), Query{Text: "dogs"}.in(c)); !errors.Is(err, ErrUnknownCollection) {
		t.Errorf("deleted collection: %v", err)
	}
}

// When the best chunks vanish between the legs and the reading of their text,
// the next best take their place.
func TestVanishedChunksAreReplaced(t *testing.T) {
	c := testCorpus(t)
	for i := range 8 {
		c.add(t, fmt.Sprint("doc", i), "dogs bark "+strings.Repeat("and cats purr ", i))
	}
	best := c.search(t, Query{Text: "dogs bark", Limit: 3})
	c.exec(t, `delete from chunk where document_id = any($1)`, []int64{best.Passages[0].DocumentID, best.Passages[2].DocumentID})
	r := c.search(t, Query{Text: "dogs bark", Limit: 3})
	if len(r.Passages) != 3 || r.Passages[0].URI != best.Passages[1].URI {
		t.Errorf("%v after %v", uris(r), uris(best))
	}
}

func TestCollectionsAreApart(t *testing.T) {
	c := animals(t)
	other := newCorpus(t, c.pool, c.model, "other", `{}`)
	other.add(t, "secret", "Dogs bark at strangers.")
	for _, legs := range []Legs{0, Dense, Lexical} {
		for _, p := range c.search(t, Query{Text: "dogs bark at strangers", Legs: legs}).Passages {
			if p.CollectionID != c.id {
				t.Errorf("passage of another collection: %s", p.URI)
			}
		}
	}
}

func TestBytes(t *testing.T) {
	c := animals(t)
	s := New(c.pool, c.model, Options{})
	p := c.search(t, Query{Text: "dogs bark", Limit: 1}).Passages[0]
	if b, err := s.Bytes(t.Context(), p, p.Start+5, p.Start+9); err != nil || string(b) != "bark" {
		t.Errorf("%q, %v", b, err)
	}
	for _, r := range [][2]int{{-1, 3}, {5, 4}, {0, 1 << 30}, {1 << 40, 1<<40 + 1}} {
		if _, err := s.Bytes(t.Context(), p, r[0], r[1]); err == nil || errors.Is(err, ErrGone) {
			t.Errorf("range %v: %v", r, err)
		}
	}
	p.Version = 7
	if _, err := s.Bytes(t.Context(), p, 0, 1); !errors.Is(err, ErrGone) {
		t.Errorf("pruned version: %v", err)
	}
}
