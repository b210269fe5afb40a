package parse

import (
	"math"
	"slices"
	"strings"
	"unicode"
)

// pdfPage is a page's lines in reading order. Lengths are in points, y upwards.
type pdfPage struct {
	number        int
	width, height float64
	lines         []pdfLine
	comments      []comment
}

// pdfLine is one line of text: spans that stand on one baseline.
type pdfLine struct {
	left, right, top, bottom float64
	pdfLook                           // of its first word, or of the second after a list's marker
	cells                    []string // divided where the gap is wider than words are
	starts, ends             []float64
	narrow                   []narrowGap // within cells
	descends                 bool        // a word stands left of the one before
	last                     int         // the last character's index on the page
	code                     bool        // in a font for code from end to end
}

func (l *pdfLine) text() string { return strings.Join(l.cells, " ") }

// read divides a page's characters into lines. They come in the order of the
// page's content, which is reading order in almost every PDF; the engine has put
// spaces between words and a line end after each run on one baseline.
func (p *pdfPage) read(chars []rune, g pdfGlyphs) {
	var l pdfLine
	for i := 0; i < len(chars); {
		n := 0
		for i+n < len(chars) && !unicode.IsSpace(chars[i+n]) && chars[i+n] != 0 && !isPDFHyphen(chars[i+n]) {
			n++
		}
		divided := i+n < len(chars) && isPDFHyphen(chars[i+n])
		joinLigatures(chars[i:i+n], i, g)
		if text := tidy(string(chars[i : i+n])); text != "" {
			if divided {
				text += "-"
			}
			if !l.word(text, i, n, g) {
				p.add(l, g)
				l = pdfLine{}
				l.word(text, i, n, g)
			}
		}
		if i += n; i < len(chars) && (divided || chars[i] == '\n') {
			p.add(l, g)
			l = pdfLine{}
		}
		if i < len(chars) && (n == 0 || divided) {
			i++
		}
	}
	p.add(l, g)
}

// isMarker reports whether text is a bullet or the number of a list's item or of
// a heading, which may be set in another font than what it marks.
func isMarker(text string) bool {
	return len(text) <= 8 && strings.IndexFunc(text, unicode.IsLetter) < 0
}

// take sets the line's look; a size that makes no sense is that of the box.
func (l *pdfLine) take(look pdfLook, b box) {
	if l.pdfLook = look; l.size < 2 {
		l.size = 1.3 * (b.top - b.bottom)
	}
}

// word appends the word of n characters from i, unless it stands a line or more
// above or below: the engine runs on from one form field to the next.
func (l *pdfLine) word(text string, i, n int, g pdfGlyphs) bool {
	b := g.box(i)
	if n > 1 {
		b = b.union(g.box(i + n - 1))
	}
	if l.cells != nil && (b.top < l.bottom-l.size || b.bottom > l.top+l.size) {
		return false
	}
	l.last = i + n - 1
	if l.cells == nil {
		l.take(g.look(i), b)
		l.cells, l.starts, l.ends = []string{text}, []float64{b.left}, []float64{b.right}
		l.left, l.right, l.top, l.bottom = b.left, b.right, b.top, b.bottom
		return true
	}
	if isMarker(l.text()) {
		l.take(g.look(i), b)
	}
	l.descends = l.descends || b.right < l.right
	if b.left-l.right > 1.5*l.size {
		l.cells, l.starts, l.ends = append(l.cells, text), append(l.starts, b.left), append(l.ends, b.right)
	} else {
		l.noteGap(b.left-l.right, b.left)
		l.cells[len(l.cells)-1] += " " + text
		l.ends[len(l.ends)-1] = b.right
	}
	l.left, l.right = min(l.left, b.left), max(l.right, b.right)
	l.top, l.bottom = max(l.top, b.top), min(l.bottom, b.bottom)
	return true
}

// add appends a line, or what goes on to the right of the last one.
func (p *pdfPage) add(l pdfLine, g pdfGlyphs) {
	if l.cells == nil {
		return
	}
	l.code = monoName.MatchString(l.font) && monoName.MatchString(g.look(l.last).font)
	l.rightToLeft()
	if n := len(p.lines); n > 0 && p.lines[n-1].extend(l) {
		return
	}
	p.lines = append(p.lines, l)
}

