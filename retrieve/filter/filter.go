// Package filter is the typed expression that restricts a search to some
// documents. People write it on one line (Parse), programs build it from Expr;
// both become SQL with every value a parameter (SQL).
package filter

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Bounds of an expression.
const (
	MaxDepth  = 32   // nesting of and, or, not
	MaxTerms  = 1000 // comparisons and list values in all
	MaxLength = 8192 // bytes of the one-line form
)

// Expr is a filter: And, Or, Not or Compare. Every expression is true or false
// of every document: a comparison with a field that is missing or of another
// type is false, so Ne, which is the negation of Eq, is true then.
type Expr interface{ expr() }

// And is true when all are; an empty And is true.
type And []Expr

// Or is true when one is; an empty Or is false.
type Or []Expr

// Not is the negation.
type Not struct{ Expr Expr }

// Compare tests one field. Values has one value, many for In, none for Exists.
// A value is a string, float64, bool or time.Time.
type Compare struct {
	Field  Field
	Op     Op
	Values []any
}

func (And) expr()     {}
func (Or) expr()      {}
func (Not) expr()     {}
func (Compare) expr() {}

// Op is a comparison.
type Op uint8

const (
	Eq Op = iota + 1
	Ne
	In
	Lt
	Le
	Gt
	Ge
	Exists
	Prefix   // of a string
	Contains // a string holds it, or an array has it as an element
)

var opNames = map[Op]string{
	Eq: "=", Ne: "!=", In: "in", Lt: "<", Le: "<=", Gt: ">", Ge: ">=",
	Exists: "exists", Prefix: "prefix", Contains: "contains",
}

func (o Op) String() string { return opNames[o] }

// Field names what is compared: a property of the document ("uri", "title",
// "media_type", "modified_at", "updated_at") or a path into its metadata, such
// as "author" or "meta.uri" or "publisher.country".
type Field string

// columns are the properties and whether they are times.
var columns = map[Field]bool{
	"uri": false, "title": false, "media_type": false, "modified_at": true, "updated_at": true,
}

// path returns the metadata path, or nil for a property.
func (f Field) path() []string {
	if _, ok := columns[f]; ok {
		return nil
	}
	return strings.Split(strings.TrimPrefix(string(f), "meta."), ".")
}

// Error says what is wrong with an expression and where.
type Error struct {
	// Position is the byte offset in the one-line form, or -1.
	Position int
	Reason   string
}

func (e *Error) Error() string {
	if e.Position < 0 {
		return "filter: " + e.Reason
	}
	return fmt.Sprintf("filter, at byte %d: %s", e.Position, e.Reason)
}

// Validate checks bounds, fields and the types of values; its error is an *Error.
func Validate(e Expr) error {
	n := 0
	return validate(e, 1, &n)
}

func validate(e Expr, depth int, terms *int) error {
	if depth > MaxDepth {
		return &Error{-1, fmt.Sprintf("nested deeper than %d", MaxDepth)}
	}
	switch e := e.(type) {
	case And:
		return validateAll(e, depth, terms)
	case Or:
		return validateAll(e, depth, terms)
	case Not:
		return validate(e.Expr, depth+1, terms)
	case Compare:
		if *terms += 1 + len(e.Values); *terms > MaxTerms {
			return &Error{-1, fmt.Sprintf("more than %d comparisons and values", MaxTerms)}
		}
		if reason := e.wrong(); reason != "" {
			return &Error{-1, reason}
		}
		return nil
	}
	return &Error{-1, "empty expression"}
}

func validateAll(es []Expr, depth int, terms *int) error {
	for _, e := range es {
		if err := validate(e, depth+1, terms); err != nil {
			return err
		}
	}
	return nil
}

// wrong returns what is wrong with a comparison, or "".
func (c Compare) wrong() string {
	isTime, isColumn := columns[c.Field]
	switch {
	case len(c.Field) > 255 || slices.Contains(c.Field.path(), "") || !storable(string(c.Field)):
		return fmt.Sprintf("%q is not a field", clip(string(c.Field)))
	case opNames[c.Op] == "":
		return "unknown operator"
	case c.Op == Exists && len(c.Values) > 0:
		return "exists takes no value"
	case c.Op == In && len(c.Values) == 0:
		return "in needs at least one value"
	case c.Op != Exists && c.Op != In && len(c.Values) != 1:
		return fmt.Sprintf("%s takes one value", c.Op)
	}
	for _, v := range c.Values {
		if reason := c.wrongValue(v, isColumn, isTime); reason != "" {
			return reason
		}
	}
	return ""
}

func (c Compare) wrongValue(v any, isColumn, isTime bool) string {
	_, isString := v.(string)
	switch v := v.(type) {
	case string:
		if !storable(v) {
			return fmt.Sprintf("the value of %s is not valid text", c.Field)
		}
	case bool:
		if c.Op >= Lt && c.Op <= Ge {
			return fmt.Sprintf("%s cannot order true and false", c.Op)
		}
	case float64:
		if v != v || v-v != 0 {
			return fmt.Sprintf("the value of %s is not a finite number", c.Field)
		}
	case time.Time:
	default:
		return fmt.Sprintf("a value of type %T cannot be compared", v)
	}
	_, isTimeValue := v.(time.Time)
	switch {
	case isTime && !isTimeValue:
		return fmt.Sprintf("%s is a date: compare it with one such as 2026-01-31", c.Field)
	case isTime && (c.Op == Prefix || c.Op == Contains), c.Op == Prefix && !isString:
		return fmt.Sprintf("%s compares text only", c.Op)
	case isColumn && !isTime && !isString:
		return fmt.Sprintf("%s is text: put the value in quotes", c.Field)
	}
	return ""
}

// storable says that Postgres takes the text.
func storable(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

func clip(s string) string {
	if len(s) > 40 {
		return strings.ToValidUTF8(s[:40], "") + "…"
	}
	return s
}
