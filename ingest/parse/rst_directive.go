package parse

import "strings"

// rstCode are directives whose content is code, rstText those whose content and
// argument are text. Those in neither show no text, and neither do comments.
var (
	rstCode = wordSet(`code code-block sourcecode highlight literalinclude math parsed-literal prompt doctest testcode ipython`)
	rstText = wordSet(`note warning tip important attention caution danger error hint admonition seealso versionadded
		versionchanged deprecated topic sidebar rubric epigraph pull-quote compound container table
		glossary function class method attribute data module exception describe option envvar confval
		py:function py:class py:method py:attribute py:data py:module py:exception c:function cpp:function js:function`)
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
	case rstText[m[1]]:
		if m[2] != "" {
			r.begin(Paragraph, len(line)-len(m[2]))
			r.argument(indent)
		}
		r.options(indent)
	default:
		r.skip(indent)
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
