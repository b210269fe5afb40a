package filter

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	day := time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		in   string
		want Expr
	}{
		{``, And{}},
		{`  `, And{}},
		{`lang = "en"`, Compare{"lang", Eq, []any{"en"}}},
		{`a = 1 and b = 2 or c = 3`, Or{And{Compare{"a", Eq, []any{1.0}}, Compare{"b", Eq, []any{2.0}}}, Compare{"c", Eq, []any{3.0}}}},
		{`not a = true and exists b.c`, And{Not{Compare{"a", Eq, []any{true}}}, Compare{Field: "b.c", Op: Exists}}},
		{`NOT (a != "x" OR b in ("y", -1.5e3))`, Not{Or{Compare{"a", Ne, []any{"x"}}, Compare{"b", In, []any{"y", -1500.0}}}}},
		{`uri prefix "file:///a\"b" and modified_at >= 2026-01-31`, And{Compare{"uri", Prefix, []any{`file:///a"b`}}, Compare{"modified_at", Ge, []any{day}}}},
		{`größe contains "ß"`, Compare{"größe", Contains, []any{"ß"}}},
	} {
		got, err := Parse(c.in)
		if err != nil {
			t.Errorf("Parse(%q): %v", c.in, err)
		} else if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("Parse(%q):\n%s", c.in, diff)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for in, want := range map[string]string{
		`lang`:                     `at byte 4: expected a comparison such as = or in after "lang", not the end`,
		`lang = `:                  `at byte 7: expected a value, not the end`,
		`lang = en`:                `at byte 7: expected a value, not "en": put text in double quotes`,
		`lang = "en`:               `at byte 7: text without its closing quote`,
		`a = 1 b = 2`:              `at byte 6: expected and, or, or the end, not "b"`,
		`(a = 1`:                   `at byte 6: expected ")", not the end`,
		`a in ()`:                  `at byte 6: expected a value`,
		`a ; drop`:                 `at byte 2: unexpected ';'`,
		`uri = 3`:                  `at byte 0: uri is text`,
		`modified_at > "x"`:        `at byte 0: modified_at is a date`,
		`a < true`:                 `at byte 0: < cannot order true and false`,
		`a prefix 3`:               `at byte 0: prefix compares text only`,
		`.a = 1`:                   `is not a field`,
		strings.Repeat("(", 40):    `nested deeper than 32`,
		strings.Repeat("x", 10000): `longer than 8192 bytes`,
	} {
		_, err := Parse(in)
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q) = %v, want %q", clip(in), err, want)
		}
	}
}

func TestValidateBounds(t *testing.T) {
	leaf := Compare{"a", Eq, []any{1.0}}
	deep := Expr(leaf)
	for range MaxDepth {
		deep = Not{deep}
	}
	many := make([]any, MaxTerms)
	for i := range many {
		many[i] = "v"
	}
	nan := Compare{"a", Lt, []any{0.0}}
	nan.Values[0] = nan.Values[0].(float64) / nan.Values[0].(float64)
	for name, e := range map[string]Expr{
		"deep": deep, "many": Compare{"a", In, many}, "nil": nil, "nan": nan,
		"NUL": Compare{"a", Eq, []any{"\x00"}}, "NUL in the field": Compare{"a\x00", Eq, []any{"x"}}, "type": Compare{"a", Eq, []any{1}}, "operator": Compare{"a", 99, []any{"x"}},
	} {
		if err := Validate(e); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if err := Validate(And{leaf, Or{}, Not{leaf}}); err != nil {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`a = "x" and not (b in (1, 2) or exists c.d)`)
	f.Add(`"\u00e9" <= 2026-01-31T00:00:00Z`)
	f.Fuzz(func(t *testing.T, s string) {
		e, err := Parse(s)
		if err != nil {
			return
		}
		args := map[string]any{}
		sql := SQL(e, "d", args)
		if strings.Count(sql, "(") != strings.Count(sql, ")") || strings.Contains(sql, `"x"`) {
			t.Errorf("Parse(%q) compiles to %s %v", s, sql, args)
		}
	})
}
