package parse

import (
	"context"
	"io"
	"strings"

	"github.com/richardlehane/mscfb"
)

// outlook is a message as Outlook saves it ([MS-OXMSG]).
type outlook struct {
	found bool
	bytes int
	text  map[string]string // by property id
	files []outlookFile     // in the order of their storages
	index map[string]int
}

type outlookFile struct {
	name string
	body []byte
}

const (
	oleProperty   = "__substg1.0_"
	oleAttachment = "__attach_version1.0_"
)

// outlookFields are properties of the message: the header line each becomes.
var outlookFields = []struct{ id, name, key string }{
	{"0C1A", "From", "from"}, {"0E04", "To", "to"}, {"0E03", "Cc", "cc"}, {"0037", "Subject", "title"},
}

// stream keeps a property that is of use.
func (m *outlook) stream(f *mscfb.File) error {
	property, ok := strings.CutPrefix(f.Name, oleProperty)
	if !ok || len(property) != 8 {
		return nil
	}
	id, kind := strings.ToUpper(property[:4]), strings.ToUpper(property[4:])
	attached := len(f.Path) == 1 && strings.HasPrefix(f.Path[0], oleAttachment)
	if len(f.Path) != 0 && !attached || attached && id != "3707" && id != "3704" && id != "3701" {
		return nil
	}
	if m.bytes += int(min(f.Size, MaxBytes+1)); f.Size < 0 || m.bytes > 2*MaxBytes {
		return Permanent("damaged: a message larger than its file")
	}
	b, err := io.ReadAll(io.LimitReader(f, MaxBytes))
	if err != nil {
		return Permanent("damaged: not a whole compound file (%v)", err)
	}
	m.found = true
	if attached {
		m.attachment(f.Path[0], id, kind, b)
		return nil
	}
	if s := oleText(kind, b); s != "" {
		m.text[id] = s
	}
	if id == "1013" && kind == "0102" {
		m.text[id], _ = decodeHTML(b)
	}
	return nil
}

func (m *outlook) attachment(storage, id, kind string, b []byte) {
	i, ok := m.index[storage]
	if !ok {
		i = len(m.files)
		m.index[storage] = i
		m.files = append(m.files, outlookFile{})
	}
	switch {
	case id == "3701":
		m.files[i].body = b
	case id == "3707" || m.files[i].name == "":
		m.files[i].name = oleText(kind, b)
	}
}

// oleText decodes a property of text: UTF-16, or 8-bit in some charset.
func oleText(kind string, b []byte) string {
	switch kind {
	case "001F":
		s, err := decodeUTF16(append([]byte{0xff, 0xfe}, b...))
		if err != nil {
			return ""
		}
		return canonical(tidy(s))
	case "001E":
		s, err := decodeAny(b)
		if err != nil {
			return ""
		}
		return tidy(s)
	}
	return ""
}

func (m *outlook) parsed(ctx context.Context) (Parsed, error) {
	var out joined
	var lines []string
	meta := map[string]any{}
	for _, f := range outlookFields {
		if v := cutBytes(oneLine(m.text[f.id]), maxFieldBytes); v != "" {
			lines = append(lines, f.name+": "+v)
			meta[f.key] = v
		}
	}
	var head page
	if len(lines) > 0 {
		head.put(Block{Kind: Paragraph}, strings.Join(lines, "\n"), 0)
	}
	out.add(Parsed{Text: head.text(), Blocks: head.blocks})
	text, read := m.text["1000"], readPlain
	if strings.TrimSpace(text) == "" {
		text, read = m.text["1013"], readRendered
	}
	p, err := read(ctx, []byte(text))
	if err != nil {
		return Parsed{}, err
	}
	out.add(p)
	var files attachments
	var list page
	for _, f := range m.files {
		if len(f.body) == 0 {
			continue
		}
		list.put(Block{Kind: ListItem}, "Attachment: "+safeName(f.name), 0)
		if files.room(len(f.body)) {
			if err := files.add(ctx, f.name, f.body); ctx.Err() != nil {
				return Parsed{}, err
			}
		}
	}
	out.add(Parsed{Text: list.text(), Blocks: list.blocks})
	parsed := out.parsed(meta)
	parsed.Attachments = files.list
	return parsed, nil
}
