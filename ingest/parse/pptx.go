package parse

import (
	"context"
	"slices"
)

// readPPTX reads a PresentationML document (ECMA-376): slides in their order,
// each with its title, then text, tables, charts, diagrams and pictures'
// descriptions as they stand on it, notes and comments. Page is the slide.
func readPPTX(ctx context.Context, body []byte) (Parsed, error) {
	p, err := openPack(body)
	if err != nil {
		return Parsed{}, err
	}
	d := &pptx{drawing: drawing{walkContext: walkContext{ctx}, pack: p, out: &page{}}, layouts: map[string][]spot{}}
	slides, err := d.slides()
	if err != nil {
		return Parsed{}, err
	}
	if d.authors, err = p.commentAuthors(d.walkContext, presentationPart); err != nil {
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
	drawing
	authors map[string]string // of comments, by id
	items   []*slideItem      // of the open slide
	layouts map[string][]spot // places of placeholders, by part
}

const presentationPart = "ppt/presentation.xml"

// slides returns the slides' parts in the order of the show.
func (d *pptx) slides() ([]string, error) {
	b, err := d.pack.file(presentationPart)
	if err != nil {
		return nil, err
	}
	if b == nil {
		return nil, Permanent("damaged: %s is missing", presentationPart)
	}
	rels, err := d.pack.relations(d.walkContext, presentationPart)
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
	if err := d.open(b).walk(d.item); err != nil {
		return err
	}
	layout, err := d.placeholders(part)
	if err != nil {
		return err
	}
	d.putItems(layout)
	for _, read := range []func(string) error{d.notesOf, d.commentsOn} {
		if err := read(part); err != nil {
			return err
		}
	}
	return nil
}

func (d *pptx) notesOf(slide string) error {
	notes, err := d.pack.targets(d.walkContext, slide, "notesSlide")
	if err != nil || len(notes) == 0 {
		return err
	}
	b, err := d.pack.file(notes[0])
	if err != nil || b == nil {
		return err
	}
	return d.open(b).walk(d.notes)
}

func (d *pptx) commentsOn(slide string) error {
	parts, err := d.pack.targets(d.walkContext, slide, "comments")
	if err != nil {
		return err
	}
	for _, part := range parts {
		list, err := d.pack.comments(d.walkContext, part, d.authors)
		if err != nil {
			return err
		}
		for _, c := range list {
			c.put(d.out)
		}
	}
	return nil
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
