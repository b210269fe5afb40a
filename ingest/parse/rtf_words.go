package parse

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// rtfHidden are destinations without body text.
var rtfHidden = map[string]bool{
	"fonttbl": true, "colortbl": true, "stylesheet": true, "pict": true, "object": true, "header": true, "footer": true,
	"headerl": true, "headerr": true, "headerf": true, "footerl": true, "footerr": true, "footerf": true, "info": true,
	"fldinst": true, "listtable": true, "listoverridetable": true, "revtbl": true, "rsidtbl": true, "generator": true,
	"xmlnstbl": true, "themedata": true, "latentstyles": true, "datastore": true, "shprslt": true, "nonshppict": true, "annotation": true,
}

func (r *rtf) word(word string, n int, has bool) {
	g := r.group()
	switch {
	case rtfHidden[word]:
		g.hidden, g.fonts = true, g.fonts || word == "fonttbl"
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
	case "listtext", "pntext":
		if r.decode(); r.text.Len() == 0 {
			g.marker = true
		}
	case "shptxt", "result":
		if g.hidden = false; len(r.cells) == 0 {
			r.paragraph()
		}
	case "v", "deleted":
		r.decode()
		g.unseen = n != 0 || !has
	case "pard":
		r.level, r.list = 0, false
	case "outlinelevel":
		r.level = n + 1
	case "ls", "pn":
		r.list = true
	case "super", "nosupersub", "sub", "plain":
		r.decode()
		g.raised = word == "super" && (n != 0 || !has)
		g.unseen = g.unseen && word != "plain"
	default:
		r.character(g, word, n, has)
	}
}

// rtfSigns are the words that stand for text.
var rtfSigns = map[string]string{
	"emspace": " ", "enspace": " ", "qmspace": " ", "footnote": " ", "tab": "\t", "line": "\n",
	"emdash": "—", "endash": "–", "bullet": "•", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”",
}

// character acts on a word that is a character, or says how those after it are
// encoded.
func (r *rtf) character(g *rtfGroup, word string, n int, has bool) {
	if sign := rtfSigns[word]; sign != "" {
		r.write(sign)
		return
	}
	switch word {
	case "ansicpg":
		if c := rtfCodepage(strconv.Itoa(n)); c != nil {
			r.charset = c
		}
	case "f":
		r.useFont(n)
	case "fcharset":
		if c := rtfCodepage(rtfCharsets[n]); g.fonts && c != nil && len(r.fonts) < maxFields {
			r.fonts[r.font] = c
		}
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
	pair := utf16.DecodeRune(r.high, c)
	r.high = 0
	switch {
	case pair != utf8.RuneError:
		r.write(string(pair))
	case utf16.IsSurrogate(c):
		r.high = c
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
	marker := r.marker
	if text == "" {
		return
	}
	r.marker = ""
	r.table = rows{}
	switch {
	case r.level > 0 && r.level < 10:
		r.out.put(Block{Kind: Heading, Level: r.level}, oneLine(text), 0)
	case r.list || marker != "":
		if marker == "o" || strings.IndexFunc(marker, isWordRune) < 0 { // Courier's o is a bullet
			marker = bullet
		}
		r.out.put(Block{Kind: ListItem}, marker+" "+strings.TrimSpace(strings.TrimPrefix(text, "•")), 0)
	default:
		r.out.put(Block{Kind: Paragraph}, text, 0)
	}
}

func isWordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
