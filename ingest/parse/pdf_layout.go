package parse

import (
	"math"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// layout turns lines into headings, list items, table rows and paragraphs.
func layout(pages []pdfPage) *page {
	l := &pdfLayout{body: bodySize(pages), font: bodyFont(pages)}
	l.levels = headingSizes(pages, l.body)
	for _, p := range pages {
		l.crowded = l.isCrowded(p)
		for i, line := range p.lines {
			var next pdfLine
			if i+1 < len(p.lines) {
				next = p.lines[i+1]
			}
			l.line(p, line, next)
		}
		l.comments(p)
	}
	l.flush()
	return &l.out
}

type pdfLayout struct {
	out    page
	body   float64   // size of running text
	font   string    // of running text
	levels []float64 // sizes of headings, largest first
	// crowded: the page has so many large lines that they are a figure's or a
	// form's labels rather than headings.
	crowded bool

	open  strings.Builder // the open block
	block Block
	first pdfLine // of the open block
	last  pdfLine
	lines int     // of the open block
	gap   float64 // between its first two
	table rows
	grid  pdfLine // the table's row that gives its columns
}

// line adds a line to the open block or begins another.
func (l *pdfLayout) line(p pdfPage, line, next pdfLine) {
	kind, level := l.classify(line, next)
	if kind == TableRow {
		l.flush()
		l.out.page = p.number
		if !l.near(line) || l.last.cells == nil {
			l.table, l.grid = rows{}, pdfLine{}
		}
		line = line.divided(l.grid, next)
		if len(line.cells) >= len(l.grid.cells) {
			l.grid = line
		}
		l.table.add(&l.out, l.grid.align(line))
		l.last = line
		return
	}
	if l.open.Len() > 0 && l.continues(kind, level, line) {
		if l.lines++; l.lines == 2 {
			l.gap = l.last.bottom - line.top
		}
		l.join(line)
	} else {
		l.flush()
		l.lines = 1
		l.out.page = p.number
		l.block, l.first = Block{Kind: kind, Level: level}, line
		l.open.WriteString(strings.TrimSpace(line.text()))
	}
	l.last = line
}

// comments writes a page's comments below its text.
func (l *pdfLayout) comments(p pdfPage) {
	if len(p.comments) == 0 {
		return
	}
	l.flush()
	l.out.page = p.number
	for _, c := range p.comments {
		c.put(&l.out)
	}
}

func (l *pdfLayout) flush() {
	if text := strings.TrimSpace(l.open.String()); text != "" {
		if l.block.Kind == Heading {
			text = oneLine(text)
		}
		l.out.put(l.block, text, 0)
	}
	l.open.Reset()
}

// classify tells what a line is by its look.
func (l *pdfLayout) classify(line, next pdfLine) (Kind, int) {
	text := strings.TrimSpace(line.text())
	switch {
	case len(line.cells) > 1 && !listMarker(line.cells[0]) &&
		(len(line.cells) > 2 || len(next.cells) > 1 || len(l.last.cells) > 1 && l.near(line)):
		return TableRow, 0
	case line.code && !monoName.MatchString(l.font):
		return Code, 0
	case bulleted(text):
		return ListItem, 0
	case l.isHeading(line, next, text):
		return Heading, l.level(line)
	case listMarker(text):
		return ListItem, 0
	}
	return Paragraph, 0
}

func (l *pdfLayout) isHeading(line, next pdfLine, text string) bool {
	if line.slanted || utf8.RuneCountInString(text) > 200 || strings.IndexFunc(text, unicode.IsLetter) < 0 {
		return false
	}
	if line.size >= 1.12*l.body {
		return !l.crowded || line.size >= 1.6*l.body
	}
	stands := line.bold || line.font != l.font && (line.size > 1.03*l.body || numberedHeading.MatchString(text))
	if !stands || line.size < 0.93*l.body || strings.HasSuffix(text, ".") || strings.HasSuffix(text, ",") || len(text) > 120 {
		return false
	}
	// A line of running text's size that stands out is a heading when what follows
	// is set otherwise.
	return next.cells == nil || next.font != line.font || next.size > line.size || next.top < line.bottom-line.size
}

// numberedHeading is a line that begins with a section's number.
var numberedHeading = regexp.MustCompile(`^(\(\d{1,2}\)|\d{1,2}(\.\d{1,2}){0,4}\.?|[IVX]{1,5}\.|[A-Z]\.)\s+[\p{Ps}\p{Pi}"']?\pL`)

// isCrowded reports whether more than eight lines, and a quarter of the page's,
// are of a heading's size.
func (l *pdfLayout) isCrowded(p pdfPage) bool {
	large := 0
	for _, line := range p.lines {
		if line.size >= 1.12*l.body {
			large++
		}
	}
	return large > 8 && 4*large > len(p.lines)
}

func (l *pdfLayout) level(line pdfLine) int {
	for i, size := range l.levels {
		if line.size > size-1 {
			return min(i+1, 6)
		}
	}
	return min(len(l.levels)+1, 6)
}

// near reports whether a line stands right below the last one.
func (l *pdfLayout) near(line pdfLine) bool {
	gap := l.last.bottom - line.top
	return gap < 1.4*math.Max(line.size, 1) && gap > -0.8*line.size
}

// apart reports whether a line stands farther below the last one than lines of
// a paragraph do: the open one's, where it has two.
func (l *pdfLayout) apart(line pdfLine) bool {
	gap := l.last.bottom - line.top
	if l.lines > 1 {
		return gap > l.gap+0.35*line.size
	}
	return gap > 0.65*line.size
}

// continues reports whether a line goes on with the open block.
func (l *pdfLayout) continues(kind Kind, level int, line pdfLine) bool {
	switch text := strings.TrimSpace(line.text()); {
	case l.block.Kind == Heading:
		return kind == Heading && level == l.block.Level && l.near(line) && math.Abs(line.size-l.last.size) < 0.5 &&
			l.last.bottom-line.top < 0.7*line.size && !numberedHeading.MatchString(text)
	case l.block.Kind == Code:
		return kind == Code && l.near(line)
	}
	if kind != Paragraph || math.Abs(line.size-l.last.size) > 0.15*l.body {
		return false
	}
	text := strings.TrimSpace(l.open.String())
	end, _ := utf8.DecodeLastRuneInString(text)
	start, _ := utf8.DecodeRuneInString(strings.TrimSpace(line.text()))
	if !l.near(line) || l.apart(line) {
		// Another column or page: a sentence that is open goes on there.
		return l.jumped(line) && !strings.ContainsRune(".:!?”\"", end) && (unicode.IsLower(start) || end == '-' || end == ',')
	}
	indented := line.left > l.last.left+0.9*line.size && l.last.left <= l.first.left+0.3*line.size && l.block.Kind == Paragraph
	ended := strings.ContainsRune(".!?:", end) && l.last.right < l.first.right-4*line.size
	return !(indented && strings.ContainsRune(".!?:", end)) && !(ended && !unicode.IsLower(start))
}

// jumped reports whether a line is not below the last one: in another column or
// on another page.
func (l *pdfLayout) jumped(line pdfLine) bool { return line.top > l.last.bottom+line.size }

// join adds a line to the open block; a word divided at the line's end is made whole.
func (l *pdfLayout) join(line pdfLine) {
	next := strings.TrimSpace(line.text())
	if l.block.Kind == Code {
		columns := (line.left - l.first.left) / (0.6 * math.Max(line.size, 1))
		l.open.WriteString("\n" + strings.Repeat(" ", int(math.Round(min(max(columns, 0), 80)))) + next)
		return
	}
	text := strings.TrimRight(l.open.String(), " ")
	start, _ := utf8.DecodeRuneInString(next)
	if stem, cut := strings.CutSuffix(text, "-"); cut && unicode.IsLower(start) && stem != "" {
		if before, _ := utf8.DecodeLastRuneInString(stem); unicode.IsLetter(before) {
			l.open.Reset()
			l.open.WriteString(stem + next)
			return
		}
	}
	l.open.WriteString(" " + next)
}

// bulleted reports whether a line begins with a bullet; those of symbol fonts
// are in Unicode's private area.
func bulleted(s string) bool {
	s = strings.TrimSpace(s)
	r, n := utf8.DecodeRuneInString(s)
	return (strings.ContainsRune("•◦▪‣●○■□–∙·*-☐☑☒➢✓", r) || r >= 0xf000 && r <= 0xf0ff) && (len(s) == n || s[n] == ' ')
}

// listMarker reports whether a line begins like a list item.
func listMarker(s string) bool {
	s = strings.TrimSpace(s)
	if bulleted(s) {
		return true
	}
	digits := strings.IndexFunc(s, func(r rune) bool { return !unicode.IsDigit(r) })
	return digits > 0 && digits <= 2 && len(s) > digits+1 && (s[digits] == '.' || s[digits] == ')') && s[digits+1] == ' '
}
