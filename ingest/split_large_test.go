package ingest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quarry-rag/quarry/ingest/parse"
	"github.com/quarry-rag/quarry/retrieve/embed/wordpiece"
)

// The worst shapes take time linear in their length; these would take minutes
// if they did not.
func TestSplitHostileShapes(t *testing.T) {
	const size = 1 << 20
	for _, unit := range []string{"a", "-", "日", "\u200b", "a ", "a. ", "A. ", "a\n", "a   ", "https://x.y/z?", strings.Repeat("a", 300) + " "} {
		text := strings.Repeat(unit, size/len(unit))
		for _, kind := range []parse.Kind{parse.Paragraph, parse.Heading, parse.TableRow, parse.Code} {
			p := parse.Parsed{Text: text, Blocks: []parse.Block{{Kind: kind, Level: 1, Start: 0, End: len(text)}}}
			o := SplitOptions{MaxTokens: 200, Count: words}
			checkChunks(t, p, Split(p, "", o), o)
		}
	}
}

// The Go specification, with the tokenizer of the default model: sections that
// a reader would look for have chunks of their own, near the budget.
func TestSplitSpecification(t *testing.T) {
	p := goDoc(t, "go_spec.html")
	o := SplitOptions{MaxTokens: 220, Count: tokenizer(t).Count}
	chunks := Split(p, p.Title, o)
	checkChunks(t, p, chunks, o)
	sections := map[string]bool{}
	total := 0
	for _, c := range chunks {
		sections[strings.Join(c.HeadingPath, " > ")] = true
		total += c.Tokens
	}
	for _, want := range []string{"Types > Map types", "Statements > For statements > For statements with range clause", "Built-in functions > Making slices, maps and channels"} {
		if !sections[want] {
			t.Errorf("no chunk of %q", want)
		}
	}
	if mean := total / len(chunks); mean < o.MaxTokens/2 {
		t.Errorf("%d chunks of %d tokens on average", len(chunks), mean)
	}
}

func tokenizer(t testing.TB) *wordpiece.Tokenizer {
	t.Helper()
	f, err := os.Open(filepath.Join(os.Getenv("QUARRY_TEST_RUNTIME"), "model", "all-MiniLM-L6-v2", "vocab.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tok, err := wordpiece.New(f)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func goDoc(t testing.TB, name string) parse.Parsed {
	t.Helper()
	p, err := parse.Parse(context.Background(), "text/html", goDocBytes(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func goDocBytes(t testing.TB, name string) []byte {
	t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	body, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "doc", name))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func BenchmarkParseSpecification(b *testing.B) {
	body := goDocBytes(b, "go_spec.html")
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := parse.Parse(b.Context(), "text/html", body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSplitSpecification(b *testing.B) {
	p, tok := goDoc(b, "go_spec.html"), tokenizer(b)
	b.SetBytes(int64(len(p.Text)))
	for b.Loop() {
		Split(p, p.Title, SplitOptions{Count: tok.Count})
	}
}
