package parse

import "strings"

// put makes one block of an element's text, after its label.
func (a *jats) put(x *xmlWalker, b Block) error {
	text, err := a.inline(x)
	if text = oneLine(a.label + " " + text); text != "" {
		a.out.put(b, text, 0)
	}
	a.label = ""
	return err
}

// inline returns an element's text on one line.
func (a *jats) inline(x *xmlWalker) (string, error) {
	var b strings.Builder
	err := x.walkText(jatsInline(&b, nil), func(s string) { b.WriteString(s) })
	return oneLine(tidy(b.String())), err
}

// jatsSpaced are elements without white space around them that stand apart.
var jatsSpaced = map[string]bool{
	"p": true, "title": true, "name": true, "surname": true, "given-names": true, "year": true, "source": true, "volume": true,
	"article-title": true, "fpage": true, "lpage": true, "label": true, "list-item": true, "td": true, "term": true, "def": true,
	"break": true, "collab": true, "issue": true, "pub-id": true, "publisher-name": true, "publisher-loc": true,
	"institution": true, "institution-wrap": true, "addr-line": true, "city": true, "state": true, "country": true, "email": true,
}

// jatsInline writes text to b; outside, which may be nil, takes the elements
// that are blocks of their own wherever they stand and reports whether it did.
func jatsInline(b *strings.Builder, outside func(*xmlWalker, element) (bool, error)) visitor {
	var visit visitor
	visit = func(x *xmlWalker, e element) error {
		if outside != nil {
			if done, err := outside(x, e); done || err != nil {
				return err
			}
		}
		switch e.Name.Local {
		case "alternatives":
			return alternatives(x, b)
		case "tex-math":
			s, err := xmlText(x)
			b.WriteString(texBody(s))
			return err
		case "math":
			s, err := readMathML(x)
			b.WriteString(s)
			return err
		case "graphic", "inline-graphic", "media", "annotation":
			return nil
		case "sup":
			return jatsRaised(x, b)
		}
		spaced := jatsSpaced[e.Name.Local]
		if spaced {
			b.WriteByte(' ')
		}
		if kind := e.attr("pub-id-type"); e.Name.Local == "pub-id" && (kind == "doi" || kind == "pmid" || kind == "pmcid") {
			b.WriteString(kind + ": ") // a number alone would not say whose
		}
		err := x.walkText(visit, func(s string) { b.WriteString(s) })
		if spaced {
			b.WriteByte(' ')
		}
		return err
	}
	return visit
}

// jatsRaised writes superscript; what refers to a note or source stands apart.
func jatsRaised(x *xmlWalker, b *strings.Builder) error {
	var sup strings.Builder
	plain, refers := jatsInline(&sup, nil), false
	err := x.walkText(func(x *xmlWalker, e element) error {
		refers = refers || e.Name.Local == "xref"
		return plain(x, e)
	}, func(s string) { sup.WriteString(s) })
	if refers {
		b.WriteString(" " + sup.String())
	} else {
		writeRaised(b, sup.String())
	}
	return err
}

// alternatives takes one of the forms that a formula is given in: TeX if it is
// among them.
func alternatives(x *xmlWalker, b *strings.Builder) error {
	var tex, other strings.Builder
	plain := jatsInline(&other, nil)
	err := x.walk(func(x *xmlWalker, e element) error {
		if e.Name.Local != "tex-math" {
			return plain(x, e)
		}
		s, err := xmlText(x)
		tex.WriteString(texBody(s))
		return err
	})
	if tex.Len() > 0 {
		b.WriteString(tex.String())
	} else {
		b.WriteString(other.String())
	}
	return err
}

// texBody takes a formula out of the document that some publishers wrap it in.
func texBody(s string) string {
	if _, body, ok := strings.Cut(s, `\begin{document}`); ok {
		s, _, _ = strings.Cut(body, `\end{document}`)
	}
	return strings.Trim(strings.TrimSpace(s), "$")
}

// paragraph writes an element's text; lists, tables, figures and displayed
// formulas inside it follow as blocks of their own, and it goes on after them.
func (a *jats) paragraph(x *xmlWalker, kind Kind, mark string) error {
	var b strings.Builder
	if a.label != "" && kind == Paragraph { // a note's
		mark, a.label = a.label+" ", ""
	}
	flush := func() {
		if text := oneLine(tidy(b.String())); text != "" {
			a.out.put(Block{Kind: kind}, mark+text, 0)
			mark = ""
		}
		b.Reset()
	}
	outside := func(x *xmlWalker, e element) (bool, error) {
		switch e.Name.Local {
		case "list", "def-list", "table-wrap", "fig", "fig-group", "boxed-text", "disp-formula", "disp-quote", "supplementary-material", "preformat", "code":
			flush()
			x.visit, x.text = a.block, nil // for what it descends into
			return true, a.block(x, e)
		}
		return false, nil
	}
	err := x.walkText(jatsInline(&b, outside), func(s string) { b.WriteString(s) })
	flush()
	return err
}

func (a *jats) code(x *xmlWalker) error {
	var b strings.Builder
	text := func(s string) { b.WriteString(s) }
	var visit visitor
	visit = func(x *xmlWalker, _ element) error { return x.walkText(visit, text) }
	err := x.walkText(visit, text)
	if s := strings.Trim(canonical(tidy(b.String())), "\n "); s != "" {
		a.out.put(Block{Kind: Code}, s, 0)
	}
	return err
}

// table writes a table's rows; a cell over several rows is repeated in each.
func (a *jats) table(x *xmlWalker) error {
	var t rows
	var grid spans
	var visit visitor
	head := false
	visit = func(x *xmlWalker, e element) error {
		if e.Name.Local != "tr" {
			head = e.Name.Local == "thead"
			return x.walk(visit)
		}
		grid.begin()
		err := x.walk(func(x *xmlWalker, e element) error {
			text, err := a.inline(x)
			grid.cell(text, small(e.attr("colspan")), small(e.attr("rowspan")))
			return err
		})
		if row := grid.end(); head {
			t.addHeader(&a.out, row, grid.names)
		} else {
			t.add(&a.out, row)
		}
		return err
	}
	return x.walk(visit)
}
