package retrieve

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/quarry-rag/quarry/retrieve/filter"
)

// Over random texts: parts sum to the score, the fused score follows from what is
// shown, ranks count on, and exactly what is returned is said to be.
func TestExplanation(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	c := randomCorpus(t, r, 30)
	for range 20 {
		q := Query{Text: randomText(r, 4), Limit: 5, Explain: true, MaxTokens: r.IntN(100), Expand: Expansion(r.IntN(3))}
		got := c.search(t, q)
		returned := 0
		var cosine, words float64
		for _, e := range got.Explanation {
			cosine, words = max(cosine, e.Dense.Score), max(words, e.Words)
		}
		for i, e := range got.Explanation {
			if want := 0.55*max(e.Dense.Score, 0)/cosine + 0.45*e.Words/words; math.Abs(e.Score-want) > 1e-9 || e.Words < e.Lexical.Score {
				t.Errorf("%q: %+v should score %v", q.Text, e, want)
			}
			var sum float64
			for _, p := range e.Terms {
				sum += p.Score
				if !strings.HasPrefix(p.Term, "w") || p.TF < 1 {
					t.Errorf("part %+v", p)
				}
			}
			if math.Abs(sum-e.Lexical.Score) > 1e-9 || e.Rank != i+1 || e.URI == "" || e.End <= e.Start {
				t.Errorf("%q: %+v has parts of %v", q.Text, e, sum)
			}
			if e.Fate == Returned {
				returned++
			}
		}
		if returned != len(got.Passages) || len(got.Explanation) < returned {
			t.Errorf("%+v: %d passages, %d returned of %d", q, len(got.Passages), returned, len(got.Explanation))
		}
	}
}

func TestExplanationShowsOnlyWhatMayBeRead(t *testing.T) {
	c := animals(t)
	c.exec(t, `update document set principals = '{ann}' where uri = 'dogs'`)
	for _, e := range c.search(t, Query{Text: "dogs bark", Explain: true}).Explanation {
		if e.URI == "dogs" {
			t.Errorf("%+v", e)
		}
	}
}

func TestExplainDocument(t *testing.T) {
	c := testCorpus(t)
	for i := range 130 {
		c.add(t, fmt.Sprint("bark", i), "dogs bark "+strings.Repeat("loud ", i%9))
	}
	c.add(t, "far", "zebra quagga okapi")
	c.add(t, "long", "dogs bark dogs bark dogs bark "+strings.Repeat("dogs ", 60))
	c.add(t, "secret", "dogs bark")
	c.exec(t, `update document set principals = '{ann}' where uri = 'secret'`)
	c.exec(t, `insert into document (collection_id, document_id, uri, state, content_hash, reason) values ($1, 1, 'new', 'pending', '', 'busy')`, c.id)
	isFar := filter.Compare{Field: "uri", Op: filter.Eq, Values: []any{"far"}}
	for _, tt := range []struct {
		name, uri string
		query     Query
		stage     string
		say       string
	}{
		{"found", "bark0", Query{Limit: 1000}, "", "is returned"},
		{"nowhere", "nope", Query{}, "unknown", "no document"},
		{"not permitted", "secret", Query{Principals: []string{"bo"}}, "unknown", "may read"},
		{"permitted", "secret", Query{Principals: []string{"ann"}, Limit: 1000}, "", ""},
		{"pending", "new", Query{}, "not ready", "busy"},
		{"filtered", "bark1", Query{Filter: isFar}, "filter", ""},
		{"deep", "far", Query{}, "legs", "none of the query's"},
		{"limit", "bark1", Query{Limit: 1}, "limit", "candidate"},
		{"budget", "long", Query{Limit: 1000, MaxTokens: 10}, "budget", "10 tokens"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.query.Text = "dogs bark"
			got, err := New(c.pool, c.model, Options{}).ExplainDocument(t.Context(), tt.query.in(c), tt.uri)
			if err != nil {
				t.Fatal(err)
			}
			if got.Stage != tt.stage || !strings.Contains(got.Reason, tt.say) || (got.Stage != "") != (got.Remedy != "") {
				t.Errorf("%+v", got)
			}
			if tt.stage == "legs" && (got.Best.Dense.Rank <= legDepth || got.Best.Lexical.Rank != 0) {
				t.Errorf("%+v", got.Best)
			}
		})
	}
}
