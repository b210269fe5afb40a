package parse

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the goldens anew")

// Every fixture has its Parsed in a golden.
func TestParseGolden(t *testing.T) {
	for _, f := range fixtures(t) {
		p, err := Parse(t.Context(), Detect(f.name, f.body), f.body)
		if err != nil {
			t.Errorf("%s: %v", f.name, err)
			continue
		}
		check(t, p)
		golden(t, "testdata/golden/"+f.name+".golden", dump(p))
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
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

// dump is a document for a person to read.
func dump(p Parsed) string {
	var b strings.Builder
	fmt.Fprintf(&b, "title: %q\nmetadata: %v\n", p.Title, p.Metadata)
	for _, k := range p.Blocks {
		fmt.Fprintf(&b, "%s %d:%d", [...]string{"paragraph", "heading", "item", "row", "code", "caption"}[k.Kind], k.Start, k.End)
		if k.Level > 0 {
			fmt.Fprintf(&b, " level %d", k.Level)
		}
		if k.Page > 0 {
			fmt.Fprintf(&b, " page %d", k.Page)
		}
		if k.Label != "" {
			fmt.Fprintf(&b, " label %q", k.Label)
		}
		if k.Header != "" {
			fmt.Fprintf(&b, " header %q", k.Header)
		}
		fmt.Fprintf(&b, "\n\t%s\n", strings.ReplaceAll(p.Text[k.Start:k.End], "\n", "\n\t"))
	}
	for _, a := range p.Attachments {
		fmt.Fprintf(&b, "attachment %q %s\n\t%q\n", a.Name, a.MediaType, a.Body)
	}
	return b.String()
}

func TestParseReasons(t *testing.T) {
	tests := []struct{ name, mediaType, body, want string }{
		{"empty", "text/plain", "", "empty document"},
		{"blank", "text/plain", " \n\t\r\n", "no text in it"},
		{"blank page", "text/html", "<p> </p>", "no text in it"},
		{"application", "text/html", "<p> </p><script>x</script>", "no text in it: the page is filled in by its scripts, which are not run"},
		{"front matter only", "text/markdown", "---\ntitle: x\n---\n", "no text in it"},
		{"latin-1", "text/plain", "caf\xe9", "not valid UTF-8 at byte 3"},
		{"latin-1 after a byte order mark", "text/markdown", "\xef\xbb\xbfcaf\xe9", "not valid UTF-8 at byte 6"},
		{"unknown", "application/pdf2", "%PDF", "application/pdf2 is not a format that can be read"},
		{"nested", "text/html", strings.Repeat("<div>", 100_000) + "x", "HTML nested more than 4096 deep"},
		{"too long", "text/plain", strings.Repeat("x", MaxBytes+1), "33554433 bytes, more than the 33554432 that are read"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse(t.Context(), tt.mediaType, []byte(tt.body))
			var perm *Error
			if !errors.As(err, &perm) || perm.Reason != tt.want {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestParseEncodings(t *testing.T) {
	tests := []struct{ name, mediaType, body, want string }{
		{"utf-8 mark", "text/plain; charset=utf-8", "\xef\xbb\xbfcafé", "café"},
		{"utf-16 le", "text/plain", "\xff\xfec\x00a\x00f\x00\xe9\x00\r\x00\n\x00x\x00", "café\nx"},
		{"utf-16 le without a mark", "text/plain", "c\x00a\x00f\x00\xe9\x00\r\x00\n\x00x\x00", "café\nx"},
		{"utf-16 be without a mark", "text/plain", "\x00c\x00a\x00f\x00\xe9\x00\n", "café\n"},
		{"utf-16 be", "text/markdown", "\xfe\xff\x00c\x00a\x00f\x00\xe9", "café"},
		{"line ends and NUL", "text/plain", "a\r\nb\rc\x00d\n", "a\nb\ncd\n"},
		{"page without declaration", "text/html", "<p>caf\xe9</p>", "café"},
		{"page of utf-8 without declaration", "text/html", "<p>" + strings.Repeat(" ", 2000) + "café</p>", "café"},
		{"page that declares", "text/html", `<meta charset="windows-1251"><p>` + "\xef\xf0\xe8\xe2\xe5\xf2", "привет"},
		{"page with broken utf-8", "text/html", `<meta charset="utf-8"><p>` + "caf\xe9", "caf\ufffd"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := Parse(t.Context(), tt.mediaType, []byte(tt.body))
			if err != nil || p.Text != tt.want {
				t.Errorf("got %q, %v, want %q", p.Text, err, tt.want)
			}
		})
	}
}

// Where a page is all navigation, that is what it says.
func TestHTMLWithoutMainPart(t *testing.T) {
	p, err := Parse(t.Context(), "text/html", []byte("<nav><p>All there is"))
	if err != nil || p.Text != "All there is" {
		t.Errorf("got %q, %v", p.Text, err)
	}
}

// Tags that end a block elsewhere change nothing where it has no text yet.
func TestHTMLEmptyBlocks(t *testing.T) {
	tests := []struct{ body, want string }{
		{"<h2><div>Title</div></h2><p>x", "heading:Title paragraph:x"},
		{"<h2></h2><p>x", "paragraph:x"},
		{"<h2><p>x", "heading:x"},
		{"<ul><li></ul><p>x", "paragraph:x"},
		{"<ul><li><div><p>x</div><p>y</ul>", "item:- x paragraph:y"},
		{"<pre><div>a\n</div><div>  b</div><div>c</div></pre>x", "code:a\n  b\nc paragraph:x"},
		{"<pre>a<br>b<br><br>c</pre>", "code:a\nb\n\nc"},
		{"<dl><dt>a<dd></dl><p>x", "item:a paragraph:x"},
	}
	for _, tt := range tests {
		p, err := Parse(t.Context(), "text/html", []byte(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, b := range p.Blocks {
			kind := [...]string{"paragraph", "heading", "item", "row", "code", "caption"}[b.Kind]
			got = append(got, kind+":"+p.Text[b.Start:b.End])
		}
		if got := strings.Join(got, " "); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.body, got, tt.want)
		}
	}
}
