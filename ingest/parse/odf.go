package parse

import (
	"context"
	"strings"
)

// readODF reads OpenDocument text, spreadsheets and presentations (ISO/IEC
// 26300), comments and pictures' descriptions included. Page is the sheet or
// slide. Tracked deletions are left out.
func readODF(ctx context.Context, body []byte) (Parsed, error) {
	p, err := openPack(body)
	if err != nil {
		return Parsed{}, err
	}
	w := walkContext{ctx}
	content, err := p.file("content.xml")
	if err != nil {
		return Parsed{}, err
	}
	if content == nil {
		return Parsed{}, Permanent("damaged: content.xml is missing")
	}
	manifest, err := p.file("META-INF/manifest.xml")
	if err != nil {
		return Parsed{}, err
	}
	if strings.Contains(string(manifest), "encryption-data") {
		return Parsed{}, Permanent("password-protected: remove the password and send it again")
	}
	d := odf{walkContext: w, pack: p, styles: odfStyles{map[string]string{}, map[string][11]odfLevel{}}}
	for _, part := range []string{"styles.xml", "content.xml"} {
		b, err := p.file(part)
		if err != nil {
			return Parsed{}, err
		}
		if err := w.open(b).walk(d.styles.read); err != nil {
			return Parsed{}, err
		}
	}
	if err := w.open(content).walk(d.block); err != nil {
		return Parsed{}, err
	}
	meta := map[string]any{}
	if b, err := p.file("meta.xml"); err == nil && b != nil {
		if meta, err = properties(w.open(b)); err != nil {
			return Parsed{}, err
		}
	}
	return d.out.parsed(meta), nil
}

type odf struct {
	walkContext
	pack    *pack
	objects map[string]bool // those that have been read
	inside  bool            // an object is being read

	out    page
	styles odfStyles
	lists  []odfList // those that are open
	last   odfList   // closed last
	sheets bool      // tables are sheets
	title  bool      // inside the frame of a slide's title
	// remarks are the comments on the open paragraph or row.
	remarks []comment
}

// block reads what stands where paragraphs do.
func (d *odf) block(x *xmlWalker, e element) error {
	switch e.Name.Local {
	case "h":
		text, err := d.inline(x)
		d.out.put(Block{Kind: Heading, Level: max(1, small(e.attr("outline-level")))}, oneLine(text), 0)
		d.putRemarks()
		return err
	case "p":
		return d.paragraph(x, e)
	case "list":
		return d.list(x, e)
	case "table":
		return d.table(x, e)
	case "page":
		d.out.page++
	case "frame":
		class := e.attr("class")
		d.title = class == "title"
		err := x.descend()
		d.title = false
		return err
	case "spreadsheet":
		d.sheets = true
	case "desc":
		text, err := xmlText(x)
		d.out.put(Block{Kind: Caption}, altText(text), 0)
		return err
	case "object":
		formula, err := d.object(e.attr("href"))
		d.out.put(Block{Kind: Paragraph}, formula, 0)
		return err
	case "annotation":
		if err := d.annotation(x); err != nil {
			return err
		}
		d.putRemarks()
		return nil
	case "tracked-changes", "annotation-end", "forms", "automatic-styles", "styles", "master-styles",
		"scripts", "font-face-decls", "sequence-decls", "date-time", "footer", "page-number", "calculation-settings",
		"content-validations", "database-ranges", "named-expressions", "index-title-template", "settings", "notes-configuration":
		return nil
	}
	return x.descend()
}

func (d *odf) paragraph(x *xmlWalker, e element) error {
	style := e.attr("style-name")
	depth := len(d.lists)
	text, err := d.inline(x)
	switch {
	case strings.TrimSpace(text) == "":
	case d.title:
		d.out.put(Block{Kind: Heading, Level: 1}, oneLine(text), 0)
	case depth > 0 && d.lists[depth-1].marker != "":
		d.out.put(Block{Kind: ListItem}, d.lists[depth-1].marker+" "+text, 2*(depth-1))
		d.lists[depth-1].marker = ""
	case d.styles.is(style, "Title"):
		d.out.put(Block{Kind: Heading, Level: 1}, oneLine(text), 0)
	case strings.HasPrefix(strings.ToLower(style), "preformatted"), d.styles.is(style, "Preformatted_20_Text"):
		if !d.out.join(text) {
			d.out.put(Block{Kind: Code}, text, 0)
		}
	default:
		d.out.put(Block{Kind: Paragraph}, text, 0)
	}
	d.putRemarks()
	return err
}

// annotation keeps a comment for after the text that it stands in.
func (d *odf) annotation(x *xmlWalker) error {
	var c comment
	var text strings.Builder
	err := x.walk(func(x *xmlWalker, e element) error {
		s, err := xmlText(x)
		switch e.Name.Local {
		case "creator":
			c.author = s
		case "date":
			c.date = day(s)
		case "p", "list":
			text.WriteString(" " + s)
		}
		return err
	})
	c.text = text.String()
	d.remarks = append(d.remarks, c)
	return err
}

func (d *odf) putRemarks() {
	for _, c := range d.remarks {
		c.put(&d.out)
	}
	d.remarks = nil
}

func (d *odf) list(x *xmlWalker, e element) error {
	l := odfList{style: e.attr("style-name")}
	depth := len(d.lists)
	if depth > 0 && l.style == "" {
		l.style = d.lists[depth-1].style
	}
	if e.attr("continue-numbering") == "true" && l.style == d.last.style {
		l.count = d.last.count
	}
	d.lists = append(d.lists, l)
	defer func() { d.last, d.lists = d.lists[depth], d.lists[:depth] }()
	return x.walk(func(x *xmlWalker, e element) error {
		if e.Name.Local == "list-item" || e.Name.Local == "list-header" {
			d.lists[depth].begin(&d.styles, depth+1, e.Name.Local == "list-header")
		}
		return x.walk(d.block)
	})
}

// inline returns a paragraph's text. Frames inside it are laid out before it,
// formulas and, in brackets, footnotes where they stand.
func (d *odf) inline(x *xmlWalker) (string, error) {
	var b strings.Builder
	var visit visitor
	text := func(s string) { b.WriteString(s) }
	visit = func(x *xmlWalker, e element) error {
		switch e.Name.Local {
		case "s":
			b.WriteString(strings.Repeat(" ", max(1, small(e.attr("c")))))
		case "tab":
			b.WriteByte('\t')
		case "line-break":
			b.WriteByte('\n')
		case "frame", "custom-shape":
			return x.walk(func(x *xmlWalker, e element) error {
				if e.Name.Local != "object" {
					return d.block(x, e)
				}
				formula, err := d.object(e.attr("href"))
				b.WriteString(formula)
				return err
			})
		case "note":
			return x.walk(func(x *xmlWalker, e element) error {
				if e.Name.Local != "note-body" {
					return nil
				}
				before := " ["
				err := x.walk(func(x *xmlWalker, _ element) error {
					b.WriteString(before)
					before = " "
					return x.walkText(visit, text)
				})
				b.WriteString("]")
				return err
			})
		case "hidden-text", "hidden-paragraph":
			if e.attr("is-hidden") != "true" {
				return x.walkText(visit, text)
			}
		case "annotation":
			return d.annotation(x)
		case "annotation-end", "tracked-changes", "ruby-text":
		default:
			return x.walkText(visit, text)
		}
		return nil
	}
	err := x.walkText(visit, text)
	return strings.TrimSpace(tidy(b.String())), err
}
