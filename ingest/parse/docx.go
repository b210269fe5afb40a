package parse

import (
	"context"
	"slices"
	"strings"
)

// readDOCX reads a WordprocessingML document (ECMA-376, both Transitional and
// Strict): body, text boxes and tables in reading order, then footnotes.
// Deleted text, comments, page headers and footers are left out.
func readDOCX(ctx context.Context, body []byte) (Parsed, error) {
	p, err := openPack(body)
	if err != nil {
		return Parsed{}, err
	}
	d := &docx{walkContext: walkContext{ctx}, pack: p}
	for _, step := range []func() error{d.readStyles, d.readNumbering, d.readBody, d.readNotes} {
		if err := step(); err != nil {
			return Parsed{}, err
		}
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
	out       page
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
}

func (d *docx) paragraph(x *xmlWalker) error {
	p, err := d.readParagraph(x)
	if err == nil {
		d.put(p)
	}
	return err
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
		return x.walkText(nil, func(s string) { p.text.WriteString(s) })
	case "tab", "ptab":
		p.text.WriteByte('\t')
	case "br", "cr":
		p.text.WriteByte('\n')
	case "noBreakHyphen":
		p.text.WriteByte('-')
	case "sym":
		p.text.WriteString(symbol(e.attr("char")))
	case "oMath":
		return formula(x, &p.text)
	case "chart":
		return chart(d.walkContext, d.pack, d.rels[e.attr("id")].target, &d.out)
	case "txbxContent":
		return x.walk(d.block)
	case "instrText", "del", "moveFrom", "Fallback", "rPr", "sdtEndPr", "tabs", "docPr":
	default:
		return x.descend()
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
	num := p.num
	if !num.set {
		num = style.num
	}
	b := Block{Kind: Paragraph, Level: p.level}
	if b.Level == 0 {
		b.Level = style.level
	}
	label := d.numbering.label(num)
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

// table writes each row as a block, its cells joined by bars.
func (d *docx) table(x *xmlWalker) error {
	var t rows
	var above []string
	return x.walk(func(x *xmlWalker, e element) error {
		switch e.Name.Local {
		case "tr":
			cells, err := d.row(x, above)
			above = slices.Clone(cells)
			t.add(&d.out, cells)
			return err
		case "sdt", "sdtContent", "ins":
			return x.descend()
		}
		return nil
	})
}

// row returns a row's cells. One merged with the cell above repeats its text, so
// that each row can be understood alone; one merged across is followed by blanks.
func (d *docx) row(x *xmlWalker, above []string) (cells []string, err error) {
	err = x.walk(func(x *xmlWalker, e element) error {
		switch e.Name.Local {
		case "tc":
			c := docxCell{span: 1}
			err := x.walk(func(x *xmlWalker, e element) error { return d.cell(x, e, &c) })
			if c.continues && len(cells) < len(above) {
				c.text.WriteString(above[len(cells)])
			}
			cells = append(cells, c.text.String())
			for range c.span - 1 {
				cells = append(cells, "")
			}
			return err
		case "sdt", "sdtContent", "ins":
			return x.descend()
		}
		return nil
	})
	return cells, err
}

type docxCell struct {
	text      strings.Builder
	span      int
	continues bool // merged with the cell above
}

// cell adds the text of what stands in a table's cell, nested tables included.
func (d *docx) cell(x *xmlWalker, e element, cell *docxCell) error {
	switch e.Name.Local {
	case "gridSpan":
		cell.span = max(1, small(e.attr("val")))
	case "vMerge":
		cell.continues = e.attr("val") != "restart"
	case "p":
		p, err := d.readParagraph(x)
		if err != nil {
			return err
		}
		if label := d.numbering.label(p.num); label != "" {
			cell.text.WriteString(" " + label)
		}
		cell.text.WriteString(" " + p.text.String())
	case "sdtPr", "tblPr", "Fallback":
	default:
		return x.descend()
	}
	return nil
}

// readNotes appends footnotes and endnotes.
func (d *docx) readNotes() error {
	for _, part := range []string{"word/footnotes.xml", "word/endnotes.xml"} {
		x, err := d.part(part)
		if err != nil {
			return err
		}
		if x == nil {
			continue
		}
		err = x.walk(func(x *xmlWalker, e element) error {
			switch t := e.attr("type"); {
			case e.Name.Local != "footnote" && e.Name.Local != "endnote":
				return x.descend()
			case t == "separator" || t == "continuationSeparator" || t == "continuationNotice":
				return nil
			}
			return x.walk(d.block)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
