package parse

import (
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// check fails unless p keeps the contract of Parsed.
func check(t *testing.T, p Parsed) {
	t.Helper()
	if !utf8.ValidString(p.Text) || strings.ContainsAny(p.Text, "\x00\r") {
		t.Fatal("text is not canonical")
	}
	last := 0
	for i, b := range p.Blocks {
		switch {
		case b.Start < last || b.End <= b.Start || b.End > len(p.Text):
			t.Fatalf("block %d is [%d:%d] after %d of %d", i, b.Start, b.End, last, len(p.Text))
		case !utf8.ValidString(p.Text[b.Start:b.End]), !utf8.ValidString(b.Label), !utf8.ValidString(b.Header):
			t.Fatalf("block %d is not valid UTF-8", i)
		case strings.TrimSpace(p.Text[b.Start:b.End]) == "":
			t.Fatalf("block %d is blank", i)
		case (b.Kind == Heading) != (b.Level > 0):
			t.Fatalf("block %d is %d of level %d", i, b.Kind, b.Level)
		}
		last = b.End
	}
	if !utf8.ValidString(p.Title) {
		t.Fatal("title is not valid UTF-8")
	}
}

func fuzzReader(f *testing.F, mediaType string, rendered bool) {
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := Parse(t.Context(), mediaType, body)
		if err != nil {
			if !errors.As(err, new(*Error)) {
				t.Fatal(err)
			}
			return
		}
		check(t, p)
		again, err := Parse(t.Context(), mediaType, body)
		if err != nil || again.Text != p.Text || len(again.Blocks) != len(p.Blocks) {
			t.Fatal("the same bytes gave another text")
		}
		last := 0
		for _, b := range p.Blocks {
			gap := p.Text[last:b.Start]
			if rendered && strings.TrimFunc(gap, unicode.IsSpace) != "" {
				t.Fatalf("%q is in no block", gap)
			}
			last = b.End
		}
		if len(p.Text) > 4*len(body)+64 {
			t.Fatalf("%d bytes of text from %d", len(p.Text), len(body))
		}
	})
}

func FuzzText(f *testing.F) {
	f.Add([]byte("Title\n=====\n\npara\r\ngraph\n\n\fnew"))
	f.Add([]byte("\xff\xfea\x00\n\x00\n\x00b\x00"))
	fuzzReader(f, "text/plain", false)
}

func FuzzMarkdown(f *testing.F) {
	f.Add([]byte("---\ntitle: x\ntags: [a, b]\n---\n# H {#id}\n\n- a\n  1. b\n\n> q\n\n| a | b |\n|--|--|\n| 1 | 2 |\n\n```go\ncode\n```\n\n<div>\nx\n</div>\n\n\tcode\n[a]: b\n"))
	f.Add([]byte("- - - > > - 1. x\n\ttab\n  lazy\n- [ ] task\nSetext\n---\n"))
	fuzzReader(f, "text/markdown", false)
}

func FuzzHTML(f *testing.F) {
	f.Add([]byte("<!--{\"Title\":\"x\"}--><title>t</title><h1>a<p>b<br>c<ul><li>x<ol><li>y</ul><table><tr><th>a<td>b<tr><td>1<td><h2>n</table><pre> x\n</pre>2<sup>n</sup>"))
	f.Add([]byte("<dl><dt>a<dd><p>b</dl><table><caption>c<thead><tr><td>h<tbody><tr><td><table><td>n"))
	fuzzReader(f, "text/html", true)
}
