package retrieve

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func pets(t testing.TB) *corpus {
	c := testCorpus(t)
	c.add(t, "pets", "zero intro", "one ferret", "two hamster", "three parrot", "four goldfish", "five iguana", "six outro")
	c.add(t, "farm", "seven cow", "eight pig")
	return c
}

func TestExpand(t *testing.T) {
	c := pets(t)
	for _, tt := range []struct {
		name  string
		query Query
		want  []string
	}{
		{"alone", Query{Text: "hamster", Limit: 1}, []string{"two hamster"}},
		{"both neighbours", Query{Text: "hamster", Limit: 1, Expand: Neighbours}, []string{"one ferret\n\ntwo hamster\n\nthree parrot"}},
		{"first chunk", Query{Text: "intro", Limit: 1, Expand: Neighbours}, []string{"zero intro\n\none ferret"}},
		{"last chunk", Query{Text: "pig", Limit: 1, Expand: Neighbours}, []string{"seven cow\n\neight pig"}},
		{
			"two documents",
			Query{Text: "hamster hamster hamster pig", Limit: 2, Expand: Neighbours},
			[]string{"one ferret\n\ntwo hamster\n\nthree parrot", "seven cow\n\neight pig"},
		},
		{
			"neighbours meet",
			Query{Text: "ferret goldfish", Limit: 2, Expand: Neighbours},
			[]string{"zero intro\n\none ferret\n\ntwo hamster\n\nthree parrot\n\nfour goldfish\n\nfive iguana"},
		},
		{"one neighbour fits", Query{Text: "hamster", Limit: 1, Expand: Neighbours, MaxTokens: 4}, []string{"one ferret\n\ntwo hamster"}},
		{"hits before neighbours", Query{Text: "hamster pig", Limit: 2, Expand: Neighbours, MaxTokens: 5}, []string{"two hamster", "eight pig"}},
		{"budget without joining", Query{Text: "hamster pig", Limit: 2, MaxTokens: 3}, []string{"two hamster"}},
		{"too long, cut at a word", Query{Text: "hamster", Limit: 1, MaxTokens: 1}, []string{"two"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.query.Legs = Lexical
			r := c.search(t, tt.query)
			c.checkTexts(t, r)
			var got []string
			for _, p := range r.Passages {
				got = append(got, p.Text)
			}
			sortIfTied(got, tt.want)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// sortIfTied swaps two passages of equal score into the expected order.
func sortIfTied(got, want []string) {
	if len(got) == 2 && len(want) == 2 && got[0] == want[1] {
		got[0], got[1] = got[1], got[0]
	}
}

// A joined passage has the scores of its best chunk, and tokens of all.
func TestExpandKeepsTheBest(t *testing.T) {
	c := pets(t)
	plain := c.search(t, Query{Text: "ferret hamster hamster", Limit: 5})
	r := c.search(t, Query{Text: "ferret hamster hamster", Limit: 5, Expand: Neighbours})
	best := plain.Passages[0]
	got := r.Passages[0]
	if got.Score != best.Score || got.Dense != best.Dense || got.Lexical != best.Lexical || got.Tokens <= best.Tokens {
		t.Errorf("joined %+v, best chunk %+v", got, best)
	}
}

// A version that is pruned between two statements leaves the chunk as it is.
func TestExpandWithoutStoredText(t *testing.T) {
	c := pets(t)
	c.exec(t, `delete from document_text`)
	r := c.search(t, Query{Text: "hamster", Limit: 1, Expand: Neighbours, Legs: Lexical})
	if len(r.Passages) != 1 || r.Passages[0].Text != "two hamster" {
		t.Errorf("%+v", r.Passages)
	}
}

// Over random texts: passages are what is stored at their place, never share a
// byte, stay within budget, and come by descending score.
func TestExpandProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	c := randomCorpus(t, r, 30)
	c.exec(t, `update chunk set heading_path = case when ord < 2 then '{A}'::text[] else '{A,B}' end`)
	for range 60 {
		q := Query{Text: randomText(r, 5), Limit: 1 + r.IntN(20), Expand: Expansion(1 + r.IntN(2)), MaxTokens: r.IntN(600)}
		got := c.search(t, q)
		c.checkTexts(t, got)
		tokens, covered := 0, map[string]bool{}
		for i, p := range got.Passages {
			tokens += p.Tokens
			if i > 0 && p.Score > got.Passages[i-1].Score {
				t.Errorf("%+v: passage %d is out of order", q, i)
			}
			for b := p.Start; b < p.End; b++ {
				k := fmt.Sprint(p.DocumentID, b)
				if covered[k] {
					t.Fatalf("%+v: byte %s comes twice", q, k)
				}
				covered[k] = true
			}
		}
		if q.MaxTokens > 0 && tokens > q.MaxTokens {
			t.Errorf("%+v: %d tokens", q, tokens)
		}
	}
}

func TestShorten(t *testing.T) {
	c := testCorpus(t)
	c.add(t, "long", "Hamsters run. They run all night long.\n\nNobody knows why they do. Unless asked.")
	c.add(t, "word", strings.Repeat("x", 50))
	words := []struct {
		max  int
		want string
	}{
		{2, "Hamsters run."},
		{7, "Hamsters run. They run all night long."},
		{1, "Hamsters"},
		{12, "Hamsters run. They run all night long.\n\nNobody knows why they do."},
	}
	for _, tt := range words {
		r := c.search(t, Query{Text: "hamsters run", Legs: Lexical, MaxTokens: tt.max})
		c.checkTexts(t, r)
		if len(r.Passages) != 1 || r.Passages[0].Text != tt.want || r.Passages[0].Tokens > tt.max {
			t.Errorf("%d: %+v", tt.max, r.Passages)
		}
	}
	// A worse passage that fits does not stand in for the best.
	c.add(t, "short", "Run.")
	r := c.search(t, Query{Text: "hamsters run", Legs: Lexical, MaxTokens: 2})
	if want := []string{"The best passage is cut: 2 of its 14 tokens fit into max_tokens."}; len(r.Passages) != 1 || r.Passages[0].Text != "Hamsters run." || !slices.Equal(r.Notes, want) {
		t.Errorf("%+v, notes %q", r.Passages, r.Notes)
	}
	list := "Steps of it:\n\n1. Run on and on.\n2. Stop."
	if h, ok := shorten(found{Passage: Passage{Text: list}}, 4, hashed{64}.Tokens); !ok || h.Text != "Steps of it:" {
		t.Errorf("an item is cut after its number: %q", h.Text)
	}
	if _, ok := shorten(found{Passage: Passage{Text: "one"}}, 0, hashed{64}.Tokens); ok {
		t.Error("a word fits into nothing")
	}
}
