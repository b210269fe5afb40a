package parse

import (
	"context"
	"regexp"
	"strings"
)

// readAsciiDoc reads AsciiDoc: sections, paragraphs, lists, listings, tables
// line by line. Comments, macros for images and block attributes are left out;
// attributes at the top are metadata.
func readAsciiDoc(ctx context.Context, body []byte) (Parsed, error) {
	l, err := newLined(ctx, body)
	if err != nil {
		return Parsed{}, err
	}
	a := &asciiDoc{lined: l}
	for l.scan() {
		a.read(l.line())
	}
	return l.parsed()
}

type asciiDoc struct {
	*lined
	inTable bool
	columns int // of the table that is open or comes next; 0: as many as its first line has cells
	cells   int // of the open row
}

var (
	adocHeading   = regexp.MustCompile(`^(={1,6}|#{1,6})[ \t]+\S`)
	adocItem      = regexp.MustCompile(`^\s*([*.]{1,6}|-|[0-9]{1,9}\.|[a-zA-Z]\.|<[0-9.]+>)[ \t]+\S`)
	adocTerm      = regexp.MustCompile(`^\S.*?(::+|;;)(\s|$)`)
	adocAttribute = regexp.MustCompile(`^:(!?[\w-]+!?):(?:[ \t]+(.*))?$`)
	adocBlock     = regexp.MustCompile(`^\[[^\]]*\]$|^\[\[.*\]\]$`)
	adocMacro     = regexp.MustCompile(`^(image|video|audio|include|toc|ifdef|ifndef|ifeval|endif)::?\S*\[.*\]$|^(toc::\[\]|'''+|<<<+|\+)$`)
	adocImage     = regexp.MustCompile(`^image::\S+?\["?([^",=\]]*)["\],]`)
	adocColumns   = regexp.MustCompile(`^\[.*\bcols="?([^"\]]*)`)
	adocRevision  = regexp.MustCompile(`^v?\d[\w.]*(,|$)`)
	adocTitle     = regexp.MustCompile(`^\.[^\s.].*$`)
	adocFence     = regexp.MustCompile("^(-{4,}|\\.{4,}|\\+{4,}|`{3,}.*|/{4,}|={4,}|\\*{4,}|_{4,}|--)$")
	adocTable     = regexp.MustCompile(`^[|,:!]={3,}$`)
)

func (a *asciiDoc) read(line string) {
	switch {
	case adocTable.MatchString(line):
		a.end()
		if a.inTable {
			a.columns = 0
		}
		a.inTable, a.header = !a.inTable, ""
	case line == "":
		a.end()
	case a.inTable:
		a.tableLine(line)
	case adocFence.MatchString(line):
		a.fence(line)
	case adocImage.MatchString(line):
		a.end()
		if m := adocImage.FindStringSubmatchIndex(line); m[3] > m[2] {
			a.part(Caption, m[2], m[3])
		}
	case adocColumns.MatchString(line):
		a.end()
		a.columns = columnCount(adocColumns.FindStringSubmatch(line)[1])
	case strings.HasPrefix(line, "//"), adocMacro.MatchString(line), adocBlock.MatchString(line):
		a.end()
	case a.start < 0 && adocAttribute.MatchString(line):
		m := adocAttribute.FindStringSubmatch(line)
		a.field(m[1], m[2])
	case a.start < 0 && adocHeading.MatchString(line):
		marks := strings.IndexAny(line, " \t")
		a.heading(marks, marks)
		a.author(marks)
	case adocItem.MatchString(line) && (a.start < 0 || a.kind == ListItem), adocTerm.MatchString(line) && a.start < 0:
		a.begin(ListItem, 0)
	case a.start < 0 && adocTitle.MatchString(line):
		a.begin(Caption, 1)
		a.endAt(a.next)
	default:
		a.more()
	}
}

// fence reads a delimited block: code, a comment, or a frame around text, which
// is read as if it were not there.
func (a *asciiDoc) fence(line string) {
	a.end()
	closing := func(s string) bool { return s == line }
	switch line[0] {
	case '`':
		a.verbatim(func(s string) bool { return s == "```" })
	case '/':
		for a.scan() && !closing(a.line()) {
		}
	case '-', '.', '+':
		if len(line) >= 4 {
			a.verbatim(closing)
		}
	}
	a.start = -1
}

// author takes the lines right below the document's title: who wrote it, and
// which revision it is.
func (a *asciiDoc) author(level int) {
	if level != 1 || len(a.blocks) != 1 {
		return
	}
	if next := a.peek(); strings.Contains(next, "@") && strings.Contains(next, "<") && a.scan() {
		a.field("author", next)
	}
	if next := a.peek(); adocRevision.MatchString(next) && a.scan() {
		a.field("revision", next)
	}
}

// tableLine reads a line of a table, whose rows go on until they have as many
// cells as there are columns.
func (a *asciiDoc) tableLine(line string) {
	n := strings.Count(line, "|") - strings.Count(line, `\|`)
	if a.columns == 0 {
		a.columns = n
	}
	if a.start < 0 || n > 0 && a.cells >= a.columns {
		a.begin(TableRow, 0)
		a.cells = 0
	}
	a.cells += n
}

// columnCount reads the attribute that says how wide columns are: "1,2" are two,
// "3*" are three.
func columnCount(s string) int {
	n := 0
	for c := range strings.SplitSeq(s, ",") {
		times, _, many := strings.Cut(c, "*")
		if many {
			n += small(strings.TrimSpace(times))
		} else {
			n++
		}
	}
	return n
}
