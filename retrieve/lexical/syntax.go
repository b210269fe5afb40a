package lexical

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Demand is what a query asks of every result: that the terms follow each other
// in it, or that they do not.
type Demand struct {
	// Text as written, without quotes and sign.
	Text     string
	Terms    []string
	Excluded bool
	Quoted   bool
}

// String is the demand as people write it; a plain quoted phrase has no sign.
func (d Demand) String() string {
	text := d.Text
	if d.Quoted {
		text = `"` + text + `"`
	}
	switch {
	case d.Excluded:
		return "-" + text
	case d.Quoted:
		return text
	}
	return "+" + text
}

// Syntax is a query as people may write it, taken apart.
type Syntax struct {
	// Text to search by: the query without its signs, quotes and exclusions. A
	// query without any is unchanged, byte for byte.
	Text    string
	Demands []Demand
}

// maxDemands bounds the demands of a query; what follows is plain text.
const maxDemands = 32

// Parse finds "quoted phrases", +required and -excluded words. They begin and end
// with white space or punctuation. A quote without its partner is plain text, and
// so is a sign in a question (it begins with a question word or ends with "?"),
// before a digit or before another sign. Words without terms demand nothing.
func (a *Analyzer) Parse(query string) Syntax {
	prose := a.isQuestion(query)
	var out Syntax
	var plain strings.Builder
	for i := 0; i < len(query); {
		d, width := demand(query, i, prose)
		if width > 0 && len(out.Demands) < maxDemands {
			d.Terms = a.Terms(d.Text)
			if !d.Excluded {
				plain.WriteString(d.Text)
			}
			if len(d.Terms) > 0 {
				out.Demands = append(out.Demands, d)
			}
			i += width
			continue
		}
		_, width = utf8.DecodeRuneInString(query[i:])
		plain.WriteString(query[i : i+width])
		i += width
	}
	out.Text = plain.String()
	return out
}

// isQuestion tells prose from keywords.
func (a *Analyzer) isQuestion(query string) bool {
	query = strings.TrimSpace(query)
	if strings.HasSuffix(query, "?") || strings.HasSuffix(query, "？") {
		return true
	}
	first, _, _ := strings.Cut(query, " ")
	s := a.scanner()
	defer a.scanners.Put(s)
	return s.lookup(first).asks
}

// demand reads the demand that begins at i, and returns its width; 0 is none.
func demand(query string, i int, prose bool) (Demand, int) {
	if i > 0 && !edge(lastRune(query[:i])) {
		return Demand{}, 0
	}
	sign := query[i]
	rest, skip := query[i:], 0
	if sign == '+' || sign == '-' {
		rest, skip = query[i+1:], 1
	}
	d := Demand{Excluded: sign == '-'}
	if text, width := quoted(rest); width > 0 && !(prose && skip > 0) {
		d.Text, d.Quoted = text, true
		return d, skip + width
	}
	if skip == 0 || prose {
		return Demand{}, 0
	}
	r, _ := utf8.DecodeRuneInString(rest)
	if !unicode.IsLetter(r) && !(sign == '+' && unicode.IsDigit(r)) {
		return Demand{}, 0
	}
	n := strings.IndexFunc(rest, unicode.IsSpace)
	if n < 0 {
		n = len(rest)
	}
	d.Text = strings.TrimRight(rest[:n], `,;.!)"`)
	return d, skip + len(d.Text)
}

// quoted returns the text between the quotes that rest begins with, and the
// width of all; 0 when it begins with none, or with one that is not closed.
func quoted(rest string) (string, int) {
	for _, pair := range [][2]string{{`"`, `"`}, {"“", "”"}, {"„", "“"}, {"«", "»"}} {
		inner, ok := strings.CutPrefix(rest, pair[0])
		if !ok {
			continue
		}
		text, after, ok := strings.Cut(inner, pair[1])
		r, _ := utf8.DecodeRuneInString(after)
		if !ok || after != "" && !edge(r) {
			return "", 0
		}
		return text, len(rest) - len(after)
	}
	return "", 0
}

// edge tells what a demand may stand beside.
func edge(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`.,;:!?()[]`, r) }

func lastRune(s string) rune {
	r, _ := utf8.DecodeLastRuneInString(s)
	return r
}

// Holds tells whether the terms of text have the demand's one after another.
func (d Demand) Holds(terms []string) bool {
	for i := 0; i+len(d.Terms) <= len(terms); i++ {
		j := 0
		for j < len(d.Terms) && terms[i+j] == d.Terms[j] {
			j++
		}
		if j == len(d.Terms) {
			return true
		}
	}
	return false
}
