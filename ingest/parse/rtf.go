package parse

import (
	"context"
	"strconv"
	"strings"

	"golang.org/x/text/encoding"
)

// readRTF reads Rich Text Format (Microsoft, version 1.9.1): paragraphs,
// outline levels, lists and table rows; destinations that are not body text are
// skipped.
func readRTF(ctx context.Context, body []byte) (Parsed, error) {
	r := &rtf{s: body, groups: []rtfGroup{{}}, fonts: map[int]*encoding.Decoder{}}
	r.charset = rtfCodepage("1252")
	for n := 0; r.at < len(r.s); n++ {
		if n&4095 == 0 && ctx.Err() != nil {
			return Parsed{}, ctx.Err()
		}
		if err := r.step(); err != nil {
			return Parsed{}, err
		}
	}
	if len(r.cells) > 0 { // a row cut short
		r.word("row", 0, false)
	}
	r.paragraph()
	return r.out.parsed(r.meta), nil
}

type rtf struct {
	s       []byte
	at      int
	groups  []rtfGroup
	charset *encoding.Decoder         // of the document
	fonts   map[int]*encoding.Decoder // by number, of those with one of their own
	font    int                       // the one being defined
	high    rune                      // first half of a surrogate pair
	skip    int                       // characters that stand for the \u before
	out     page
	table   rows
	cells   []string
	text    strings.Builder
	bytes   []byte // in the charset, not decoded yet
	level   int
	list    bool
	marker  string // of the item that has no text yet
	meta    map[string]any
}

type rtfGroup struct {
	hidden bool   // a destination without body text
	info   string // the metadata key it fills
	uc     int    // how many characters follow \u for old readers, plus 1
	fonts  bool   // the table of fonts
	marker bool   // a list item's number or bullet
	raised bool
	unseen bool // hidden or deleted text
	// charset is that of the font; nil: the document's.
	charset *encoding.Decoder
}

func (r *rtf) group() *rtfGroup { return &r.groups[len(r.groups)-1] }

// silent reports whether text here is none that is shown.
func (r *rtf) silent() bool { return r.group().hidden || r.group().unseen }

func (r *rtf) step() error {
	c := r.s[r.at]
	r.at++
	switch c {
	case '{':
		if len(r.groups) > 1000 {
			return Permanent("RTF nested more than 1000 deep")
		}
		r.decode()
		g := *r.group()
		g.info, g.marker = "", false
		r.groups = append(r.groups, g)
	case '}':
		r.endGroup()
	case '\\':
		r.control()
	case '\r', '\n':
	default:
		r.char(c)
	}
	return nil
}

func (r *rtf) endGroup() {
	r.decode()
	if key := r.group().info; key != "" {
		if s := oneLine(tidy(r.text.String())); s != "" {
			if r.meta == nil {
				r.meta = map[string]any{}
			}
			r.meta[key] = s
		}
		r.text.Reset()
	}
	if r.group().marker {
		r.marker = oneLine(tidy(r.text.String()))
		r.text.Reset()
	}
	if len(r.groups) > 1 {
		r.groups = r.groups[:len(r.groups)-1]
	}
}

// char takes a byte of text in the document's charset.
func (r *rtf) char(c byte) {
	if r.skip > 0 {
		r.skip--
		return
	}
	if !r.silent() {
		r.bytes = append(r.bytes, c)
	}
}

// decode writes what has come in the font's charset.
func (r *rtf) decode() {
	if len(r.bytes) == 0 {
		return
	}
	g := r.group()
	set := g.charset
	if set == nil {
		set = r.charset
	}
	if b, err := set.Bytes(r.bytes); err == nil && g.raised {
		writeRaised(&r.text, string(b))
	} else if err == nil {
		r.text.Write(b)
	}
	r.bytes = r.bytes[:0]
}

func (r *rtf) write(s string) {
	if !r.silent() {
		r.decode()
		r.text.WriteString(s)
	}
}

// control reads what follows a backslash.
func (r *rtf) control() {
	if r.at >= len(r.s) {
		return
	}
	c := r.s[r.at]
	if c|0x20 < 'a' || c|0x20 > 'z' {
		r.at++
		r.symbol(c)
		return
	}
	start := r.at
	for r.at < len(r.s) && r.s[r.at]|0x20 >= 'a' && r.s[r.at]|0x20 <= 'z' && r.at-start < 32 {
		r.at++
	}
	word := string(r.s[start:r.at])
	start = r.at
	for r.at < len(r.s) && (r.s[r.at] >= '0' && r.s[r.at] <= '9' || r.at == start && r.s[r.at] == '-') && r.at-start < 11 {
		r.at++
	}
	n, err := strconv.Atoi(string(r.s[start:r.at]))
	if r.at < len(r.s) && r.s[r.at] == ' ' {
		r.at++
	}
	r.word(word, n, err == nil)
}

func (r *rtf) symbol(c byte) {
	switch c {
	case '\'':
		if r.at+2 <= len(r.s) {
			n, err := strconv.ParseUint(string(r.s[r.at:r.at+2]), 16, 8)
			r.at += 2
			if err == nil {
				r.char(byte(n))
			}
		}
	case '*':
		r.group().hidden = true
	case '~':
		r.write(" ")
	case '_':
		r.write("-")
	case '\r', '\n':
		r.paragraph()
	case '\\', '{', '}':
		r.char(c)
	}
}
