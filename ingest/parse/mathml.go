package parse

import (
	"slices"
	"strings"
)

// mathML writes MathML (W3C, presentation elements) as LaTeX, from the tags and
// texts of a formula as they come.
type mathML struct {
	out  strings.Builder
	open []mathElement
	tex  strings.Builder // of an annotation; it is the formula as its author wrote it
	into mathPart
}

type mathPart uint8

const (
	mathShown mathPart = iota
	mathTeX            // inside an annotation in TeX
	mathOther          // inside another annotation
)

type mathElement struct {
	name     string
	children int
	after    string // what ends it
}

// maxMathDepth is how deep elements are told apart.
const maxMathDepth = 64

// mathChildren are what stands around the first, second and third child.
var mathChildren = map[string][][2]string{
	"mfrac":      {{`\frac{`, "}"}, {"{", "}"}},
	"mroot":      {{"(", ")"}, {"^{1/", "}"}},
	"msub":       {{}, {"_{", "}"}},
	"msup":       {{}, {"^{", "}"}},
	"msubsup":    {{}, {"_{", "}"}, {"^{", "}"}},
	"munder":     {{}, {"_{", "}"}},
	"mover":      {{}, {"^{", "}"}},
	"munderover": {{}, {"_{", "}"}, {"^{", "}"}},
}

// mathAround are what stands around an element itself.
var mathAround = map[string][2]string{
	"msqrt": {`\sqrt{`, "}"}, "mfenced": {"(", ")"}, "mtr": {"", `\\ `}, "mtd": {"", " "}, "mspace": {" ", ""},
}

// start begins an element; encoding is an annotation's.
func (m *mathML) start(name, encoding string) {
	e := mathElement{name: name}
	if n := len(m.open); n > 0 {
		parent := &m.open[n-1]
		if around := mathChildren[parent.name]; parent.children < len(around) {
			m.out.WriteString(around[parent.children][0])
			e.after = around[parent.children][1]
		}
		parent.children++
	}
	m.out.WriteString(mathAround[name][0])
	e.after = mathAround[name][1] + e.after
	if strings.HasPrefix(name, "annotation") {
		m.into = mathOther
		if strings.Contains(strings.ToLower(encoding), "tex") {
			m.into = mathTeX
		}
	}
	if len(m.open) < maxMathDepth {
		m.open = append(m.open, e)
	}
}

// end ends an element and those left open in it.
func (m *mathML) end(name string) {
	named := func(e mathElement) bool { return e.name == name }
	if strings.HasPrefix(name, "annotation") {
		m.into = mathShown
	}
	if !slices.ContainsFunc(m.open, named) {
		return
	}
	for {
		last := m.open[len(m.open)-1]
		m.open = m.open[:len(m.open)-1]
		if m.out.WriteString(last.after); named(last) {
			return
		}
	}
}

func (m *mathML) text(s string) {
	switch m.into {
	case mathShown:
		m.out.WriteString(latex.Replace(strings.TrimSpace(s)))
	case mathTeX:
		m.tex.WriteString(s)
	}
}

// formula is what has been read, on one line.
func (m *mathML) formula() string {
	if tex := oneLine(tidy(m.tex.String())); tex != "" {
		if s, ok := strings.CutPrefix(tex, `{\displaystyle`); ok {
			tex = strings.TrimSpace(strings.TrimSuffix(s, "}"))
		}
		return tex
	}
	return oneLine(tidy(m.out.String()))
}

// readMathML reads the formula that an element of XML holds.
func readMathML(x *xmlWalker) (string, error) {
	var m mathML
	var visit visitor
	visit = func(x *xmlWalker, e element) error {
		m.start(e.Name.Local, e.attr("encoding"))
		err := x.walkText(visit, m.text)
		m.end(e.Name.Local)
		return err
	}
	err := x.walkText(visit, m.text)
	return m.formula(), err
}
