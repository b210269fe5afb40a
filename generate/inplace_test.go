package generate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/quarry-rag/quarry/internal/modeltest"
	"github.com/quarry-rag/quarry/retrieve"
	"github.com/quarry-rag/quarry/retrieve/embed"
)

// long is a passage of several windows: prose of n sentences, a table and a list.
func long(n int) retrieve.Passage {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "Bridge %d crosses the Daugava near Köln, naïvely measured at %d metres. ", i, i*37)
	}
	b.WriteString("\n\n| Type | Bytes |\n|---|---|\n| int8 | 1 |\n| complex128 | 16 |\n\nLoops:\n\n- with a condition\n- with a range\n")
	return retrieve.Passage{Text: b.String(), Title: "Bridges", HeadingPath: []string{"Bridges", "Rivers"}}
}

// Windows hold all of a passage, one after another, and the model reads each whole.
func TestWindows(t *testing.T) {
	model := modeltest.New(t)
	unbroken := retrieve.Passage{Text: strings.Repeat("quarry ", 1000), Title: strings.Repeat("a title over all bounds ", 100)}
	for _, p := range []retrieve.Passage{long(0), long(5), long(100), unbroken, {}} {
		r := read([]retrieve.Passage{p}, analyzerFor("en"), nil)
		at := 0
		windows := r.windows(0, model)
		for _, w := range windows {
			if w.from != at || w.to <= w.from && p.Text != "" {
				t.Errorf("a window from %d to %d after %d", w.from, w.to, at)
			}
			if n := model.Tokens(w.lead + p.Text[w.from:w.to]); n > model.Info().MaxTokens-2 && len(r.parts[0]) > 1 {
				t.Errorf("a window of %d tokens", n)
			}
			at = w.to
		}
		if at != len(p.Text) {
			t.Errorf("%d bytes of %d are read", at, len(p.Text))
		}
	}
}

// Each unit has just the tokens that its text has, though they were read among others.
func TestTokensInPlace(t *testing.T) {
	model, ok := embed.WithTokens(modeltest.New(t))
	if !ok {
		t.Fatal("the model gives no vectors of tokens")
	}
	r := read([]retrieve.Passage{long(3), long(60)}, analyzerFor("en"), nil)
	asked, passages, err := r.embedInPlace(t.Context(), model, "Which bridge?")
	if err != nil || len(asked.Each) != 3 {
		t.Fatalf("%d vectors of the question, %v", len(asked.Each), err)
	}
	for i, p := range r.passages {
		if want := model.Tokens(contextOf(p)); len(passages[i].lead) != want {
			t.Errorf("%d tokens place passage %d, want %d", len(passages[i].lead), i, want)
		}
		for _, u := range r.parts[i] {
			if got, want := len(passages[i].within(u.start, u.end)), model.Tokens(p.Text[u.start:u.end]); got != want {
				t.Errorf("%d tokens of %q, want %d", got, p.Text[u.start:u.end], want)
			}
			if got, want := len(passages[i].header(p.Text, u.unit)), model.Tokens(u.header); got != want {
				t.Errorf("%d tokens of the header %q of %q, want %d", got, u.header, p.Text[u.start:u.end], want)
			}
		}
	}
}

// What is found by meaning may stand anywhere in a passage that is too long for the
// model, and in a table; with and without vectors of tokens.
func TestLikeAnywhere(t *testing.T) {
	filler := strings.Repeat("Parking is free for all who come by bicycle, and the canteen opens at noon. ", 12)
	_, passages := library(filler + "Ada Moreau is the chief executive. " + filler + "\n\n| Name | Post |\n|---|---|\n| Bo Lind | gardener |\n| Cy Roth | physician |\n")
	model, ok := embed.WithTokens(modeltest.New(t))
	if !ok {
		t.Fatal("the model gives no vectors of tokens")
	}
	r := read(passages, analyzerFor("en"), nil)
	for question, want := range map[string]string{
		"Who runs the firm?":     "Ada Moreau is the chief executive.",
		"Who is the doctor here": "| Cy Roth | physician |",
	} {
		all := lexicalRank(question, r)
		inPlace, err := r.likeInPlace(t.Context(), model, question, slices.Clone(all))
		if err != nil {
			t.Fatal(err)
		}
		alone, err := r.likeAlone(t.Context(), model, question, all[:min(len(all), embedBest)])
		if err != nil {
			t.Fatal(err)
		}
		if len(inPlace) != len(all) {
			t.Errorf("%d units of %d were compared in place", len(inPlace), len(all))
		}
		for how, ranked := range map[string][]candidate{"in place": inPlace, "alone": alone} {
			best := slices.MaxFunc(ranked, func(a, b candidate) int { return cmp.Compare(a.score, b.score) })
			if best.text != want {
				t.Errorf("%s, %s: %q", question, how, best.text)
			}
		}
	}
}
