package parse

import (
	"context"
	"strconv"
	"strings"
	"unicode/utf16"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
)

// readRTF reads Rich Text Format (Microsoft, version 1.9.1): paragraphs,
// outline levels, lists and table rows; destinations that are not body text are
// skipped.
func readRTF(ctx context.Context, body []byte) (Parsed, error) {
	r := &rtf{s: body, groups: []rtfGroup{{}}}
	r.codepage("1252")
	for n := 0; r.at < len(r.s); n++ {
		if n&4095 == 0 && ctx.Err() != nil {
			return Parsed{}, ctx.Err()
		}
		if err := r.step(); err != nil {
			return Parsed{}, err
		}
	}
	r.paragraph()
	return r.out.parsed(r.meta), nil
}

type rtf struct {
	s       []byte
	at      int
	groups  []rtfGroup
	charset *encoding.Decoder
	high    rune // first half of a surrogate pair
	skip    int  // characters that stand for the \u before
	out     page
	table   rows
	cells   []string
	text    strings.Builder
	bytes   []byte // in the charset, not decoded yet
	level   int
	list    bool
	meta    map[string]any
}

type rtfGroup struct {
	hidden bool   // a destination without body text
	info   string // the metadata key it fills
	uc     int    // how many characters follow \u for old readers, plus 1
}

func (r *rtf) group() *rtfGroup { return &r.groups[len(r.groups)-1] }

func (r *rtf) step() error {
	c := r.s[r.at]
	r.at++
	switch c {
	case '{':
		if len(r.groups) > 1000 {
			return Permanent("RTF nested more than 1000 deep")
		}
		g := *r.group()
		g.info = ""
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
	if key := r.group().info; key != "" {
		r.decode()
		if s := oneLine(tidy(r.text.String())); s != "" {
			if r.meta == nil {
				r.meta = map[string]any{}
			}
			r.meta[key] = s
		}
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
	if !r.group().hidden {
		r.bytes = append(r.bytes, c)
	}
}

func (r *rtf) decode() {
	if len(r.bytes) == 0 {
		return
	}
	if b, err := r.charset.Bytes(r.bytes); err == nil {
		r.text.Write(b)
	}
	r.bytes = r.bytes[:0]
}

func (r *rtf) write(s string) {
	if !r.group().hidden {
		r.decode()
		r.text.WriteString(s)
	}
}

func (r *rtf) codepage(n string) {
	e, _ := charset.Lookup("windows-" + n)
	switch n {
	case "932":
		e, _ = charset.Lookup("shift_jis")
	case "936":
		e, _ = charset.Lookup("gbk")
	case "949":
		e, _ = charset.Lookup("euc-kr")
	case "950":
		e, _ = charset.Lookup("big5")
	}
	if e != nil {
		r.charset = e.NewDecoder()
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

// rtfHidden are destinations without body text.
var rtfHidden = map[string]bool{
	"fonttbl": true, "colortbl": true, "stylesheet": true, "pict": true, "object": true, "header": true, "footer": true,
	"headerl": true, "headerr": true, "headerf": true, "footerl": true, "footerr": true, "footerf": true, "info": true,
	"fldinst": true, "listtable": true, "listoverridetable": true, "revtbl": true, "rsidtbl": true, "generator": true,
	"xmlnstbl": true, "themedata": true, "latentstyles": true, "datastore": true, "pntext": true, "nonshppict": true, "annotation": true,
}

func (r *rtf) word(word string, n int, has bool) {
	g := r.group()
	switch {
	case rtfHidden[word]:
		g.hidden = true
		return
	case word == "title" || word == "author" || word == "subject" || word == "keywords":
		g.hidden, g.info = false, word
		return
	}
	switch word {
	case "par", "sect", "page":
		r.paragraph()
	case "cell", "nestcell":
		r.decode()
		r.cells = append(r.cells, r.text.String())
		r.text.Reset()
	case "row", "nestrow":
		r.table.add(&r.out, r.cells)
		r.cells = nil
	case "pard":
		r.level, r.list = 0, false
	case "outlinelevel":
		r.level = n + 1
	case "ls", "pn":
		r.list = true
	case "tab":
		r.write("\t")
	case "line":
		r.write("\n")
	case "emdash", "endash", "bullet", "lquote", "rquote", "ldblquote", "rdblquote":
		r.write(map[string]string{"emdash": "—", "endash": "–", "bullet": "•", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”"}[word])
	case "ansicpg":
		r.codepage(strconv.Itoa(n))
	case "uc":
		g.uc = n + 1
	case "u":
		if has {
			r.unicode(rune(uint16(n)))
		}
	case "bin":
		r.at = min(len(r.s), r.at+max(0, n))
	}
}

func (r *rtf) unicode(c rune) {
	switch {
	case utf16.IsSurrogate(c) && r.high == 0:
		r.high = c
	case r.high != 0:
		r.write(string(utf16.DecodeRune(r.high, c)))
		r.high = 0
	default:
		r.write(string(c))
	}
	r.skip = 1
	if uc := r.group().uc; uc > 0 {
		r.skip = uc - 1
	}
}

// paragraph ends a paragraph; inside a table row it is part of a cell.
func (r *rtf) paragraph() {
	r.decode()
	text := strings.TrimSpace(tidy(r.text.String()))
	if len(r.cells) > 0 {
		r.text.WriteByte(' ')
		return
	}
	r.text.Reset()
	if text == "" {
		return
	}
	r.table = rows{}
	switch {
	case r.level > 0 && r.level < 10:
		r.out.put(Block{Kind: Heading, Level: r.level}, oneLine(text), 0)
	case r.list:
		r.out.put(Block{Kind: ListItem}, bullet+" "+strings.TrimSpace(strings.TrimPrefix(text, "•")), 0)
	default:
		r.out.put(Block{Kind: Paragraph}, text, 0)
	}
}
