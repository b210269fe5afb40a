package parse

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/net/html/charset"
)

// maxDepth is how deep elements that need an end tag may nest. Browsers stop
// at 512; no page that a person wrote comes near this.
const maxDepth = 4096

// readHTML renders a page's text as a browser lays it out, block by block, and
// leaves out what is not content: scripts, styles, navigation, form controls.
// It reads tokens rather than a tree, so that time and memory are linear in a
// body of any shape; missing end tags cost nothing worse than a block boundary.
func readHTML(ctx context.Context, body []byte) (Parsed, error) {
	return readPage(ctx, body, htmlMode{xml: bytes.HasPrefix(bytes.TrimSpace(bytes.TrimPrefix(body, bomUTF8)), []byte("<?xml"))})
}

// readXHTML reads a page of XHTML, in which any element may end itself.
func readXHTML(ctx context.Context, body []byte) (Parsed, error) {
	return readPage(ctx, body, htmlMode{xml: true})
}

// readChapter reads a page of a book, all of which is content.
func readChapter(ctx context.Context, body []byte) (Parsed, error) {
	return readPage(ctx, body, htmlMode{xml: true, book: true})
}

// htmlMode is how a page is read.
type htmlMode struct {
	xml   bool // <a/> is <a></a>
	book  bool // nothing stands around its content
	whole bool // navigation and other parts that are dropped as a rule are kept
}

func readPage(ctx context.Context, body []byte, mode htmlMode) (Parsed, error) {
	text, err := decodeHTML(body)
	if err != nil {
		return Parsed{}, err
	}
	p, err := renderHTML(ctx, text, mode)
	if err == nil && len(p.Blocks) == 0 {
		// All of it is inside a navigation, a form or the like: better that than nothing.
		mode.whole = true
		p, err = renderHTML(ctx, text, mode)
	}
	return p, err
}

var errScripted = Permanent("no text in it: the page is filled in by its scripts, which are not run")

// decodeHTML takes the encoding from a byte order mark, the page's own
// declaration or, without one, UTF-8 when it is that and Windows-1252 when not.
func decodeHTML(body []byte) (string, error) {
	encoding, name, certain := charset.DetermineEncoding(body, "")
	if name == "utf-8" || !certain && utf8.Valid(body) {
		return canonical(strings.ToValidUTF8(string(body), "\ufffd")), nil
	}
	text, err := encoding.NewDecoder().Bytes(body)
	if err != nil {
		return "", Permanent("not valid %s: %v", name, err)
	}
	return canonical(strings.ToValidUTF8(string(text), "\ufffd")), nil
}

// renderHTML reads a page's text, which is canonical.
func renderHTML(ctx context.Context, text string, mode htmlMode) (Parsed, error) {
	h := htmlReader{z: html.NewTokenizer(strings.NewReader(text)), htmlMode: mode, meta: map[string]any{}, spare: len(text)}
	if mode.book {
		h.content = 1
	}
	for n := 0; ; n++ {
		if n&1023 == 0 && ctx.Err() != nil {
			return Parsed{}, ctx.Err()
		}
		kind := h.z.Next()
		if kind == html.ErrorToken {
			break
		}
		h.token(kind)
		if max(h.depth, len(h.tables), len(h.lists)) > maxDepth {
			return Parsed{}, Permanent("HTML nested more than %d deep", maxDepth)
		}
	}
	p := h.finish()
	if len(p.Blocks) == 0 && h.scripted && mode.whole {
		return Parsed{}, errScripted
	}
	return p, nil
}

// htmlReader is the state between two tokens.
type htmlReader struct {
	htmlMode
	z     *html.Tokenizer
	meta  map[string]any
	title string

	depth     int
	skip      string // the element being left out, with all in it
	skipDepth int    // how many of that name are open
	lists     []listState
	tables    []tableState
	spare     int // bytes that cells over several rows and columns may still add
	content   int // open <main> and <article> elements
	roleMain  int // depth of an open <div role=main>; 0: none
	scripted  bool
	inTitle   bool
	inRuby    bool // in a reading of the characters beside it
	svg       svg
	math      *mathML // the open formula

	out page
}

func (h *htmlReader) token(kind html.TokenType) {
	switch kind {
	case html.TextToken:
		h.text()
	case html.CommentToken:
		h.comment()
	case html.StartTagToken, html.SelfClosingTagToken:
		b, hasAttr := h.z.TagName()
		name := string(b)
		foreign := name == "svg" || name == "math" || h.svg.depth > 0 || h.math != nil
		h.start(name, hasAttr)
		if kind == html.SelfClosingTagToken && (h.xml || foreign) && !void[atom.Lookup([]byte(name))] {
			h.z.NextIsNotRawText()
			h.end(name)
		}
	case html.EndTagToken:
		name, _ := h.z.TagName()
		h.end(string(name))
	}
}

func (h *htmlReader) text() {
	b := h.z.Text()
	switch {
	case h.inTitle:
		if h.title == "" {
			h.title = oneLine(string(b))
		}
		return
	case h.skip != "", h.inRuby, h.svg.silent(), h.out.inLink && string(b) == "¶": // a heading's link to itself
		return
	case h.math != nil:
		h.math.text(string(b))
		return
	}
	// In parts, since a token may be as long as the body.
	for len(b) > 0 {
		n := min(len(b), 64<<10)
		for n < len(b) && !utf8.RuneStart(b[n]) {
			n++
		}
		h.out.write(string(b[:n]))
		b = b[n:]
	}
}

// comment reads the JSON object that go.dev's pages begin with; any other
// comment is dropped.
func (h *htmlReader) comment() {
	c := h.z.Text()
	if len(h.out.blocks) > 0 || len(c) > maxFrontMatter || !bytes.HasPrefix(c, []byte("{")) {
		return
	}
	var fields map[string]any
	if json.Unmarshal(c, &fields) != nil {
		return
	}
	for k, v := range fields {
		if s, ok := v.(string); ok && len(h.meta) < maxFields && len(k) <= 64 {
			h.meta[strings.ToLower(k)] = cutBytes(s, maxFieldBytes)
		}
	}
}

func (h *htmlReader) finish() Parsed {
	h.endMath()
	h.closeTables(0)
	h.out.flush()
	p := Parsed{Text: h.out.text(), Metadata: h.meta, Title: h.title}
	p.Blocks = h.out.blocks
	if s, ok := h.meta["title"].(string); ok && p.Title == "" {
		p.Title = oneLine(s)
	}
	if p.Title == "" {
		p.Title = h.out.blocks.title(p.Text)
	}
	if h.whole {
		return p
	}
	return content(p, h.out.marks)
}

// nests are elements whose nesting is counted: they have no implied end tag.
var nests = map[atom.Atom]bool{
	atom.Div: true, atom.Section: true, atom.Article: true, atom.Main: true, atom.Blockquote: true,
	atom.Ul: true, atom.Ol: true, atom.Dl: true, atom.Menu: true, atom.Dir: true, atom.Table: true, atom.Fieldset: true, atom.Form: true,
	atom.Center: true, atom.Details: true, atom.Figure: true, atom.Header: true, atom.Footer: true,
}
