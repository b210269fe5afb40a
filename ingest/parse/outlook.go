package parse

import (
	"context"
	"encoding/binary"
	"io"
	"strings"
	"time"

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
	oleProperties = "__properties_version1.0" // those of fixed length
	oleSender     = "5D01"                    // the sender's address
	oleAttachment = "__attach_version1.0_"
)

// outlookFields are properties of the message: the header line each becomes.
var outlookFields = []struct{ id, name, key string }{
	{"0C1A", "From", "from"}, {"0E04", "To", "to"}, {"0E03", "Cc", "cc"}, {"0039", "Date", "date"}, {"0037", "Subject", "title"},
}

// stream keeps a property that is of use.
func (m *outlook) stream(f *mscfb.File) error {
	if f.Name == oleProperties && len(f.Path) == 0 {
		return m.times(f)
	}
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

// times keeps when the message was sent, or else when it arrived ([MS-OXMSG] 2.4).
func (m *outlook) times(f io.Reader) error {
	const header, entry, sent, arrived = 32, 16, 0x0039_0040, 0x0e06_0040
	b, err := io.ReadAll(io.LimitReader(f, 64<<10))
	if err != nil {
		return Permanent("damaged: not a whole compound file (%v)", err)
	}
	for b = b[min(header, len(b)):]; len(b) >= entry; b = b[entry:] {
		tag := binary.LittleEndian.Uint32(b)
		if tag != sent && (tag != arrived || m.text["0039"] != "") {
			continue
		}
		if t, ok := fileTime(binary.LittleEndian.Uint64(b[8:])); ok {
			m.text["0039"] = t.Format(time.RFC3339)
		}
	}
	return nil
}

// fileTime is a time of Windows: steps of 100 ns since 1601.
func fileTime(n uint64) (time.Time, bool) {
	const second, to1970 = 10_000_000, 11_644_473_600
	t := time.Unix(int64(n/second)-to1970, 0).UTC()
	return t, n > 0 && t.Year() < 10_000
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
		v := cutBytes(oneLine(m.text[f.id]), maxFieldBytes)
		if address := oneLine(m.text[oleSender]); f.name == "From" && !strings.Contains(v, "@") && strings.Contains(address, "@") && len(address) < 256 {
			v = strings.TrimSpace(v + " <" + address + ">")
		}
		if v != "" {
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
