package parse

import (
	"context"
	"strings"
)

// aside has something read into a page of its own.
func (d *docx) aside(read func() error) (*page, error) {
	out, after := d.out, d.after
	d.out, d.after = &page{}, nil
	err := read()
	apart := d.out
	d.out, d.after = out, after
	return apart, err
}

// readNotes keeps footnotes and endnotes, until the text refers to them.
func (d *docx) readNotes() error {
	d.notes = map[string]*page{}
	for _, part := range []string{"word/footnotes.xml", "word/endnotes.xml"} {
		x, err := d.part(part)
		if err != nil {
			return err
		}
		if x == nil {
			continue
		}
		if d.rels, err = d.pack.relations(d.walkContext, part); err != nil {
			return err
		}
		if err = x.walk(d.note); err != nil {
			return err
		}
	}
	return nil
}

func (d *docx) note(x *xmlWalker, e element) error {
	switch t := e.attr("type"); {
	case e.Name.Local != "footnote" && e.Name.Local != "endnote":
		return x.descend()
	case t == "separator" || t == "continuationSeparator" || t == "continuationNotice":
		return nil
	}
	text, err := d.aside(func() error { return x.walk(d.block) })
	if id := e.Name.Local + e.attr("id"); d.notes[id] == nil && len(text.blocks) > 0 {
		d.notes[id] = text
		d.noteIDs = append(d.noteIDs, id)
	}
	return err
}

// putNote writes a note, once.
func (d *docx) putNote(id string) {
	if n := d.notes[id]; n != nil {
		d.out.copy(n)
		delete(d.notes, id)
	}
}

// embed reads a document in another format that stands here as a whole (ECMA-376
// part 1, 17.17.2.1), once.
func (d *docx) embed(id string) error {
	part := d.rels[id].target
	b, err := d.pack.file(part)
	if err != nil || b == nil || d.embedded {
		return err
	}
	delete(d.rels, id)
	var p Parsed
	switch mediaType := Detect(part, b); {
	case mediaType == docxType:
		p, err = openDOCX(d.ctx, b, true)
	case strings.HasSuffix(part, ".mht"):
		p, err = readArchivedPage(d.ctx, b)
	case mediaType == "text/html" || mediaType == "application/xhtml+xml":
		p, err = readHTML(d.ctx, b)
	case mediaType == "application/rtf":
		p, err = readRTF(d.ctx, b)
	case mediaType == "text/plain":
		p, err = readPlain(d.ctx, b)
	}
	if err != nil {
		return err
	}
	for _, b := range p.Blocks {
		d.out.put(b, p.Text[b.Start:b.End], 0)
	}
	return nil
}

// readArchivedPage reads a page that is saved as a message (MHTML, RFC 2557).
func readArchivedPage(ctx context.Context, body []byte) (Parsed, error) {
	m, err := openMail(ctx, body)
	if err != nil {
		return Parsed{}, err
	}
	return readRendered(ctx, []byte(m.HTML))
}

// character reads what stands for characters; what does not is looked into.
func (p *docxParagraph) character(x *xmlWalker, e element) error {
	switch e.Name.Local {
	case "tab", "ptab":
		p.text.WriteByte('\t')
	case "br", "cr":
		p.text.WriteByte('\n')
	case "noBreakHyphen":
		p.text.WriteByte('-')
	case "sym":
		p.text.WriteString(ticks.Replace(symbol(e.attr("font"), e.attr("char"))))
	case "checkBox":
		return checkBox(x, &p.text)
	case "oMath":
		if n := p.text.Len(); n > 0 && n == p.math {
			p.text.WriteByte(' ')
		}
		err := formula(x, &p.text)
		p.math = p.text.Len()
		return err
	default:
		return x.descend()
	}
	return nil
}
