package parse

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// readXML reads XML by what its root says: a JATS article, an RSS or Atom feed,
// a page of XHTML, or any other as records of "name: value" lines. A document
// type with entities of its own is read without them; nothing is fetched.
func readXML(ctx context.Context, body []byte) (Parsed, error) {
	w := walkContext{ctx}
	if isUTF16(body) {
		text, err := decode(body)
		if err != nil {
			return Parsed{}, err
		}
		if _, rest, ok := strings.Cut(text, "?>"); ok && strings.HasPrefix(text, "<?xml") {
			text = rest // what it declares is true no more
		}
		body = []byte(text)
	}
	root, err := rootElement(w, body)
	if err != nil {
		return Parsed{}, err
	}
	switch root {
	case "html":
		return readXHTML(ctx, body)
	case "article", "pmc-articleset", "response":
		a := &jats{}
		if err := w.open(body).walk(a.block); err != nil {
			return Parsed{}, err
		}
		if a.isArticle {
			return a.out.parsed(a.metadata()), nil
		}
	case "rss", "feed", "RDF":
		return readFeed(w, body)
	}
	g := &genericXML{}
	if err := g.read(w.open(body)); err != nil {
		return Parsed{}, err
	}
	return g.out.parsed(map[string]any{}), nil
}

func rootElement(w walkContext, body []byte) (name string, err error) {
	x := w.open(body)
	for {
		t, err := x.next()
		if err != nil {
			if ctxErr := w.ctx.Err(); ctxErr != nil {
				return "", ctxErr
			}
			return "", Permanent("damaged: not well-formed XML (%v)", err)
		}
		if e, ok := t.(xml.StartElement); ok {
			return e.Name.Local, nil
		}
	}
}

// genericXML writes XML of no known vocabulary. An element with text among its
// children is a paragraph; one with only text is a line "name: text" of its
// parent's block, as attributes are of their element's.
type genericXML struct {
	out   page
	lines strings.Builder // of the open block
	text  strings.Builder // of the element at depth, white space not collapsed
	depth int             // whose text it is, from 1; 0: none
	name  string          // of that element
	mixed bool            // it has children among its text
	ended bool            // it has ended, and its parent may still have text
}

func (g *genericXML) read(x *xmlWalker) error {
	defer g.record()
	var open []string // names of the open elements
	for {
		t, err := x.next()
		if errors.Is(err, io.EOF) {
			g.end()
			return nil
		}
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.StartElement:
			open = append(open, t.Name.Local)
			g.start(t)
		case xml.EndElement:
			g.close(len(open))
			open = open[:max(0, len(open)-1)]
		case xml.CharData:
			if len(open) > 0 {
				g.chars(t, len(open), open[len(open)-1])
			}
		}
	}
}

func (g *genericXML) start(t xml.StartElement) {
	switch {
	case g.ended:
		g.end()
	case g.depth > 0:
		g.mixed = true
		g.text.WriteByte(' ')
		return
	}
	for _, a := range t.Attr {
		if v := oneLine(tidy(a.Value)); v != "" && a.Name.Space != "xmlns" && a.Name.Local != "xmlns" && a.Name.Local != "schemaLocation" {
			g.line(a.Name.Local, v)
		}
	}
}

func (g *genericXML) close(depth int) {
	switch {
	case g.depth == depth && !g.ended:
		g.ended = true
	case g.ended || g.depth == 0:
		g.end()
		g.record()
	default:
		g.text.WriteByte(' ')
	}
}

func (g *genericXML) chars(b []byte, depth int, name string) {
	blank := len(bytes.TrimSpace(b)) == 0
	switch {
	case g.depth == 0 && blank, g.ended && blank:
		return
	case g.ended && depth == g.depth-1:
		g.depth, g.ended, g.mixed = depth, false, true
	case g.ended:
		g.end()
		fallthrough
	case g.depth == 0:
		g.depth, g.name = depth, name
	}
	g.text.Write(b)
}

// end writes the text of an element that has ended.
func (g *genericXML) end() {
	text := oneLine(tidy(g.text.String()))
	switch {
	case text == "":
	case g.mixed || len(text) > 200:
		g.record()
		g.out.put(Block{Kind: Paragraph}, text, 0)
	default:
		g.line(g.name, text)
	}
	g.text.Reset()
	g.depth, g.mixed, g.ended = 0, false, false
}

func (g *genericXML) line(name, value string) {
	if g.lines.Len() > 2<<10 {
		g.record()
	}
	g.lines.WriteString(name + ": " + value + "\n")
}

// record ends a block of lines.
func (g *genericXML) record() {
	if s := strings.TrimSpace(g.lines.String()); s != "" {
		g.out.put(Block{Kind: Paragraph}, s, 0)
	}
	g.lines.Reset()
}
