package parse

import (
	"fmt"
	"strconv"
	"strings"
)

// docxStyle is what a paragraph style says of structure, its bases' included.
type docxStyle struct {
	level   int // of a heading, from 1
	code    bool
	caption bool
	num     docxNum
	base    string
}

// docxNum points into the numbering definitions.
type docxNum struct {
	id    string
	level int
	set   bool
}

func (d *docx) readStyles() error {
	d.styles = map[string]docxStyle{}
	x, err := d.part("word/styles.xml")
	if err != nil || x == nil {
		return err
	}
	return x.walk(func(x *xmlWalker, e element) error {
		if e.Name.Local != "style" {
			return x.descend()
		}
		if t := e.attr("type"); t != "paragraph" {
			return nil
		}
		id := e.attr("styleId")
		s := namedStyle(id)
		err := x.walk(func(x *xmlWalker, e element) error { return s.property(x, e) })
		d.styles[id] = s
		return err
	})
}

func (s *docxStyle) property(x *xmlWalker, e element) error {
	switch e.Name.Local {
	case "name":
		named := namedStyle(e.attr("val"))
		s.level = max(s.level, named.level)
		s.code = s.code || named.code
		s.caption = s.caption || named.caption
	case "basedOn":
		s.base = e.attr("val")
	case "outlineLvl":
		if l := outline(e.attr("val")); s.level == 0 {
			s.level = l
		}
	case "numId":
		s.num.id, s.num.set = e.attr("val"), true
	case "ilvl":
		s.num.level, s.num.set = small(e.attr("val")), true
	case "pPr", "numPr":
		return x.descend()
	}
	return nil
}

// namedStyle knows Word's built-in styles, by name or id; ids stay English in
// some translations of Word and names in the others.
func namedStyle(name string) docxStyle {
	n := strings.ToLower(strings.ReplaceAll(name, " ", ""))
	var s docxStyle
	switch {
	case n == "title":
		s.level = 1
	case strings.HasPrefix(n, "heading"):
		if l := small(strings.TrimPrefix(n, "heading")); l >= 1 && l <= 9 {
			s.level = l
		}
	case n == "caption":
		s.caption = true
	case strings.Contains(n, "code") || strings.Contains(n, "preformatted") || n == "plaintext":
		s.code = true
	}
	return s
}

// style resolves a style with its bases.
func (d *docx) style(id string) docxStyle {
	s, ok := d.styles[id]
	if !ok {
		return namedStyle(id)
	}
	for base, n := s.base, 0; base != "" && n < 20; n++ {
		b := d.styles[base]
		if s.level == 0 {
			s.level = b.level
		}
		s.code, s.caption = s.code || b.code, s.caption || b.caption
		if s.num.id == "" && b.num.id != "" {
			s.num.id, s.num.set = b.num.id, true
		}
		base = b.base
	}
	return s
}

// outline is a level from 1, or 0 for body text.
func outline(val string) int {
	if l := small(val); val != "" && l < 9 {
		return l + 1
	}
	return 0
}

// small reads a number between 0 and 99; anything else is 0.
func small(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > 99 {
		return 0
	}
	return n
}

// docxNumbering holds the definitions of lists and how far each has counted.
type docxNumbering struct {
	abstract map[string]string            // numId → abstractNumId
	levels   map[string]map[int]docxLevel // by abstractNumId
	counts   map[string]*[10]int
}

type docxLevel struct {
	format, text string
	start        int
}

func (d *docx) readNumbering() error {
	n := docxNumbering{map[string]string{}, map[string]map[int]docxLevel{}, map[string]*[10]int{}}
	d.numbering = n
	x, err := d.part("word/numbering.xml")
	if err != nil || x == nil {
		return err
	}
	return x.walk(func(x *xmlWalker, e element) error {
		switch e.Name.Local {
		case "abstractNum":
			levels := map[int]docxLevel{}
			n.levels[e.attr("abstractNumId")] = levels
			return x.walk(func(x *xmlWalker, e element) error { return readLevel(x, e, levels) })
		case "num":
			id := e.attr("numId")
			return x.walk(func(x *xmlWalker, e element) error {
				if e.Name.Local == "abstractNumId" {
					n.abstract[id] = e.attr("val")
				}
				return nil
			})
		}
		return x.descend()
	})
}

func readLevel(x *xmlWalker, e element, levels map[int]docxLevel) error {
	if e.Name.Local != "lvl" {
		return nil
	}
	at := small(e.attr("ilvl"))
	l := docxLevel{start: 1}
	err := x.walk(func(_ *xmlWalker, e element) error {
		switch e.Name.Local {
		case "start":
			l.start = small(e.attr("val"))
		case "numFmt":
			l.format = e.attr("val")
		case "lvlText":
			l.text = e.attr("val")
		}
		return nil
	})
	levels[at] = l
	return err
}

const bullet = "-"

func isBullet(label string) bool { return label == bullet }

// label counts a list item and returns its number or bullet, or "" when the
// paragraph is in no list.
func (n docxNumbering) label(p docxNum) string {
	if !p.set || p.id == "" || p.id == "0" || p.level > 8 {
		return ""
	}
	abstract := n.abstract[p.id]
	level := n.levels[abstract][p.level]
	if level.format == "bullet" || level.format == "" && level.text == "" {
		return bullet
	}
	if level.format == "none" {
		return ""
	}
	c := n.counts[abstract]
	if c == nil {
		c = &[10]int{}
		n.counts[abstract] = c
	}
	if c[p.level] == 0 {
		c[p.level] = level.start - 1
	}
	c[p.level]++
	clear(c[p.level+1:])
	text := level.text
	for i := range p.level + 1 {
		l := n.levels[abstract][i]
		text = strings.ReplaceAll(text, fmt.Sprintf("%%%d", i+1), numeral(l.format, max(c[i], l.start)))
	}
	return text
}

// numeral writes n as a list's format wants it.
func numeral(format string, n int) string {
	switch format {
	case "lowerLetter", "upperLetter":
		s := strings.Repeat(string(rune('a'+(n-1+26)%26)), (n-1)/26+1)
		if format == "upperLetter" {
			s = strings.ToUpper(s)
		}
		return s
	case "lowerRoman":
		return strings.ToLower(roman(n))
	case "upperRoman":
		return roman(n)
	}
	return strconv.Itoa(n)
}

func roman(n int) string {
	var b strings.Builder
	for _, d := range []struct {
		v int
		s string
	}{{100, "C"}, {90, "XC"}, {50, "L"}, {40, "XL"}, {10, "X"}, {9, "IX"}, {5, "V"}, {4, "IV"}, {1, "I"}} {
		for ; n >= d.v && b.Len() < 64; n -= d.v {
			b.WriteString(d.s)
		}
	}
	return b.String()
}
