package parse

import (
	"fmt"
	"strconv"
	"strings"
)

// docxNumbering holds the definitions of lists and how far each has counted.
type docxNumbering struct {
	abstract map[string]string            // numId → abstractNumId
	levels   map[string]map[int]docxLevel // by abstractNumId
	counts   map[string]*[10]int
	restarts map[string]map[int]int // numId → level → its first number, when first used
}

type docxLevel struct {
	format, text string
	start        int
}

func (d *docx) readNumbering() error {
	n := docxNumbering{map[string]string{}, map[string]map[int]docxLevel{}, map[string]*[10]int{}, map[string]map[int]int{}}
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
			return n.readInstance(x, e.attr("numId"))
		}
		return x.descend()
	})
}

// readInstance reads a list, which may begin its definition's numbers again.
func (n docxNumbering) readInstance(x *xmlWalker, id string) error {
	return x.walk(func(x *xmlWalker, e element) error {
		switch e.Name.Local {
		case "abstractNumId":
			n.abstract[id] = e.attr("val")
		case "lvlOverride":
			level := small(e.attr("ilvl"))
			return x.walk(func(_ *xmlWalker, e element) error {
				if e.Name.Local == "startOverride" && level < 10 {
					if n.restarts[id] == nil {
						n.restarts[id] = map[int]int{}
					}
					n.restarts[id][level] = small(e.attr("val"))
				}
				return nil
			})
		}
		return nil
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
			l.text = cutBytes(e.attr("val"), 64)
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
	for at, start := range n.restarts[p.id] {
		c[at] = max(0, start-1)
	}
	delete(n.restarts, p.id)
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
