package parse

import (
	"context"
	"slices"
	"strings"
)

// readPPTX reads a PresentationML document (ECMA-376): slides in their order,
// each with its title, text, tables, charts and notes. Page is the slide.
func readPPTX(ctx context.Context, body []byte) (Parsed, error) {
	p, err := openPack(body)
	if err != nil {
		return Parsed{}, err
	}
	d := &pptx{walkContext: walkContext{ctx}, pack: p}
	slides, err := d.slides()
	if err != nil {
		return Parsed{}, err
	}
	for i, part := range slides {
		d.out.page = i + 1
		if err := d.slide(part); err != nil {
			return Parsed{}, err
		}
	}
	meta, err := officeProperties(d.walkContext, p)
	if err != nil {
		return Parsed{}, err
	}
	return d.out.parsed(meta), nil
}

type pptx struct {
	walkContext
	pack *pack
	rels map[string]relation // of the part being read
	out  page
}

// slides returns the slides' parts in the order of the show.
func (d *pptx) slides() ([]string, error) {
	const part = "ppt/presentation.xml"
	b, err := d.pack.file(part)
	if err != nil {
		return nil, err
	}
	if b == nil {
		return nil, Permanent("damaged: %s is missing", part)
	}
	rels, err := d.pack.relations(d.walkContext, part)
	if err != nil {
		return nil, err
	}
	var slides []string
	err = d.open(b).walk(func(x *xmlWalker, e element) error {
		if e.Name.Local != "sldId" {
			return x.descend()
		}
		for _, a := range e.Attr {
			if r := rels[a.Value]; a.Name.Local == "id" && r.kind == "slide" && !slices.Contains(slides, r.target) {
				slides = append(slides, r.target)
			}
		}
		return nil
	})
	return slides, err
}

func (d *pptx) slide(part string) error {
	b, err := d.pack.file(part)
	if err != nil || b == nil {
		return err
	}
	if d.rels, err = d.pack.relations(d.walkContext, part); err != nil {
		return err
	}
	if err := d.open(b).walk(d.shape); err != nil {
		return err
	}
	notes, err := d.pack.targets(d.walkContext, part, "notesSlide")
	if err != nil || len(notes) == 0 {
		return err
	}
	if b, err = d.pack.file(notes[0]); err != nil || b == nil {
		return err
	}
	return d.open(b).walk(d.notes)
}

// shape reads what stands on a slide.
func (d *pptx) shape(x *xmlWalker, e element) error {
	switch e.Name.Local {
	case "sp":
		return d.textShape(x)
	case "tbl":
		return d.table(x)
	case "chart":
		return chart(d.walkContext, d.pack, d.rels[e.attr("id")].target, &d.out)
	case "Fallback", "transition", "timing", "pic":
		return nil
	}
	return x.descend()
}

// notes reads the speaker's notes: their body, not the picture of the slide.
func (d *pptx) notes(x *xmlWalker, e element) error {
	if e.Name.Local != "sp" {
		return x.descend()
	}
	kind, paragraphs, err := d.readShape(x)
	if kind == "body" {
		for _, p := range paragraphs {
			d.out.put(Block{Kind: Paragraph}, p.text, 0)
		}
	}
	return err
}

type slideParagraph struct {
	text  string
	level int
	plain bool // without bullet
}

func (d *pptx) textShape(x *xmlWalker) error {
	kind, paragraphs, err := d.readShape(x)
	for _, p := range paragraphs {
		switch {
		case kind == "dt" || kind == "ftr" || kind == "sldNum" || kind == "hdr":
		case kind == "title" || kind == "ctrTitle":
			d.out.put(Block{Kind: Heading, Level: 1}, oneLine(p.text), 0)
		case kind == "subTitle" || kind == "" || p.plain || len(paragraphs) == 1:
			d.out.put(Block{Kind: Paragraph}, p.text, 0)
		default:
			d.out.put(Block{Kind: ListItem}, bullet+" "+p.text, 2*p.level)
		}
	}
	return err
}

// readShape returns a shape's placeholder type ("" for a free text box, "body"
// where the type is left out) and its paragraphs.
func (d *pptx) readShape(x *xmlWalker) (kind string, paragraphs []slideParagraph, err error) {
	err = x.walk(func(x *xmlWalker, e element) error {
		switch e.Name.Local {
		case "ph":
			if kind = e.attr("type"); kind == "" || kind == "obj" {
				kind = "body"
			}
			return nil
		case "p":
			p, err := d.paragraph(x)
			if p.text != "" {
				paragraphs = append(paragraphs, p)
			}
			return err
		}
		return x.descend()
	})
	return kind, paragraphs, err
}

func (d *pptx) paragraph(x *xmlWalker) (slideParagraph, error) {
	var p slideParagraph
	var b strings.Builder
	err := x.walk(func(x *xmlWalker, e element) error {
		switch e.Name.Local {
		case "t":
			return x.walkText(nil, func(s string) { b.WriteString(ticks.Replace(s)) })
		case "br":
			b.WriteByte('\n')
			return nil
		case "pPr":
			p.level = small(e.attr("lvl"))
		case "buNone":
			p.plain = true
		case "oMath":
			return formula(x, &b)
		case "rPr", "endParaRPr", "Fallback":
			return nil
		}
		return x.descend()
	})
	p.text = strings.TrimSpace(tidy(b.String()))
	return p, err
}

func (d *pptx) table(x *xmlWalker) error {
	var t rows
	return x.walk(func(x *xmlWalker, e element) error {
		if e.Name.Local != "tr" {
			return nil
		}
		var cells []string
		err := x.walk(func(x *xmlWalker, e element) error {
			if e.Name.Local != "tc" {
				return nil
			}
			_, paragraphs, err := d.readShape(x)
			var cell []string
			for _, p := range paragraphs {
				cell = append(cell, p.text)
			}
			cells = append(cells, strings.Join(cell, " "))
			return err
		})
		t.add(&d.out, cells)
		return err
	})
}
