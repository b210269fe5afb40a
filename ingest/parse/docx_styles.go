package parse

import (
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
