package ingest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/quarry-rag/quarry/ingest/parse"
)

// splitOf parses a document and cuts it into chunks of at most max words.
func splitOf(t *testing.T, mediaType, doc string, max int) []Chunk {
	t.Helper()
	p, err := parse.Parse(t.Context(), mediaType, []byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	o := SplitOptions{MaxTokens: max, Count: words}
	chunks := Split(p, "", o)
	checkChunks(t, p, chunks, o)
	return chunks
}

// Rows of tables are whole, and each chunk has the header.
func TestSplitRows(t *testing.T) {
	var csv, html strings.Builder
	csv.WriteString("port,height in metres,remark\n")
	html.WriteString("<h2>Heights</h2><table><tr><th>port</th><th>height in metres</th><th>remark</th></tr>")
	for i := range 40 {
		fmt.Fprintf(&csv, "port %d,%d,\"a remark, of a few words\"\n", i, i)
		fmt.Fprintf(&html, "<tr><td>port %d</td><td>%d</td><td>a remark, of a few words</td></tr>", i, i)
	}
	html.WriteString("</table>")
	for mediaType, doc := range map[string]string{"text/csv": csv.String(), "text/html": html.String()} {
		chunks := splitOf(t, mediaType, doc, 50)
		if len(chunks) < 5 {
			t.Fatalf("%s: %d chunks", mediaType, len(chunks))
		}
		for i, c := range chunks {
			if i > 0 && !strings.Contains(c.Context, "height in metres") {
				t.Errorf("%s: context %q", mediaType, c.Context)
			}
			lines := strings.Split(c.Text, "\n")
			if i > 0 && !strings.HasPrefix(lines[0], "port") || !strings.HasSuffix(lines[len(lines)-1], "words") {
				t.Errorf("%s: %q is not whole rows", mediaType, c.Text)
			}
		}
	}
}

// A row or line that alone exceeds the budget is cut, its neighbours are not.
func TestSplitLongRow(t *testing.T) {
	long := strings.Repeat("word ", 100)
	for mediaType, doc := range map[string]string{
		"text/csv":      "a,b\nfirst row,x\n" + long + ",y\nlast row,z\n",
		"text/markdown": "```\nfirst row x\n" + long + "\nlast row z\n```\n",
	} {
		first, last, parts := false, false, 0
		for _, c := range splitOf(t, mediaType, doc, 30) {
			first = first || strings.Contains(c.Text, "first row")
			last = last || strings.Contains(c.Text, "last row")
			if strings.Contains(c.Text, "word") {
				parts++
			}
		}
		if !first || !last || parts < 4 {
			t.Errorf("%s: first %v, last %v, %d parts", mediaType, first, last, parts)
		}
	}
}

// Source code is cut between functions and types, Go by its own parser and other
// languages by blank lines and indentation; a comment stays with what it is on.
func TestSplitCode(t *testing.T) {
	body := func(indent, line string) string { return strings.Repeat(indent+line+"\n", 12) }
	tests := []struct {
		mediaType, doc string
		begins         []string // of the chunks
	}{
		{
			"text/x-go",
			"package x\n\n// A is one.\nfunc A() {\n" + body("\t", "call(1, 2)") + "}\n// B is two.\ntype B struct {\n" + body("\t", "F, G int // a field") +
				"}\n\nfunc (b B) C() {\n" + body("\t", "call(b, b)") + "}\n",
			[]string{"package x", "// B is two.", "func (b B) C"},
		},
		{
			"text/x-python",
			"import x\n\n# one is a function\ndef one():\n" + body("    ", "call(1, 2)") + "\n@decorated\nclass Two:\n" + body("    ", "field = call(1)") +
				"\n    def three(self):\n" + body("        ", "call(self, 3)"),
			[]string{"import x", "@decorated", "    def three"},
		},
		{
			"text/x-rust",
			"use x;\n\n/// One does.\nfn one() {\n" + body("    ", "call(1, 2);") + "}\n\n#[derive(Debug)]\nstruct Two {\n" + body("    ", "f: u8, g: u8,") + "}\n",
			[]string{"use x;", "#[derive(Debug)]"},
		},
	}
	for _, tt := range tests {
		chunks := splitOf(t, tt.mediaType, tt.doc, 120)
		var got []string
		for i, c := range chunks {
			begin := strings.TrimLeft(c.Text, "\n")
			if i < len(tt.begins) && strings.HasPrefix(begin, tt.begins[i]) {
				begin = tt.begins[i]
			}
			got = append(got, begin)
		}
		if strings.Join(got, "|") != strings.Join(tt.begins, "|") {
			t.Errorf("%s: chunks begin %q, want %q", tt.mediaType, got, tt.begins)
		}
	}
}

// A heading is never the last thing in a chunk while text stands below it.
func TestSplitHeadingsStay(t *testing.T) {
	var doc strings.Builder
	for i := range 30 {
		fmt.Fprintf(&doc, "## Heading %d\n\n%s\n\n", i, strings.Repeat("some words of text. ", 1+i))
	}
	for _, c := range splitOf(t, "text/markdown", doc.String(), 40) {
		lines := strings.Split(strings.TrimSpace(c.Text), "\n")
		if last := lines[len(lines)-1]; strings.HasPrefix(last, "## ") {
			t.Errorf("%q ends with a heading", c.Text)
		}
	}
}
