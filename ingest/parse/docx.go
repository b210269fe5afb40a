package parse

import (
	"context"
	"strings"
)

// readDOCX reads a WordprocessingML document (ECMA-376, both Transitional and
// Strict): body, text boxes and tables in reading order; notes, comments and
// pictures' descriptions after the paragraph or row that has them. Deleted and
// hidden text, page headers and footers are left out.
func readDOCX(ctx context.Context, body []byte) (Parsed, error) {
	return openDOCX(ctx, body, false)
}

// openDOCX reads a document, or one embedded in another.
func openDOCX(ctx context.Context, body []byte, embedded bool) (Parsed, error) {
	p, err := openPack(body)
	if err != nil {
		return Parsed{}, err
	}
	d := &docx{walkContext: walkContext{ctx}, pack: p, out: &page{}, embedded: embedded}
	for _, step := range []func() error{d.readStyles, d.readNumbering, d.readComments, d.readNotes, d.readBody} {
		if err := step(); err != nil {
			return Parsed{}, err
		}
	}
	for _, id := range d.noteIDs { // those that nothing refers to
		d.putNote(id)
	}
	meta, err := officeProperties(d.walkContext, p)
	if err != nil {
		return Parsed{}, err
	}
	return d.out.parsed(meta), nil
}

type docx struct {
	walkContext
	pack      *pack
	styles    map[string]docxStyle
	numbering docxNumbering
	rels      map[string]relation
	comments  map[string]comment
	notes     map[string]*page // by kind and id
	noteIDs   []string
	out       *page
	after     []func() // what is to be written after the open paragraph or row
	tables    int      // those that are open
	embedded  bool     // it is part of another document
}

func (d *docx) part(name string) (*xmlWalker, error) {
	b, err := d.pack.file(name)
	if err != nil || b == nil {
		return nil, err
	}
	return d.open(b), nil
}

func (d *docx) readBody() error {
	x, err := d.part("word/document.xml")
	if err != nil {
		return err
	}
	if x == nil {
		return Permanent("damaged: word/document.xml is missing")
	}
	if d.rels, err = d.pack.relations(d.walkContext, "word/document.xml"); err != nil {
		return err
	}
	return x.walk(d.block)
}

// block reads what stands where paragraphs do.
func (d *docx) block(x *xmlWalker, e element) error {
	switch e.Name.Local {
	case "p":
		return d.paragraph(x)
	case "tbl":
		return d.table(x)
	case "altChunk":
		return d.embed(e.attr("id"))
	case "sectPr", "del", "moveFrom", "Fallback", "sdtPr", "sdtEndPr":
		return nil
	}
	return x.descend()
}

// docxParagraph is a paragraph being read.
type docxParagraph struct {
	text  strings.Builder
	style string
	level int // outline level + 1, set on the paragraph itself; 0: none
	num   docxNum
	math  int // where the last formula ends
	// The open run is superscript, or not shown.
	sup, hidden bool
}

// runProperty reads how the open run is shown.
func (p *docxParagraph) runProperty(_ *xmlWalker, e element) error {
	switch e.Name.Local {
	case "vertAlign":
		p.sup = e.attr("val") == "superscript"
	case "vanish":
		p.hidden = isOn(e)
	}
	return nil
}

// write adds text of the open run.
func (p *docxParagraph) write(s string) {
	switch s = ticks.Replace(s); {
	case p.hidden:
	case p.sup:
		writeRaised(&p.text, s)
	default:
		p.text.WriteString(s)
	}
}

func (d *docx) paragraph(x *xmlWalker) error {
	p, err := d.readParagraph(x)
	if err == nil {
		d.put(p)
		d.putAfter()
	}
	return err
}

// putAfter writes the descriptions and comments that were met.
func (d *docx) putAfter() {
	for _, put := range d.after {
		put()
	}
	d.after = nil
}

func (d *docx) readParagraph(x *xmlWalker) (*docxParagraph, error) {
	p := &docxParagraph{}
	err := x.walk(func(x *xmlWalker, e element) error { return d.inline(x, e, p) })
	return p, err
}

