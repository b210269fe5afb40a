package generate

import (
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quarry-rag/quarry/retrieve"
)

func citerOver(src Source, passages []retrieve.Passage, question string) *citer {
	a := analyzerFor("en")
	return &citer{source: src, reading: read(passages, a, nil), question: a.Query(question), refusal: Refusal}
}

// cited runs deltas through a citer; each citation is written where it came.
func cited(t *testing.T, c *citer, deltas ...string) string {
	t.Helper()
	var b strings.Builder
	write := func(events []Event, err error) {
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			switch e := e.(type) {
			case Delta:
				b.WriteString(e.Text)
			case Citation:
				fmt.Fprintf(&b, "{%d:%s}", e.Passage, e.Quote)
			}
		}
	}
	for _, d := range deltas {
		write(c.push(t.Context(), d))
	}
	write(c.end(t.Context()))
	return b.String()
}

func TestCite(t *testing.T) {
	src, passages := library(
		"Go was designed at Google in 2007. It was announced in November 2009. Version 1.0 came in March 2012.",
		"A goroutine is a lightweight thread. The runtime multiplexes goroutines onto threads.\n\nKinds:\n\n- buffered channels\n- unbuffered channels",
		"Rust has no garbage collector.",
	)
	src[3] = "  Rust has a garbage collector." // changed since it was found
	for _, c := range []struct {
		name, answer, want string
		removed            int
	}{
		{"after the full stop", "Go was announced in 2009. [1]", "Go was announced in 2009. [1]{1:It was announced in November 2009.}", 0},
		{"before it, and glued", "It was designed at Google[1].", "It was designed at Google[1]{1:Go was designed at Google in 2007.}.", 0},
		{"two passages", "Goroutines are threads of Google [2, 1].", "Goroutines are threads of Google [2, 1]{2:A goroutine is a lightweight thread.}{1:Go was designed at Google in 2007.}.", 0},
		{
			"its own part of the sentence", "Go was designed by Google [1], and version 1.0 came in 2012 [1].",
			"Go was designed by Google [1]{1:Go was designed at Google in 2007.}, and version 1.0 came in 2012 [1]{1:Version 1.0 came in March 2012.}.", 0,
		},
		{
			"two neighbours", "Designed at Google in 2007 and announced in November 2009 [1]",
			"Designed at Google in 2007 and announced in November 2009 [1]{1:Go was designed at Google in 2007. It was announced in November 2009.}", 0,
		},
		{"a list", "Kinds are buffered and unbuffered channels [2]", "Kinds are buffered and unbuffered channels [2]{2:Kinds:\n\n- buffered channels\n- unbuffered channels}", 0},
		{"nowhere", "It was announced [9][1] in 2009 [0, 4].", "It was announced[1]{1:It was announced in November 2009.} in 2009.", 3},
		{"partly nowhere", "A goroutine is a thread [2; 9].", "A goroutine is a thread [2]{2:A goroutine is a lightweight thread.}.", 1},
		{"nothing shared", "Bananas ripen quickly [1].", "Bananas ripen quickly.", 1},
		{"changed in the store", "Rust has no garbage collector [3].", "Rust has no garbage collector.", 1},
		{"no words: the question", "[1]", "[1]{1:Go was designed at Google in 2007.}", 0},
		{"the refusal", Refusal + " [1]", Refusal, 1},
		{"code", "Use `a[1]`:\n```go\nvar x [1]int // [1]\n```", "Use `a[1]`:\n```go\nvar x [1]int // [1]\n```", 0},
	} {
		ct := citerOver(src, passages, "Where was Go designed?")
		if got := cited(t, ct, c.answer); got != c.want || ct.removed != c.removed {
			t.Errorf("%s: removed %d\ngot  %q\nwant %q", c.name, ct.removed, got, c.want)
		}
	}
}

// A source that fails proves nothing: the text goes on without the citation.
func TestCiteWithoutSource(t *testing.T) {
	_, passages := library("Go was announced in 2009.")
	c := citerOver(texts{}, passages, "?")
	if got := cited(t, c, "Announced in 2009 [1]."); got != "Announced in 2009." || c.removed != 1 || c.failed == nil {
		t.Errorf("%q, removed %d, %v", got, c.removed, c.failed)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.push(ctx, "2009 [1]. "); err != context.Canceled {
		t.Errorf("a cancelled context gives %v", err)
	}
}

// Ten thousand answers of random text, markers, code and cuts: the cut changes
// nothing, every citation is proved, and no marker that points nowhere is left.
func TestCiteAnything(t *testing.T) {
	src, passages := library("Alpha beta gamma. Delta epsilon.\n\n```\nzeta[1]\n```", "Eta theta [7] iota.", "Kappa lambda.")
	src[3] = "  Kappa mu........"
	a := analyzerFor("en")
	shared := read(passages, a, nil)
	parts := []string{"alpha ", "delta", " eta theta", "kappa ", ". ", "\n", "\n\n", "[1]", " [2]", "[3]", "[9]", "[1, 9]", "[2][1]", "[", "]", "`", "```\n", "a[1]", "é", "[1]int ", Refusal}
	random := rand.New(rand.NewPCG(3, 4))
	marker := regexp.MustCompile(`\[(3|9)\]`)
	for range 10_000 {
		var b strings.Builder
		for range random.IntN(16) {
			b.WriteString(parts[random.IntN(len(parts))])
		}
		text := b.String()
		run := func(deltas ...string) string {
			return cited(t, &citer{source: src, reading: shared, question: []string{"alpha"}, refusal: Refusal}, deltas...)
		}
		want := run(text)
		n, m := random.IntN(len(text)+1), random.IntN(len(text)+1)
		if got := run(text[:min(n, m)], text[min(n, m):max(n, m)], text[max(n, m):]); got != want {
			t.Fatalf("%q cut at %d, %d:\n%s", text, n, m, cmp.Diff(want, got))
		}
		if !strings.Contains(text, "`") && !strings.Contains(text, "]a") && !strings.Contains(text, "][") && !strings.Contains(text, "]]") && marker.MatchString(strings.ReplaceAll(want, "a[1]", "")) && !leftAlone(text) {
			t.Fatalf("%q left a marker in %q", text, want)
		}
	}
}

// leftAlone: a shape of marker that is none by the rules.
func leftAlone(text string) bool {
	return regexp.MustCompile(`\](\[|[a-zA-Z0-9_(])|(^|[^a-zA-Z])[a-z]\[`).MatchString(text)
}
