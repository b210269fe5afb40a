package ingest

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/quarry-rag/quarry/ingest/parse"
)

var update = flag.Bool("update", false, "write the goldens anew")

// words counts a token for every word and for every mark, as WordPiece does for
// a text of known words.
func words(s string) int {
	n, in := 0, false
	for _, r := range s {
		letter := unicode.IsLetter(r) || unicode.IsDigit(r)
		if letter && !in || !letter && !unicode.IsSpace(r) {
			n++
		}
		in = letter
	}
	return n
}

func TestSplitGolden(t *testing.T) {
	for _, name := range []string{"guide.md", "page.html", "notes.txt"} {
		file := filepath.Join("parse", "testdata", name)
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		mediaType := parse.Detect(file, body)
		p, err := parse.Parse(t.Context(), mediaType, body)
		if err != nil {
			t.Fatal(file, err)
		}
		var b strings.Builder
		for _, c := range Split(p, p.Title, SplitOptions{MaxTokens: 60, Count: words}) {
			fmt.Fprintf(&b, "%d [%d:%d] %d tokens, path %q\ncontext %q\n%s\n\n", c.Ord, c.Start, c.End, c.Tokens, c.HeadingPath, c.Context, c.Text)
		}
		golden(t, filepath.Join("testdata", "split", name+".golden"), b.String())
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got):\n%s", file, d)
	}
}

