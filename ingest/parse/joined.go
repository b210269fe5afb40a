package parse

import "strings"

// joined is a document made of several: an archive's chapters, a notebook's
// cells, a mailbox's messages.
type joined struct {
	text   strings.Builder
	blocks blockList
}

// add appends a part after a blank line. A part without blocks is left out.
func (j *joined) add(p Parsed) {
	if len(p.Blocks) == 0 {
		return
	}
	if j.text.Len() > 0 {
		j.text.WriteString("\n\n")
	}
	base := j.text.Len()
	for _, b := range p.Blocks {
		b.Start, b.End = b.Start+base, b.End+base
		j.blocks.push(b)
	}
	j.text.WriteString(p.Text)
}

// parsed is the whole. Its title is meta's, which is taken out, or the first
// heading.
func (j *joined) parsed(meta map[string]any) Parsed {
	return titled(Parsed{Text: j.text.String(), Blocks: j.blocks, Metadata: meta})
}

// titled moves the title out of the metadata, or takes the first heading.
func titled(p Parsed) Parsed {
	p.Title, _ = p.Metadata["title"].(string)
	delete(p.Metadata, "title")
	if p.Title == "" {
		p.Title = blockList(p.Blocks).title(p.Text)
	}
	return p
}
