package filter

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// SQL returns the expression as a condition on a row of table document under
// the given alias, never null. Its parameters are named @f0, @f1, … and added to
// args; no text of the expression is part of the SQL. Equality and array
// membership are written so that the GIN index on metadata serves them. The
// expression must have passed Validate.
func SQL(e Expr, alias string, args map[string]any) string {
	c := &compiler{alias: alias, args: args}
	c.expr(e)
	return c.b.String()
}

type compiler struct {
	b     strings.Builder
	alias string
	next  int
	args  map[string]any
}

// arg adds a parameter and returns its placeholder with a cast.
func (c *compiler) arg(v any, cast string) string {
	name := fmt.Sprintf("f%d", c.next)
	c.args[name] = v
	c.next++
	return "@" + name + "::" + cast
}

func (c *compiler) expr(e Expr) {
	switch e := e.(type) {
	case And:
		c.join(e, " and ", "true")
	case Or:
		c.join(e, " or ", "false")
	case Not:
		c.b.WriteString("not ")
		c.expr(e.Expr)
	case Compare:
		c.b.WriteString("(" + c.compare(e) + ")")
	default:
		c.b.WriteString("false")
	}
}

func (c *compiler) join(es []Expr, sep, empty string) {
	c.b.WriteByte('(')
	for i, e := range es {
		if i > 0 {
			c.b.WriteString(sep)
		}
		c.expr(e)
	}
	if len(es) == 0 {
		c.b.WriteString(empty)
	}
	c.b.WriteByte(')')
}

func (c *compiler) compare(e Compare) string {
	switch e.Op {
	case Ne:
		return "not (" + c.compare(Compare{e.Field, Eq, e.Values}) + ")"
	case In:
		return c.any(e)
	}
	if path := e.Field.path(); path != nil {
		return c.metadata(e, path)
	}
	return c.column(e)
}

func (c *compiler) any(e Compare) string {
	parts := make([]string, len(e.Values))
	for i, v := range e.Values {
		parts[i] = c.compare(Compare{e.Field, Eq, []any{v}})
	}
	return strings.Join(parts, " or ")
}

// column compares a property of the document; the field is one of columns.
func (c *compiler) column(e Compare) string {
	col, cast := c.alias+"."+string(e.Field), "text"
	if columns[e.Field] {
		cast = "timestamptz"
	} else {
		col += ` collate "C"` // byte order, the same on every server
	}
	switch e.Op {
	case Exists:
		if cast == "text" {
			return col + " <> ''"
		}
		return col + " is not null"
	case Prefix:
		return fmt.Sprintf("starts_with(%s, %s)", col, c.arg(e.Values[0], cast))
	case Contains:
		return fmt.Sprintf("strpos(%s, %s) > 0", col, c.arg(e.Values[0], cast))
	}
	return fmt.Sprintf("coalesce(%s %s %s, false)", col, e.Op, c.arg(e.Values[0], cast))
}

// metadata compares a value inside the document's metadata: what was given,
// over what the document says of itself.
func (c *compiler) metadata(e Compare, path []string) string {
	doc := fmt.Sprintf("(%[1]s.stated || %[1]s.metadata)", c.alias)
	if e.Op == Eq {
		return fmt.Sprintf("%s @> %s", doc, c.arg(nest(path, jsonValue(e.Values[0])), "jsonb"))
	}
	var element string
	if e.Op == Contains {
		v := jsonValue(e.Values[0])
		element = fmt.Sprintf("%s @> %s", doc, c.arg(nest(path, []any{v}), "jsonb"))
		if _, isString := v.(string); !isString {
			return element
		}
	}
	at := c.arg(path, "text[]")
	if e.Op == Exists {
		return fmt.Sprintf("%s #> %s is not null", doc, at)
	}
	v := jsonValue(e.Values[0])
	switch e.Op {
	case Contains:
		return fmt.Sprintf("%s or %s", element, c.typed(doc, at, "string", "strpos(%s, "+c.arg(v, "text")+") > 0"))
	case Prefix:
		return c.typed(doc, at, "string", "starts_with(%s, "+c.arg(v, "text")+")")
	}
	if n, ok := v.(float64); ok {
		return c.typed(doc, at, "number", "(%s)::numeric "+e.Op.String()+" "+c.arg(n, "float8")+"::numeric")
	}
	return c.typed(doc, at, "string", `%s collate "C" `+e.Op.String()+" "+c.arg(v, "text"))
}

// typed guards a test by the type of the value, so that no cast can fail.
func (c *compiler) typed(doc, at, kind, test string) string {
	value := fmt.Sprintf("(%s #>> %s)", doc, at)
	return fmt.Sprintf("case when jsonb_typeof(%s #> %s) = '%s' then %s else false end", doc, at, kind, fmt.Sprintf(test, value))
}

// jsonValue is a value as it would stand in metadata: dates are text there.
func jsonValue(v any) any {
	t, ok := v.(time.Time)
	switch {
	case !ok:
		return v
	case t.Equal(t.Truncate(24*time.Hour)) && t.Location() == time.UTC:
		return t.Format(time.DateOnly)
	}
	return t.Format(time.RFC3339)
}

// nest returns {"a":{"b":v}} for path a, b.
func nest(path []string, v any) string {
	for i := len(path) - 1; i >= 0; i-- {
		v = map[string]any{path[i]: v}
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings, finite numbers and booleans always encode
	}
	return string(b)
}
