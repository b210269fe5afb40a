package parse

import (
	"context"
	"slices"
	"strings"
)

// readODF reads OpenDocument text, spreadsheets and presentations (ISO/IEC
// 26300). Page is the sheet or slide. Tracked deletions and comments are left out.
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
	var d odf
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
	out    page
	lists  int  // how many lists are open
	item   bool // the next paragraph begins a list item
	sheets bool // tables are sheets
	title  bool // inside the frame of a slide's title
}

// block reads what stands where paragraphs do.
func (d *odf) block(x *xmlWalker, e element) error {
	switch e.Name.Local {
	case "h":
		text, err := d.inline(x)
		d.out.put(Block{Kind: Heading, Level: max(1, small(e.attr("outline-level")))}, oneLine(text), 0)
		return err
	case "p":
		return d.paragraph(x, e)
	case "list":
		return d.list(x)
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
	case "tracked-changes", "annotation", "annotation-end", "forms", "automatic-styles", "styles", "master-styles",
		"scripts", "font-face-decls", "sequence-decls", "date-time", "footer", "page-number", "calculation-settings",
		"content-validations", "database-ranges", "named-expressions", "index-title-template", "settings", "notes-configuration":
		return nil
	}
	return x.descend()
}

func (d *odf) paragraph(x *xmlWalker, e element) error {
	style := strings.ToLower(e.attr("style-name"))
	text, err := d.inline(x)
	switch {
	case strings.TrimSpace(text) == "":
	case d.title:
		d.out.put(Block{Kind: Heading, Level: 1}, oneLine(text), 0)
	case d.lists > 0 && d.item:
		d.item = false
		d.out.put(Block{Kind: ListItem}, bullet+" "+text, 2*(d.lists-1))
	case style == "title":
		d.out.put(Block{Kind: Heading, Level: 1}, oneLine(text), 0)
	case strings.HasPrefix(style, "preformatted"):
		if !d.out.join(text) {
			d.out.put(Block{Kind: Code}, text, 0)
		}
	default:
		d.out.put(Block{Kind: Paragraph}, text, 0)
	}
	return err
}

func (d *odf) list(x *xmlWalker) error {
	d.lists++
	defer func() { d.lists-- }()
	return x.walk(func(x *xmlWalker, e element) error {
		if e.Name.Local == "list-item" || e.Name.Local == "list-header" {
			d.item = true
		}
		return x.walk(d.block)
	})
}

// inline returns a paragraph's text. Frames inside it are laid out before it,
// footnotes in brackets where they are called.
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
			return x.walk(d.block)
		case "note":
			return x.walk(func(x *xmlWalker, e element) error {
				if e.Name.Local != "note-body" {
					return nil
				}
				b.WriteString(" [")
				err := x.walkText(visit, text)
				b.WriteString("]")
				return err
			})
		case "annotation", "annotation-end", "tracked-changes", "ruby-text":
		default:
			return x.walkText(visit, text)
		}
		return nil
	}
	err := x.walkText(visit, text)
	return strings.TrimSpace(tidy(b.String())), err
}

// table writes rows; a sheet is a page of its own with its name as heading.
func (d *odf) table(x *xmlWalker, e element) error {
	if d.sheets {
		d.out.page++
		d.out.put(Block{Kind: Heading, Level: 1}, oneLine(tidy(e.attr("name"))), 0)
	}
	var t rows
	var visit visitor
	visit = func(x *xmlWalker, e element) error {
		switch e.Name.Local {
		case "table-row":
			cells, err := d.row(x)
			t.add(&d.out, cells)
			return err
		case "table-header-rows", "table-rows", "table-row-group":
			return x.walk(visit)
		}
		return nil
	}
	return x.walk(visit)
}

func (d *odf) row(x *xmlWalker) (cells []string, err error) {
	err = x.walk(func(x *xmlWalker, e element) error {
		if e.Name.Local != "table-cell" && e.Name.Local != "covered-table-cell" {
			return nil
		}
		var cell []string
		var visit visitor
		visit = func(x *xmlWalker, e element) error {
			switch e.Name.Local {
			case "p", "h":
				text, err := d.inline(x)
				cell = append(cell, text)
				return err
			case "annotation", "shapes":
				return nil
			}
			return x.walk(visit)
		}
		err := x.walk(visit)
		text := strings.Join(cell, " ")
		cells = append(cells, text)
		if repeat := small(e.attr("number-columns-repeated")); repeat > 1 && text != "" && len(text) <= maxRepeated {
			cells = append(cells, slices.Repeat([]string{text}, repeat-1)...)
		}
		return err
	})
	return cells, err
}
