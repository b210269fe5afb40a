package retrieve

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quarry-rag/quarry/retrieve/filter"
)

// Every way for a candidate to end is named. Fates are by the first word of a
// chunk.
func TestFates(t *testing.T) {
	c := testCorpus(t)
	c.add(t, "a", "one dogs bark bark bark", "two dogs")
	c.add(t, "b", "three dogs bark bark and more words of their own")
	c.add(t, "c", "THREE dogs bark bark and more words of their own")
	c.add(t, "d", "five dogs bark loud")
	c.add(t, "e", "six cats bark")
	backwards := rerankFunc(func(_ context.Context, _ string, texts []string) ([]float64, error) {
		out := make([]float64, len(texts))
		for i, text := range texts {
			if strings.Contains(text, "six") {
				out[i] = 1
			}
		}
		return out, nil
	})
	for _, tt := range []struct {
		name  string
		o     Options
		query Query
		want  map[string]Fate
	}{
		{"limit", Options{}, Query{Text: "dogs bark", Limit: 1}, map[string]Fate{"one": Returned, "three": CutLimit, "six": CutLimit}},
		{"budget", Options{}, Query{Text: "dogs bark", MaxTokens: 6}, map[string]Fate{"one": Returned, "three": CutBudget}},
		{"merged", Options{}, Query{Text: "dogs bark", Expand: Neighbours}, map[string]Fate{"one": Returned, "two": Merged}},
		{"merged by growth", Options{}, Query{Text: "dogs bark", Limit: 1, Expand: Section}, map[string]Fate{"one": Returned, "two": Merged, "five": CutLimit}},
		{"duplicate", Options{}, Query{Text: "dogs bark words own", Dedupe: true}, map[string]Fate{"one": Returned, "five": Returned}},
		{"diversity", Options{}, Query{Text: "dogs bark words own", Limit: 2, Diversity: 1}, map[string]Fate{"six": Returned}},
		{"rerank", Options{Reranker: backwards}, Query{Text: "dogs bark", Limit: 1}, map[string]Fate{"six": Returned, "one": CutRerank, "five": CutLimit}},
		{"undemanded", Options{}, Query{Text: `bark -loud "dogs bark"`, Legs: Dense}, map[string]Fate{"one": Returned, "five": Undemanded, "two": Undemanded}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.query.Explain = true
			if tt.query.Legs == 0 {
				tt.query.Legs = Lexical
			}
			r, err := New(c.pool, c.model, tt.o).Search(t.Context(), tt.query.in(c))
			if err != nil {
				t.Fatal(err)
			}
			got, every := map[string]Fate{}, map[Fate]int{}
			for _, e := range r.Explanation {
				got[c.firstWord(e.chunk)] = e.Fate
				every[e.Fate]++
				if (e.Fate == Undemanded) != (e.Lacks != "") || (e.Rank == 0) != (e.Fate == Undemanded) {
					t.Errorf("%+v", e)
				}
				if e.Fate == CutRerank && (e.FusedRank != 1 || e.Rank == 1 || e.Rerank != 0) {
					t.Errorf("%+v", e)
				}
			}
			for word, fate := range tt.want {
				if got[word] != fate {
					t.Errorf("%s: %q, want %q; all: %v", word, got[word], fate, got)
				}
			}
			switch {
			case tt.query.Dedupe && every[Duplicate] != 1, tt.query.Diversity > 0 && every[Undiverse] != 1:
				t.Errorf("%v", got)
			}
			if every[Returned] != len(r.Passages) {
				t.Errorf("%d passages, %v", len(r.Passages), got)
			}
		})
	}
}

func (c *corpus) firstWord(chunk int64) string {
	for _, s := range c.chunks {
		if s.id == chunk {
			return strings.Fields(s.text)[0]
		}
	}
	return ""
}