func TestSplitStructure(t *testing.T) {
	sentences := func(word string, n int) string { return strings.Repeat(word+" is a word. ", n) }
	tests := []struct {
		name, doc string
		max       int
		want      []string // of each chunk: heading path, then how its text begins
	}{
		{
			"sections stay apart", "# A\n\n" + sentences("x", 8) + "\n\n## B\n\n" + sentences("y", 8), 50,
			[]string{"A: A", "A > B: B"},
		},
		{
			"small siblings join", "# A\n\n" + sentences("x", 8) + "\n\n## B\n\ny\n\n## C\n\nz\n\n## D\n\n" + sentences("w", 8), 50,
			[]string{"A: A", "A: B", "A > D: D"},
		},
		{
			"a lead goes with what is below it", "# A\n\nIn short:\n\n## B\n\n" + sentences("y", 8), 50,
			[]string{"A > B: A"},
		},
		{
			"headings go with the text below", "# A\n\n## B\n\n### C\n\n" + sentences("x", 8), 50,
			[]string{"A > B > C: A"},
		},
		{
			"a higher heading is never joined", "## A\n\n### B\n\nx\n\n# C\n\ny", 50,
			[]string{"A > B: A", "C: C"},
		},
		{
			"long sections are halved at a block", "# A\n\n" + sentences("x", 6) + "\n\n" + sentences("y", 6), 50,
			[]string{"A: A", "A: y is"},
		},
		{
			"a heading with nothing below", "# A\n\n" + sentences("x", 9) + "\n\n# B", 50,
			[]string{"A: A", "B: B"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := parse.Parse(context.Background(), "text/markdown", []byte(tt.doc))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for i, c := range Split(p, "", SplitOptions{MaxTokens: tt.max, Count: words}) {
				head := "too many"
				if i < len(tt.want) {
					_, head, _ = strings.Cut(tt.want[i], ": ")
				}
				if !strings.HasPrefix(c.Text, head) {
					head = c.Text
				}
				got = append(got, strings.Join(c.HeadingPath, " > ")+": "+head)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestSplitContext(t *testing.T) {
	rows := strings.Repeat("| cell one | cell two |\n", 20)
	doc := "# Guide\n\n## Sizes\n\n| name | value |\n|---|---|\n" + rows
	p, err := parse.Parse(t.Context(), "text/markdown", []byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	chunks := Split(p, "guide", SplitOptions{MaxTokens: 60, Count: words})
	if len(chunks) < 3 {
		t.Fatalf("%d chunks", len(chunks))
	}
	if got, want := chunks[0].Context, ""; got != want {
		t.Errorf("first context %q, want %q: both headings are in its text", got, want)
	}
	if got := chunks[0].Header; got != "" {
		t.Errorf("first header %q: it is in its text", got)
	}
	for _, c := range chunks[1:] {
		if want := "Guide > Sizes\nname | value"; c.Context != want {
			t.Errorf("context %q, want %q", c.Context, want)
		}
		if c.Header != "name | value" {
			t.Errorf("header %q", c.Header)
		}
		if !strings.HasPrefix(c.Text, "| cell one") || !strings.HasSuffix(c.Text, "two |") {
			t.Errorf("%q is not whole rows", c.Text)
		}
	}
	long := strings.Repeat("very long title ", 40)
	for _, c := range Split(p, long, SplitOptions{MaxTokens: 60, Count: words}) {
		if n := words(c.Context); n > contextTokens {
			t.Errorf("context of %d tokens", n)
		}
	}
}

// FuzzSplit gives arbitrary text arbitrary structure.
func FuzzSplit(f *testing.F) {
	f.Add("# A\n\nText one. Text two.\n\n\tcode\n\n| a | b |", []byte{0x05, 0x40, 0x13, 0x27}, uint8(10))
	f.Add("  ", []byte("1"), uint8('D')) // blank blocks
	f.Add(strings.Repeat("word ", 100)+strings.Repeat("x", 500)+"日本語。\u200b", []byte{0xff, 1, 0x84}, uint8(3))
	f.Fuzz(func(t *testing.T, text string, shape []byte, maxTokens uint8) {
		p := parse.Parsed{Text: strings.ToValidUTF8(text, "?"), Blocks: nil}
		p.Blocks = shapeBlocks(p.Text, shape)
		for _, count := range []func(string) int{words, byBytes, whole} {
			o := SplitOptions{MaxTokens: 1 + int(maxTokens), Count: count}
			checkChunks(t, p, Split(p, "Title", o), o)
		}
	})
}

// byBytes estimates as is done for models whose tokenizer is not known.
func byBytes(s string) int { return (len(s) + 2) / 3 }

// whole is a tokenizer to which parts count less than their whole.
func whole(s string) int { return len(strings.Fields(s)) * len(s) / (len(s)/2 + 1) }

// shapeBlocks makes a block of text for each byte of shape: its low bits are the
// kind, the others the length and how much is left out before it.
func shapeBlocks(text string, shape []byte) []parse.Block {
	var blocks []parse.Block
	at := 0
	for i := 0; at < len(text) && len(shape) > 0; i++ {
		c := int(shape[i%len(shape)])
		start := at + c>>6
		end := start + 1 + c*c>>5
		for start < len(text) && !utf8.RuneStart(text[start]) {
			start++
		}
		for end < len(text) && !utf8.RuneStart(text[end]) {
			end++
		}
		if start >= len(text) {
			break
		}
		at = min(end, len(text))
		b := parse.Block{Kind: parse.Kind(c % 6), Start: start, End: at, Level: c >> 4, Page: i}
		if b.Kind == parse.TableRow && c&8 != 0 {
			b.Header = "a | b"
		}
		blocks = append(blocks, b)
	}
	return blocks
}

func checkChunks(t *testing.T, p parse.Parsed, chunks []Chunk, o SplitOptions) {
	t.Helper()
	covered := make([]bool, len(p.Text))
	last := 0
	for i, c := range chunks {
		switch {
		case c.Ord != i, c.Start < last, c.End <= c.Start, c.End > len(p.Text):
			t.Fatalf("chunk %d is %d [%d:%d] after %d", i, c.Ord, c.Start, c.End, last)
		case c.Text != p.Text[c.Start:c.End]:
			t.Fatalf("chunk %d is not its range", i)
		case !utf8.ValidString(c.Text), !utf8.ValidString(c.Context):
			t.Fatalf("chunk %d is not valid UTF-8", i)
		case c.Tokens != o.Count(c.Text):
			t.Fatalf("chunk %d has %d tokens, says %d", i, o.Count(c.Text), c.Tokens)
		case c.Tokens > o.MaxTokens && utf8.RuneCountInString(strings.TrimSpace(c.Text)) > 1:
			t.Fatalf("chunk %d has %d tokens: %q", i, c.Tokens, c.Text)
		case strings.TrimSpace(c.Text) == "":
			t.Fatalf("chunk %d is blank", i)
		}
		for j := c.Start; j < c.End; j++ {
			covered[j] = true
		}
		last = c.End
	}
	for _, b := range p.Blocks {
		for j, r := range p.Text[b.Start:b.End] {
			if !covered[b.Start+j] && !unicode.IsSpace(r) {
				t.Fatalf("byte %d, %q, is in no chunk", b.Start+j, r)
			}
		}
	}
}

// A heading ends a chunk only when no text follows it.
func FuzzSplitHeadings(f *testing.F) {
	f.Add("one two three. four five six. seven", uint8(12), uint8(3))
	f.Add("one "+strings.Repeat("Z", 4090), uint8(116), uint8(123)) // few tokens, many bytes
	f.Fuzz(func(t *testing.T, text string, maxTokens, every uint8) {
		var doc strings.Builder
		for i, s := range strings.Fields(text) {
			if i%(1+int(every)) == 0 {
				fmt.Fprintf(&doc, "\n\n%s heading %d\n\n", strings.Repeat("#", 1+i%5), i)
			}
			doc.WriteString("w" + s + "w ")
		}
		p, err := parse.Parse(t.Context(), "text/markdown", []byte(strings.ToValidUTF8(doc.String(), "?")))
		if err != nil {
			return
		}
		ends := map[int]bool{}
		for i, b := range p.Blocks {
			if b.Kind == parse.Heading && i+1 < len(p.Blocks) && p.Blocks[i+1].Kind != parse.Heading {
				ends[b.End] = true
			}
		}
		for _, c := range Split(p, "", SplitOptions{MaxTokens: 12 + int(maxTokens), Count: words}) {
			if ends[c.End] {
				t.Fatalf("chunk %q ends with a heading", c.Text)
			}
		}
	})
}
