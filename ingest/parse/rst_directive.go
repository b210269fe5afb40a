package parse

import "strings"

// rstCode are directives whose content is code, rstSilent those that show no
// text. The content of any other is text, and so is its argument, which titles
// it, unless it is one of rstUnsaid.
var (
	rstCode   = wordSet(`code code-block sourcecode highlight literalinclude math parsed-literal prompt doctest testcode testoutput ipython code-tab`)
	rstSilent = wordSet(`contents toctree include index meta raw replace unicode date title default-role role default-domain
		currentmodule py:currentmodule sectnum section-numbering sectionauthor codeauthor tabularcolumns target-notes
		header footer testsetup testcleanup graphviz digraph graph mermaid uml plantuml inheritance-diagram`)
	rstUnsaid = wordSet(`only ifconfig rst-class class container grid grid-item card-carousel tab-set tabs`)
)

func wordSet(s string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(s) {
		set[w] = true
	}
	return set
}

// explicit reads what begins with two dots.
func (r *rst) explicit(line string) {
	r.end()
	indent := indentation(line)
	m := rstDirective.FindStringSubmatch(line)
	switch {
	case m == nil && strings.HasPrefix(strings.TrimSpace(line), ".. ["):
		r.begin(Paragraph, 0) // a footnote or citation
	case m == nil:
		r.skip(indent)
	case rstCode[m[1]]:
		r.options(indent)
		if r.peekIndented(indent) && r.scan() {
			r.literal(indent)
		}
	case rstTables[m[1]] != nil:
		if m[2] != "" {
			r.part(Caption, len(line)-len(m[2]), len(line))
		}
		r.header = ""
		rstTables[m[1]](r, indent)
	case m[1] == "image", m[1] == "figure":
		r.options(indent) // what a figure holds is text
	case rstSilent[m[1]]:
		r.skip(indent)
	default:
		if m[2] != "" && !rstUnsaid[m[1]] {
			r.begin(Paragraph, len(line)-len(m[2]))
			r.argument(indent)
		}
		r.options(indent)
	}
}

// argument goes on with what stands on the directive's own lines.
func (r *rst) argument(indent int) {
	for r.peekIndented(indent) && r.peek() != "" && !rstField.MatchString(r.peek()) && r.scan() {
	}
	r.endAt(r.next)
}

// options passes over the lines ":name: value" and the blank ones after them; of
// a picture its description is kept, and of a table its header.
func (r *rst) options(indent int) {
	for r.peekIndented(indent) && rstField.MatchString(r.peek()) && r.scan() {
		line := r.line()
		switch m := rstField.FindStringSubmatch(line); m[1] {
		case "alt":
			r.part(Caption, len(line)-len(m[2]), len(line))
		case "header":
			r.part(TableRow, len(line)-len(m[2]), len(line))
		}
	}
	for r.next < len(r.text) && r.peek() == "" && r.scan() {
	}
}

// skip passes over what is indented more.
func (r *rst) skip(indent int) {
	for r.peekIndented(indent) && r.scan() {
	}
}