// extend joins a line that goes on to the right of this one.
func (l *pdfLine) extend(s pdfLine) bool {
	overlap := math.Min(l.top, s.top) - math.Max(l.bottom, s.bottom)
	height := math.Min(l.top-l.bottom, s.top-s.bottom)
	gap := s.left - l.right
	em := math.Max(l.size, s.size)
	if overlap < 0.4*height || gap < -0.6*em {
		return false
	}
	switch {
	case isMarker(l.text()):
		l.pdfLook, l.code = s.pdfLook, s.code
	case len(s.text()) > 3:
		l.bold, l.code = l.bold && s.bold, l.code && s.code
	}
	n := len(l.cells) - 1
	if gap <= 1.2*em {
		l.noteGap(gap, s.left)
	}
	for _, g := range s.narrow {
		if g.cell += n; gap > 1.2*em {
			g.cell++
		} else if g.cell == n {
			g.at += len(l.cells[n]) + 1
		}
		l.narrow = append(l.narrow, g)
	}
	if gap > 1.2*em {
		l.cells, l.starts, l.ends = append(l.cells, s.cells...), append(l.starts, s.starts...), append(l.ends, s.ends...)
	} else {
		l.cells[n] += " " + s.cells[0]
		l.ends[n] = s.ends[0]
		l.cells, l.starts, l.ends = append(l.cells, s.cells[1:]...), append(l.starts, s.starts[1:]...), append(l.ends, s.ends[1:]...)
	}
	l.right, l.top, l.bottom = math.Max(l.right, s.right), math.Max(l.top, s.top), math.Min(l.bottom, s.bottom)
	return true
}

// dropRunning removes lines that stand at the same height at the top or bottom
// of many pages with the same words, numbers aside.
func dropRunning(pages []pdfPage) {
	if len(pages) < 3 {
		dropPageNumbers(pages)
		return
	}
	seen := map[runningKey]int{}
	for _, p := range pages {
		for _, k := range slices.Compact(runningKeys(p)) {
			seen[k]++
		}
	}
	limit := max(3, len(pages)/4)
	for i := range pages {
		p := &pages[i]
		keys := runningKeys(*p)
		kept := p.lines[:0:0]
		for j, l := range p.lines {
			if k := keys[j]; k.text == "" || seen[k] < limit {
				kept = append(kept, l)
			}
		}
		p.lines = kept
	}
	dropPageNumbers(pages)
}

// runningKey is a line's words without digits, and where it stands.
type runningKey struct {
	text string
	y    int
}

// runningKeys has a key for each line; those in the body of the page are empty.
func runningKeys(p pdfPage) []runningKey {
	keys := make([]runningKey, len(p.lines))
	for i, l := range p.lines {
		if edge := i < 2 || i >= len(p.lines)-2; !edge && !p.margin(l) {
			continue
		}
		keys[i] = runningKey{strings.Map(func(r rune) rune {
			if unicode.IsDigit(r) || unicode.IsSpace(r) {
				return -1
			}
			return r
		}, l.text()) + "#", int(math.Round(l.bottom / 6))}
	}
	return keys
}

// margin reports whether a line is in the top or bottom tenth of the page.
func (p *pdfPage) margin(l pdfLine) bool {
	return p.height > 0 && (l.bottom > 0.9*p.height || l.top < 0.1*p.height)
}

// dropPageNumbers removes lone numbers in the margin.
func dropPageNumbers(pages []pdfPage) {
	for i := range pages {
		p := &pages[i]
		p.lines = slices.DeleteFunc(p.lines, func(l pdfLine) bool {
			t := strings.Trim(strings.ToLower(l.text()), " -–—|.")
			t = strings.TrimSpace(strings.TrimPrefix(t, "page"))
			return p.margin(l) && t != "" && strings.Trim(t, "0123456789") == "" && len(t) <= 5
		})
	}
}

// isPDFHyphen: the engine marks a hyphen at a line's end, and goes on with the
// word on the next line.
func isPDFHyphen(r rune) bool { return r == 2 || r == 0xfffe }
