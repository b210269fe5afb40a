package parse

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// readRST reads reStructuredText (Docutils): sections by their underlines,
// paragraphs, lists, literal blocks, tables line by line. Comments, targets and
// the directives that show no text are left out; fields at the top are metadata.
func readRST(ctx context.Context, body []byte) (Parsed, error) {
	l, err := newLined(ctx, body)
	if err != nil {
		return Parsed{}, err
	}
	r := &rst{lined: l}
	for l.scan() {
		r.read(l.line())
	}
	return l.parsed()
}

type rst struct {
	*lined
	styles []string // of section titles, outermost first: "=" or "==" with a line above
	table  string   // of the open simple table: its border
	inGrid bool
	quoted bool // the last paragraph ended in "::"
	indent int  // of that paragraph
}

var (
	rstItem      = regexp.MustCompile(`^\s*([-*+•]|#\.|\(?([0-9]{1,9}|[a-zA-Z#])[.)]) +\S`)
	rstDirective = regexp.MustCompile(`^\s*\.\. (\S+?):: ?(.*)$`)
	rstField     = regexp.MustCompile(`^\s*:([^:\s][^:]*):(?: +(.*))?$`)
	rstBorder    = regexp.MustCompile(`^=+( +=+)+$`)
	rstGrid      = regexp.MustCompile(`^\s*\+[-=+]+\+$`)
)

func (r *rst) read(line string) {
	if line == "" {
		r.end()
		r.inGrid = false
		return
	}
	if r.quoted {
		r.quoted = false
		if indentation(line) > r.indent {
			r.literal(r.indent)
			return
		}
	}
	switch {
	case r.inTable(line), r.title(line):
	case strings.HasPrefix(strings.TrimSpace(line), ".."):
		r.explicit(line)
	case rstItem.MatchString(line) && (r.start < 0 || r.kind == ListItem):
		r.begin(ListItem, 0)
	case len(r.blocks) <= 2 && !slices.ContainsFunc(r.blocks, isText) && r.start < 0 && rstField.MatchString(line):
		m := rstField.FindStringSubmatch(line)
		r.field(m[1], m[2])
	default:
		r.more()
	}
	if strings.HasSuffix(line, "::") && r.start >= 0 {
		r.quoted, r.indent = true, indentation(line)
		if r.kind == ListItem {
			r.indent++
		}
	}
}

// literal makes code of the indented lines from the current one on.
func (r *rst) literal(indent int) {
	r.begin(Code, 0)
	last := r.next
	for r.peekIndented(indent) && r.scan() {
		if r.line() != "" {
			last = r.next
		}
	}
	r.endAt(last)
}

// peekIndented reports whether the next line belongs to what is indented more.
func (r *rst) peekIndented(indent int) bool {
	if r.next >= len(r.text) {
		return false
	}
	next := r.peek()
	return next == "" || indentation(next) > indent
}

// title reads a section's title: a line between or above lines of punctuation.
func (r *rst) title(line string) bool {
	over := adornment(line)
	switch {
	case over != "" && r.start < 0 && r.overlined(line):
		over += over
		r.scan()
		r.heading(r.level(over), 0)
		r.scan() // the line below
		return true
	case over != "" && r.start < 0:
		return true // a transition
	}
	under := adornment(r.peek())
	if r.start >= 0 || under == "" || indentation(line) > 0 || len(r.peek()) < min(4, utf8.RuneCountInString(line)) {
		return false
	}
	r.heading(r.level(under), 0)
	r.scan()
	return true
}

// overlined reports whether the line after the next equals this one.
func (r *rst) overlined(line string) bool {
	if r.peek() == "" {
		return false
	}
	at := lineEnd(r.text, r.next)
	if at >= len(r.text) {
		return false
	}
	return strings.TrimRight(r.text[at:lineEnd(r.text, at)], " \t\n\f") == line
}

// level is the place of a style among those that the document has used.
func (r *rst) level(style string) int {
	for i, s := range r.styles {
		if s == style {
			return i + 1
		}
	}
	if len(r.styles) < 9 {
		r.styles = append(r.styles, style)
	}
	return len(r.styles)
}

// adornment is the character that a line of two or more is made of, or "".
func adornment(line string) string {
	if len(line) < 2 || strings.Trim(line, line[:1]) != "" || !strings.Contains("=-`:.'\"~^_*+#<>", line[:1]) {
		return ""
	}
	if line == ".." || line == "::" {
		return ""
	}
	return line[:1]
}

// inTable reads the lines of grid tables (+---+) and simple ones (=== ===).
func (r *rst) inTable(line string) bool {
	border := rstBorder.MatchString(strings.TrimSpace(line))
	switch {
	case rstGrid.MatchString(line):
		if r.end(); !r.inGrid {
			r.inGrid, r.header = true, ""
		}
	case r.inGrid && strings.HasPrefix(strings.TrimSpace(line), "|"):
		r.row()
	case border && r.start < 0 && r.table == "":
		r.table, r.header = line, ""
	case border && r.table != "":
		// The second border ends the header, the third the table.
		if r.header == "" || r.peek() == "" {
			r.table = ""
		}
	case r.table != "":
		r.row()
	default:
		return false
	}
	return true
}

func isText(b Block) bool { return b.Kind != Heading }
