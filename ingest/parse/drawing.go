package parse

import "strings"

// drawing reads the shapes of DrawingML: what stands on a slide, or on a sheet.
type drawing struct {
	walkContext
	pack *pack
	rels map[string]relation // of the part being read
	out  *page
	spot *spot // of the shape being read; may be nil
}

func (d *drawing) note(e element) {
	if d.spot != nil {
		d.spot.note(e)
	}
}

// shape reads what stands on a slide or sheet.
func (d *drawing) shape(x *xmlWalker, e element) error {
	d.note(e)
	switch e.Name.Local {
	case "sp":
		return d.textShape(x)
	case "tbl":
		return d.table(x)
	case "chart":
		return chart(d.walkContext, d.pack, d.rels[e.attr("id")].target, d.out)
	case "relIds":
		return diagram(d.walkContext, d.pack, d.rels[e.attr("dm")].target, d.out)
	case "cNvPr":
		d.out.put(Block{Kind: Caption}, altText(e.attr("descr")), 0)
		return nil
	case "Fallback", "transition", "timing":
		return nil
	}
	return x.descend()
}

type slideParagraph struct {
	text  string
	level int
	plain bool   // without bullet
	mark  string // its own bullet, where it has one
	// numbers is the kind of automatic number, "arabicPeriod" or the like; the
	// first of a list is start.
	numbers string
	start   int
}

func (d *drawing) textShape(x *xmlWalker) error {
	kind, paragraphs, err := d.readShape(x)
	var count slideNumbers
	for _, p := range paragraphs {
		mark := p.mark
		if p.numbers != "" {
			mark = count.label(p)
		} else {
			count.end(p.level)
		}
		switch {
		case kind == "dt" || kind == "ftr" || kind == "sldNum" || kind == "hdr":
		case kind == "title" || kind == "ctrTitle":
			d.out.put(Block{Kind: Heading, Level: 1}, oneLine(p.text), 0)
		case mark != "":
			d.out.put(Block{Kind: ListItem}, mark+" "+p.text, 2*p.level)
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
func (d *drawing) readShape(x *xmlWalker) (kind string, paragraphs []slideParagraph, err error) {
	err = x.walk(func(x *xmlWalker, e element) error {
		d.note(e)
		switch e.Name.Local {
		case "ph":
			kind = placeholder(e)
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

func (d *drawing) paragraph(x *xmlWalker) (slideParagraph, error) {
	var p slideParagraph
	var b strings.Builder
	sup := false
	err := x.walk(func(x *xmlWalker, e element) error {
		switch e.Name.Local {
		case "t":
			return x.walkText(nil, func(s string) {
				if s = ticks.Replace(s); sup {
					writeRaised(&b, s)
				} else {
					b.WriteString(s)
				}
			})
		case "r":
			sup = false
		case "rPr":
			sup = e.attr("baseline") > "0" // in thousandths of the size; below the line it is negative
			return nil
		case "br":
			b.WriteByte('\n')
			return nil
		case "pPr":
			p.level = small(e.attr("lvl"))
		case "buNone":
			p.plain = true
		case "buChar", "buBlip":
			p.mark = bullet
		case "buAutoNum":
			p.numbers, p.start = e.attr("type"), max(1, small(e.attr("startAt")))
		case "oMath":
			return formula(x, &b)
		case "endParaRPr", "Fallback":
			return nil
		}
		return x.descend()
	})
	p.text = strings.TrimSpace(tidy(b.String()))
	return p, err
}

func (d *drawing) table(x *xmlWalker) error {
	var t rows
	var grid spans
	return x.walk(func(x *xmlWalker, e element) error {
		if e.Name.Local != "tr" {
			return nil
		}
		grid.begin()
		err := x.walk(func(x *xmlWalker, e element) error {
			if e.Name.Local != "tc" {
				return nil
			}
			_, paragraphs, err := d.readShape(x)
			var cell []string
			for _, p := range paragraphs {
				cell = append(cell, p.text)
			}
			if e.attr("hMerge") == "" && e.attr("vMerge") == "" { // else it is covered
				grid.cell(strings.Join(cell, " "), small(e.attr("gridSpan")), small(e.attr("rowSpan")))
			}
			return err
		})
		t.add(d.out, grid.end())
		return err
	})
}
