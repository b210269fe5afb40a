package generate

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const yearSchema = `{"type": "object", "properties": {"year": {"type": "integer"}, "who": {"type": ["string", "null"]}}, "required": ["year"]}`

func schemaOf(t *testing.T, text string) *Schema {
	t.Helper()
	s, err := ParseSchema(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestParseSchemaRefuses(t *testing.T) {
	doubling := `{"$defs": {"d0": {"type": "string"}`
	for i := range 30 {
		doubling += fmt.Sprintf(`, "d%d": {"anyOf": [{"$ref": "#/$defs/d%d"}, {"$ref": "#/$defs/d%d"}]}`, i+1, i, i)
	}
	doubling += `}, "$ref": "#/$defs/d30"}`
	for text, want := range map[string]string{
		`nothing`:          "not JSON",
		`{} {}`:            "not JSON",
		`[]`:               "want an object",
		`{"type": "text"}`: "",
		`{"pattern": "("}`: "",
		`{"$ref": "https://example.com/schema.json"}`:                             "stand alone",
		`{"$ref": "file:///etc/passwd"}`:                                          "stand alone",
		`{"$schema": "https://example.com/meta"}`:                                 "stand alone",
		`{"$id": "https://example.com/", "type": "string"}`:                       "not taken",
		`{"properties": {"a": {"$ref": "#"}}}`:                                    "back to itself",
		`{"$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}, "$ref": "#/$defs/a"}`: "back to itself",
		`{"$ref": "#/$defs/nobody"}`:                                              "leads nowhere",
		doubling:                                                                  "more than 10000 parts",
		`{"description": "` + strings.Repeat("x", 65536) + `"}`:                   "at most",
	} {
		s, err := ParseSchema(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80s: %v, %v", text, s, err)
		}
	}
}

func TestSchemaCheck(t *testing.T) {
	s := schemaOf(t, `{"$defs": {"n": {"type": "integer", "minimum": 1}}, "type": "object", "required": ["a/b"],
		"properties": {"a/b": {"type": "array", "items": {"$ref": "#/$defs/n"}}}, "additionalProperties": false}`)
	for text, want := range map[string][]string{
		`{"a/b": [1, 2]}`:       nil,
		`{"a/b": [1, 0.5]}`:     {"/a~1b/1"},
		`{"a/b": [1, "x"]}`:     {"/a~1b/1"},
		`{}`:                    {""},
		`{"a/b": [], "c": 1}`:   {""},
		`{"a/b": []} and so on`: {""},
		`sorry`:                 {""},
	} {
		_, problems := s.check(text)
		var got []string
		for _, p := range problems {
			got = append(got, p.Path)
			if p.Message == "" {
				t.Errorf("%s: no message", text)
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s %v", text, d, problems)
		}
	}
}

// OpenAI's strict mode wants every member named and required.
func TestStrictly(t *testing.T) {
	for text, want := range map[string]bool{
		`{"type": "string"}`: true,
		yearSchema:           false,
		`{"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": false}`:                          true,
		`{"type": "array", "items": {"type": "object", "properties": {"a": {}}, "required": ["a"]}}`:                                             false,
		`{"type": "object", "properties": {"a": {"type": "object"}}, "required": ["a"], "additionalProperties": false}`:                          false,
		`{"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}, "required": ["a"], "additionalProperties": false}`: false,
	} {
		if got := schemaOf(t, text).strict; got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}
