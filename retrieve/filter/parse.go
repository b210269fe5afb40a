package filter

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Parse reads the one-line form:
//
//	year >= 2023 and (lang = "en" or tags contains "hr") and not uri prefix "file:///tmp/"
//	author in ("Ann", "Bo") and exists review.date and modified_at < 2026-01-31
//
// Text stands in double quotes with Go's escapes; numbers, true, false and dates
// (2026-01-31, RFC 3339) stand bare. "not" binds closest, then "and", then "or".
// Blank text is an empty And. Errors are *Error with a position.
func Parse(s string) (Expr, error) {
	if len(s) > MaxLength {
		return nil, &Error{MaxLength, fmt.Sprintf("longer than %d bytes", MaxLength)}
	}
	p := &parser{s: s}
	if err := p.next(); err != nil {
		return nil, err
	}
	if p.tok.kind == end {
		return And{}, nil
	}
	e, err := p.or(1)
	if err != nil {
		return nil, err
	}
	if p.tok.kind != end {
		return nil, p.errorf("expected and, or, or the end, not %s", p.tok)
	}
	n := 0
	return e, validate(e, 1, &n)
}

type parser struct {
	s   string
	pos int
	tok token
}

type tokenKind uint8

const (
	end tokenKind = iota
	word
	text
	symbol
)

type token struct {
	kind tokenKind
	at   int
	text string
}

func (t token) String() string {
	if t.kind == end {
		return "the end"
	}
	return strconv.Quote(clip(t.text))
}

// is tells whether the token is a keyword, in any case, or a symbol.
func (t token) is(s string) bool {
	return t.kind == word && strings.EqualFold(t.text, s) || t.kind == symbol && t.text == s
}

func (p *parser) errorf(format string, a ...any) error {
	return &Error{p.tok.at, fmt.Sprintf(format, a...)}
}

func (p *parser) or(depth int) (Expr, error) {
	return p.list(depth, "or", p.and, func(es []Expr) Expr { return Or(es) })
}

func (p *parser) and(depth int) (Expr, error) {
	return p.list(depth, "and", p.unary, func(es []Expr) Expr { return And(es) })
}

func (p *parser) list(depth int, sep string, item func(int) (Expr, error), join func([]Expr) Expr) (Expr, error) {
	var es []Expr
	for {
		e, err := item(depth)
		if err != nil {
			return nil, err
		}
		es = append(es, e)
		if !p.tok.is(sep) {
			break
		}
		if err := p.next(); err != nil {
			return nil, err
		}
	}
	if len(es) == 1 {
		return es[0], nil
	}
	return join(es), nil
}

func (p *parser) unary(depth int) (Expr, error) {
	switch {
	case depth > MaxDepth:
		return nil, p.errorf("nested deeper than %d", MaxDepth)
	case p.tok.is("not"):
		if err := p.next(); err != nil {
			return nil, err
		}
		e, err := p.unary(depth + 1)
		return Not{e}, err
	case p.tok.is("("):
		if err := p.next(); err != nil {
			return nil, err
		}
		e, err := p.or(depth + 1)
		if err != nil {
			return nil, err
		}
		return e, p.expect(")")
	case p.tok.is("exists"):
		if err := p.next(); err != nil {
			return nil, err
		}
		f, err := p.field()
		return Compare{Field: f, Op: Exists}, err
	}
	return p.compare()
}

func (p *parser) expect(s string) error {
	if !p.tok.is(s) {
		return p.errorf("expected %q, not %s", s, p.tok)
	}
	return p.next()
}

func (p *parser) field() (Field, error) {
	if p.tok.kind != word {
		return "", p.errorf("expected a field, not %s", p.tok)
	}
	f := Field(p.tok.text)
	return f, p.next()
}

func (p *parser) compare() (Expr, error) {
	at := p.tok
	f, err := p.field()
	if err != nil {
		return nil, err
	}
	c := Compare{Field: f}
	for op, name := range opNames {
		if op != Exists && p.tok.is(name) {
			c.Op = op
		}
	}
	if c.Op == 0 {
		return nil, p.errorf("expected a comparison such as = or in after %s, not %s", at, p.tok)
	}
	if err := p.next(); err != nil {
		return nil, err
	}
	if c.Op == In {
		c.Values, err = p.values()
	} else {
		c.Values, err = p.value(nil)
	}
	if err != nil {
		return nil, err
	}
	if reason := c.wrong(); reason != "" {
		return nil, &Error{at.at, reason}
	}
	return c, nil
}

func (p *parser) values() (vs []any, err error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	for {
		if vs, err = p.value(vs); err != nil {
			return nil, err
		}
		if !p.tok.is(",") {
			return vs, p.expect(")")
		}
		if err := p.next(); err != nil {
			return nil, err
		}
	}
}

// value reads one value and appends it.
func (p *parser) value(vs []any) ([]any, error) {
	s := p.tok.text
	var v any
	switch p.tok.kind {
	case text:
		v = s
	case word:
		if v = bareValue(s); v == nil {
			return nil, p.errorf("expected a value, not %s: put text in double quotes", p.tok)
		}
	default:
		return nil, p.errorf("expected a value, not %s", p.tok)
	}
	return append(vs, v), p.next()
}

func bareValue(s string) any {
	switch s {
	case "true":
		return true
	case "false":
		return false
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			return t
		}
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil && f-f == 0 {
		return f
	}
	return nil
}

// next reads a token.
func (p *parser) next() error {
	p.pos += len(p.s[p.pos:]) - len(strings.TrimLeftFunc(p.s[p.pos:], unicode.IsSpace))
	rest := p.s[p.pos:]
	p.tok = token{kind: end, at: p.pos}
	switch {
	case rest == "":
		return nil
	case rest[0] == '"':
		quoted, err := strconv.QuotedPrefix(rest)
		if err != nil {
			return p.errorf("text without its closing quote, or with a wrong escape")
		}
		p.tok.kind, p.pos = text, p.pos+len(quoted)
		p.tok.text, err = strconv.Unquote(quoted)
		return err
	}
	for _, s := range []string{"!=", "<=", ">=", "=", "<", ">", "(", ")", ","} {
		if strings.HasPrefix(rest, s) {
			p.tok.kind, p.tok.text, p.pos = symbol, s, p.pos+len(s)
			return nil
		}
	}
	n := strings.IndexFunc(rest, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_.-+:", r)
	})
	if n < 0 {
		n = len(rest)
	}
	if n == 0 {
		r, _ := utf8.DecodeRuneInString(rest)
		return p.errorf("unexpected %q", r)
	}
	p.tok.kind, p.tok.text, p.pos = word, rest[:n], p.pos+n
	return nil
}