// What a caller may not read looks like what is not there, word for word.
func TestExplainDocumentDoesNotLeak(t *testing.T) {
	c := animals(t)
	c.add(t, "secret", "Dogs bark in secret.")
	c.exec(t, `update document set principals = '{ann}' where uri = 'secret'`)
	c.exec(t, `insert into document (collection_id, document_id, uri, state, content_hash, reason, principals) values ($1, 1, 'broken', 'failed', '', 'password', '{ann}')`, c.id)
	other := newCorpus(t, c.pool, c.model, "other", `{}`)
	other.add(t, "elsewhere", "Dogs bark elsewhere.")
	s := New(c.pool, c.model, Options{})
	ask := func(uri string) Loss {
		loss, err := s.ExplainDocument(t.Context(), Query{Text: "dogs bark", Principals: []string{"bo"}}.in(c), uri)
		if err != nil {
			t.Fatal(err)
		}
		return loss
	}
	nothing := ask("nowhere")
	if nothing.Stage != "unknown" || nothing.Best != nil {
		t.Errorf("%+v", nothing)
	}
	for _, uri := range []string{"secret", "broken", "elsewhere"} {
		if diff := cmp.Diff(nothing, ask(uri)); diff != "" {
			t.Errorf("%s:\n%s", uri, diff)
		}
	}
}

// An explanation says that the search was not whole.
func TestExplainDocumentSaysWhatFailed(t *testing.T) {
	c := animals(t)
	s := New(c.pool, broken{hashed: hashed{64}}, Options{})
	loss, err := s.ExplainDocument(t.Context(), Query{Text: "dogs", Unrestricted: true}.in(c), "dogs")
	if err != nil || !strings.HasSuffix(loss.Reason, "The embedding model failed, so the search is by words only.") {
		t.Errorf("%+v, %v", loss, err)
	}
}

func TestExplainDocumentNamesWhy(t *testing.T) {
	c := animals(t)
	c.exec(t, `update document set metadata = '{"year": 2020}'`)
	year := filter.Compare{Field: "year", Op: filter.Ge, Values: []any{2023.0}}
	here := filter.Compare{Field: "uri", Op: filter.In, Values: []any{"dogs", "code"}}
	for _, tt := range []struct {
		name, uri, text string
		query           Query
		stage, reason   string
	}{
		{"one comparison", "dogs", "dogs", Query{Filter: year}, "filter", "The filter is false of the document: year >= 2023."},
		{"one of two", "dogs", "dogs", Query{Filter: filter.And{here, year}}, "filter", "year >= 2023"},
		{"the other of two", "cats", "dogs", Query{Filter: filter.And{here, year}}, "filter", "uri in dogs, code"},
		{"another form", "cats", "dogs", Query{Filter: filter.Not{Expr: filter.Compare{Field: "uri", Op: filter.Exists}}}, "filter", "false of the document."},
		{"lacks a phrase", "cats", `"bark at" strangers`, Query{}, "undemanded", `It lacks what the query requires: "bark at"`},
		{"lacks a word", "cats", `+strangers`, Query{Legs: Lexical}, "undemanded", "requires: +strangers"},
		{"has what is excluded", "dogs", `bark -shoes -strangers`, Query{}, "undemanded", "It has what the query excludes: -"},
		{"no words", "dogs", "the of", Query{Legs: Lexical}, "legs", "nothing to look for"},
		{"none of the words", "cats", "strangers", Query{Legs: Lexical}, "legs", "in no place by words"},
		{"diversity", "dogs", "puppies cats kittens", Query{Legs: Lexical, Limit: 1}, "limit", "is candidate"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.query.Text, tt.query.Unrestricted = tt.text, true
			loss, err := New(c.pool, c.model, Options{}).ExplainDocument(t.Context(), tt.query.in(c), tt.uri)
			if err != nil {
				t.Fatal(err)
			}
			if loss.Stage != tt.stage || !strings.Contains(loss.Reason, tt.reason) || loss.Remedy == "" {
				t.Errorf("%+v", loss)
			}
		})
	}
}
