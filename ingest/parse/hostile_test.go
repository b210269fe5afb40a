package parse

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

// shapes are what makes parsers of these formats slow, deep or large.
var shapes = map[string][]string{
	"text/plain": {"a", "a\n", "a\n\n", "a\n=\n\n", "===\n", "\f", "   ", "a. "},
	"text/markdown": {
		"> ", "- ", "* * ", "1. ", "- a\n", "- \n\n", "> a\n\n", "[", "![](", "[a]: b\n", "``a`", "*a ", "<", "<a\n", "<!--",
		"<div>\n", "# a\n", "a\n---\n", "=\n", "|a", "|a|b|\n|-|-|\n", "|-", "a\n|", "```\n", "\t", "    a\n", "\\", "]: ",
	},
	"text/html": {
		"a</x>", "<", "</", "&", "<!--", "<b id=1>", "<p><b id=1></p>", "<table>", "<table></div>", "<td>", "<tr><td>a",
		"<table><tr><td>a</table>", "<ul></div>", "<ul><li>", "<li>a", "<menu>", "<dl><dt>a<dd>", "<dd>", "<pre>a", "<br>",
		"<sup>2", "<script>", "<title>", "<textarea>", "<svg>", "<nav>", "<p a", "<a b='", "<plaintext>", "<td><ul><li>x",
	},
}

// Time must be linear in the body: if it is not, these take minutes.
func TestHostileShapes(t *testing.T) {
	const size = 1 << 20
	for mediaType, units := range shapes {
		for _, unit := range units {
			parseWithin(t, mediaType, unit, strings.Repeat(unit, size/len(unit)))
		}
	}
	wide := strings.Repeat("|a", size/8) + "\n" + strings.Repeat("|-", size/8) + "\n" + strings.Repeat("x\n", size/4)
	parseWithin(t, "text/markdown", "wide table", wide)
	var stairs strings.Builder
	for i := 0; stairs.Len() < size; i++ {
		stairs.WriteString(strings.Repeat("  ", i) + "- a\n")
	}
	parseWithin(t, "text/markdown", "stairs", stairs.String())
	parseWithin(t, "text/markdown", "blank lines in deep quotes", strings.Repeat("> ", 1000)+"a\n"+strings.Repeat(">\n\n", size/3))
	parseWithin(t, "text/html", "open formatting", strings.Repeat("<p><b id=1></p>", 500)+strings.Repeat("<p>x", size/4))
}

func parseWithin(t *testing.T, mediaType, name, body string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	p, err := Parse(ctx, mediaType, []byte(body))
	switch {
	case err == nil:
		check(t, p)
	case !errors.As(err, new(*Error)):
		t.Errorf("%s of %q: %v", mediaType, name, err)
	}
	if len(p.Blocks) > maxBlocks {
		t.Errorf("%s of %q: %d blocks", mediaType, name, len(p.Blocks))
	}
}

func TestBlocksAreBounded(t *testing.T) {
	p, err := Parse(t.Context(), "text/plain", []byte(strings.Repeat("a\n\n", maxBlocks+10)+"end"))
	if err != nil {
		t.Fatal(err)
	}
	check(t, p)
	last := p.Blocks[len(p.Blocks)-1]
	if len(p.Blocks) != maxBlocks || p.Text[last.Start:last.End] != strings.Repeat("a\n\n", 11)+"end" {
		t.Errorf("%d blocks, the last of %d bytes", len(p.Blocks), last.End-last.Start)
	}
}

func TestParseStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for mediaType := range shapes {
		if _, err := Parse(ctx, mediaType, []byte("text")); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", mediaType, err)
		}
	}
}
