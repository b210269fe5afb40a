package parse

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// What the readers of office formats share.

// parsed ends the page and gives it a title: the document's property, or its
// first heading.
func (p *page) parsed(meta map[string]any) Parsed {
	return titled(Parsed{Text: p.text(), Blocks: p.blocks, Metadata: meta})
}

// join adds a line to the last block when that is code too.
func (p *page) join(line string) bool {
	n := len(p.blocks)
	if n == 0 || p.blocks[n-1].Kind != Code || p.blocks[n-1].End != p.done.Len() {
		return false
	}
	p.done.WriteString("\n" + line)
	p.blocks[n-1].End = p.done.Len()
	return true
}

// maxRepeated is how long the text of a merged cell may be, in bytes, to be
// repeated: what is longer would let a small file fill memory.
const maxRepeated = 200

// tidy makes text canonical: valid, without NUL, invisible and control characters.
func tidy(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case invisible(r), r < ' ' && r != '\n' && r != '\t', r == 0x7f, r == utf8.RuneError:
			return -1
		case r == '\u00a0':
			return ' '
		}
		return r
	}, s)
}

// ticks spells the boxes of forms as Markdown's task lists do.
var ticks = strings.NewReplacer("☐", "[ ]", "☑", "[x]", "☒", "[x]")

// symbolFont are the characters of the font Symbol, from A and from a.
var symbolFont = map[rune][]rune{
	'A': []rune("ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ"),
	'a': []rune("αβχδεφγηιϕκλμνοπθρστυϖωξψζ"),
}

// symbol is a character given in hexadecimal. Of symbol fonts' private area only
// Wingdings' boxes and the letters of Symbol have text.
func symbol(font, hex string) string {
	switch strings.ToUpper(hex) {
	case "F0A8", "F06F", "F071":
		return "☐"
	case "F0FE", "F0FD", "F078":
		return "☒"
	}
	n, err := strconv.ParseUint(hex, 16, 21)
	if code := rune(n & 0xff); err == nil && font == "Symbol" && n&^0xff == 0xf000 {
		for first, letters := range symbolFont {
			if i := int(code - first); i >= 0 && i < len(letters) {
				return string(letters[i])
			}
		}
	}
	if err != nil || n < ' ' || n >= 0xd800 && n < 0xf900 {
		return ""
	}
	return string(rune(n))
}

// officeProperties reads docProps/core.xml (Dublin Core).
func officeProperties(w walkContext, p *pack) (map[string]any, error) {
	b, err := p.file("docProps/core.xml")
	if err != nil || b == nil {
		return map[string]any{}, err
	}
	return properties(w.open(b))
}

// propertyNames are the metadata keys that document properties become.
var propertyNames = map[string]string{
	"title": "title", "creator": "author", "subject": "subject", "description": "description",
	"keywords": "keywords", "keyword": "keywords", "language": "language", "category": "category",
	"created": "created", "creation-date": "created", "modified": "modified", "date": "date", "publisher": "publisher",
}

// properties collects Dublin Core elements; the first of a name wins, but all who
// wrote it are its author.
func properties(x *xmlWalker) (map[string]any, error) {
	meta := map[string]any{}
	err := x.walk(func(x *xmlWalker, e element) error {
		key := propertyNames[e.Name.Local]
		if key == "" {
			return x.descend()
		}
		var v strings.Builder
		err := x.walkText(nil, func(s string) { v.WriteString(s) })
		s := oneLine(tidy(v.String()))
		before, _ := meta[key].(string)
		if before != "" && e.Name.Local == "creator" {
			s = before + ", " + s
		} else if before != "" {
			s = ""
		}
		if s != "" && len(s) <= 2000 {
			meta[key] = s
		}
		return err
	})
	return meta, err
}