// inline reads what stands inside a paragraph.
func (d *docx) inline(x *xmlWalker, e element, p *docxParagraph) error {
	switch e.Name.Local {
	case "pStyle":
		p.style = e.attr("val")
	case "outlineLvl":
		p.level = outline(e.attr("val"))
	case "ilvl":
		p.num.level, p.num.set = small(e.attr("val")), true
	case "numId":
		p.num.id, p.num.set = e.attr("val"), true
	case "t":
		return x.walkText(nil, p.write)
	case "r":
		p.sup, p.hidden = false, false
		return x.descend()
	case "rPr":
		return x.walk(p.runProperty)
	case "chart":
		return chart(d.walkContext, d.pack, d.rels[e.attr("id")].target, d.out)
	case "relIds":
		return diagram(d.walkContext, d.pack, d.rels[e.attr("dm")].target, d.out)
	case "docPr":
		d.describe(e.attr("descr"))
	case "shape": // VML
		d.describe(e.attr("alt"))
		return x.descend()
	case "textpath":
		p.text.WriteString(e.attr("string"))
	case "commentReference":
		if c, ok := d.comments[e.attr("id")]; ok {
			d.after = append(d.after, func() { c.put(d.out) })
			delete(d.comments, c.id)
		}
	case "footnoteReference", "endnoteReference":
		id := strings.TrimSuffix(e.Name.Local, "Reference") + e.attr("id")
		d.after = append(d.after, func() { d.putNote(id) })
	case "txbxContent":
		return x.walk(d.block)
	case "instrText", "del", "moveFrom", "Fallback", "sdtEndPr", "tabs", "rt": // rt: a reading
	default:
		return p.character(x, e)
	}
	return nil
}

// put makes a block of a paragraph.
func (d *docx) put(p *docxParagraph) {
	style := d.style(p.style)
	text := strings.TrimSpace(tidy(p.text.String()))
	if text == "" {
		return
	}
	b := Block{Kind: Paragraph, Level: p.level}
	if b.Level == 0 {
		b.Level = style.level
	}
	num, label := d.label(p, style)
	switch {
	case b.Level > 0:
		b.Kind = Heading
		if label != "" && !isBullet(label) {
			text = label + " " + text
		}
	case style.code:
		b.Kind, text = Code, strings.TrimRight(p.text.String(), " \n")
	case style.caption:
		b.Kind = Caption
	case label != "":
		b.Kind, text = ListItem, label+" "+text
	}
	if b.Kind == Code && d.out.join(text) {
		return
	}
	indent := 0
	if b.Kind == ListItem {
		indent = 2 * num.level
	}
	d.out.put(b, text, indent)
}

// label counts a paragraph that is in a list, as it says or as its style does.
func (d *docx) label(p *docxParagraph, style docxStyle) (docxNum, string) {
	num := p.num
	if !num.set {
		num = style.num
	}
	return num, d.numbering.label(num)
}

// describe keeps a picture's description for after the paragraph.
func (d *docx) describe(s string) {
	if alt := altText(s); alt != "" {
		d.after = append(d.after, func() { d.out.put(Block{Kind: Caption}, alt, 0) })
	}
}

// readComments keeps comments by id, until the text refers to them.
func (d *docx) readComments() error {
	list, err := d.pack.comments(d.walkContext, "word/comments.xml", nil)
	d.comments = map[string]comment{}
	for _, c := range list {
		d.comments[c.id] = c
	}
	return err
}

// isOn is what a property says that may be switched off (ECMA-376 part 1, 17.17.4).
func isOn(e element) bool {
	v := e.attr("val")
	return v != "0" && v != "false" && v != "off"
}

// checkBox writes a form field's box.
func checkBox(x *xmlWalker, b *strings.Builder) error {
	checked := false
	err := x.walk(func(_ *xmlWalker, e element) error {
		if n := e.Name.Local; n == "default" || n == "checked" {
			checked = isOn(e)
		}
		return nil
	})
	if checked {
		b.WriteString("[x]")
	} else {
		b.WriteString("[ ]")
	}
	return err
}
