package parse

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"

	"golang.org/x/net/html/charset"
)

// maxXMLDepth is how deep elements may nest.
const maxXMLDepth = 512

// walkContext opens XML parts for walking.
type walkContext struct{ ctx context.Context }

// open starts a walk at the document's root. Entities other than XML's own five
// are left as they stand, and nothing outside the bytes is ever read.
func (w walkContext) open(b []byte) *xmlWalker {
	d := xml.NewDecoder(bytes.NewReader(b))
	d.Strict = false
	d.CharsetReader = charset.NewReaderLabel
	d.Entity = xml.HTMLEntity
	return &xmlWalker{d: d, ctx: w.ctx}
}

// xmlWalker visits elements in document order without building a tree.
type xmlWalker struct {
	d     *xml.Decoder
	ctx   context.Context
	depth int
	n     int
	visit visitor
	text  func(string) // called with character data of the element being walked; may be nil
}

type visitor func(x *xmlWalker, e element) error

type element struct{ xml.StartElement }

// attr returns an attribute by its local name, or "".
func (e element) attr(local string) string {
	for _, a := range e.Attr {
		if a.Name.Local == local {
			return a.Value
		}
	}
	return ""
}

func (x *xmlWalker) next() (xml.Token, error) {
	if x.n++; x.n&1023 == 0 && x.ctx.Err() != nil {
		return nil, x.ctx.Err()
	}
	t, err := x.d.Token()
	switch t.(type) {
	case xml.StartElement:
		if x.depth++; x.depth > maxXMLDepth {
			return nil, Permanent("XML nested more than %d deep", maxXMLDepth)
		}
	case xml.EndElement:
		x.depth--
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, Permanent("damaged: not well-formed XML (%v)", err)
	}
	return t, err
}

// walk calls visit for each child of the current element. What visit does not
// read of an element, by walking in turn, is skipped.
func (x *xmlWalker) walk(visit visitor) error { return x.walkText(visit, nil) }

// walkText also passes on the element's own character data.
func (x *xmlWalker) walkText(visit visitor, text func(string)) error {
	outerVisit, outerText, base := x.visit, x.text, x.depth
	defer func() { x.visit, x.text = outerVisit, outerText }()
	for {
		x.visit, x.text = visit, text
		t, err := x.next()
		if err != nil {
			if errors.Is(err, io.EOF) {
				return nil // base 0: the end; else a document cut short, read as far as it goes
			}
			return err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if err := x.element(t); err != nil {
				return err
			}
		case xml.CharData:
			if text != nil {
				text(string(t))
			}
		case xml.EndElement:
			if x.depth < base {
				return nil
			}
		}
	}
}

func (x *xmlWalker) element(t xml.StartElement) error {
	inner := x.depth
	if x.visit != nil {
		if err := x.visit(x, element{t}); err != nil {
			return err
		}
	}
	for x.depth >= inner {
		if _, err := x.next(); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
	}
	return nil
}

// descend goes on with the same visitor inside the current element.
func (x *xmlWalker) descend() error { return x.walkText(x.visit, x.text) }
