package prompt

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Variable is declared in a prompt's header. Its default holds where a question
// gives no value.
type Variable struct {
	Name string `yaml:"name"`
	// Type is "string", "int", "bool" or "enum".
	Type string `yaml:"type"`
	// Values of an enum.
	Values      []string `yaml:"values"`
	Default     any      `yaml:"default"`
	Description string   `yaml:"description"`
}

const (
	maxString = 500       // bytes of a string's value
	maxInt    = 1_000_000 // of an int, either way
)

var validVariable = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// problem says what is wrong with the declaration.
func (v *Variable) problem() string {
	switch {
	case !validVariable.MatchString(v.Name):
		return fmt.Sprintf("variable %q: want a name of 1 to 40 of a-z, 0-9 and _", v.Name)
	case !slices.Contains([]string{"string", "int", "bool", "enum"}, v.Type):
		return fmt.Sprintf("variable %s: type %q: want string, int, bool or enum", v.Name, v.Type)
	case (v.Type == "enum") != (len(v.Values) > 0) || len(v.Values) > 64:
		return fmt.Sprintf("variable %s: an enum has 1 to 64 values, and nothing else has any", v.Name)
	case v.Default == nil:
		return fmt.Sprintf("variable %s: no default", v.Name)
	}
	for _, value := range v.Values {
		if why := badValue(value); why != "" || value == "" {
			return fmt.Sprintf("variable %s: value %q: %s", v.Name, value, why)
		}
	}
	if why := v.check(v.Default); why != "" {
		return fmt.Sprintf("variable %s: default %v: %s", v.Name, v.Default, why)
	}
	return ""
}

// check says why a value is not of v's type.
func (v *Variable) check(value any) string {
	switch x := value.(type) {
	case string:
		if v.Type == "string" {
			return badValue(x)
		}
		if v.Type == "enum" && slices.Contains(v.Values, x) {
			return ""
		}
	case int:
		if v.Type == "int" && x >= -maxInt && x <= maxInt {
			return ""
		}
	case bool:
		if v.Type == "bool" {
			return ""
		}
	}
	return "want " + v.wants()
}

func (v *Variable) wants() string {
	switch v.Type {
	case "int":
		return fmt.Sprintf("a whole number of at most %d", maxInt)
	case "bool":
		return "true or false"
	case "enum":
		return "one of " + strings.Join(v.Values, ", ")
	}
	return "text"
}

// parse reads a value given as text.
func (v *Variable) parse(text string) (any, string) {
	var value any = text
	switch v.Type {
	case "int":
		if n, err := strconv.Atoi(text); err == nil {
			value = n
		}
	case "bool":
		if text == "true" || text == "false" {
			value = text == "true"
		}
	}
	return value, v.check(value)
}

// badValue says why a text may not stand in a prompt: values come from clients,
// and brackets are what fences and markers are made of.
func badValue(s string) string {
	if len(s) > maxString || !utf8.ValidString(s) {
		return fmt.Sprintf("want UTF-8 of at most %d bytes", maxString)
	}
	for _, r := range s {
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) || strings.ContainsRune("<>[]＜＞⟦⟧", r) {
			return fmt.Sprintf("must be one line without brackets; it holds %q", r)
		}
	}
	return ""
}

// samples are values to try a template with.
func (v *Variable) samples() []any {
	switch v.Type {
	case "int":
		return []any{0, 1, -maxInt}
	case "bool":
		return []any{true, false}
	case "enum":
		out := make([]any, len(v.Values))
		for i, s := range v.Values {
			out[i] = s
		}
		return out
	}
	return []any{"", strings.Repeat("x", maxString)}
}
