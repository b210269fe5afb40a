package generate

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	printing "golang.org/x/text/message"
)

// Schema is a JSON schema that an answer obeys. Safe for concurrent use.
type Schema struct {
	raw      json.RawMessage
	compiled *jsonschema.Schema
	strict   bool
}

const (
	maxSchema = 64 << 10 // bytes
	// maxSchemaNodes bounds a schema with its references followed, and so the time
	// that validating a value takes.
	maxSchemaNodes = 10_000
	maxProblems    = 20
)

// Problem is a part of a JSON value that does not obey its schema.
type Problem struct {
	Path    string // a JSON pointer; empty is the whole
	Message string
}

// ParseSchema reads a JSON schema, of draft 2020-12 unless it names another. It
// stands alone: a reference to elsewhere is an error, and so is one that leads
// back to itself, since the time to check a value would have no bound.
func ParseSchema(text string) (*Schema, error) {
	if len(text) > maxSchema {
		return nil, fmt.Errorf("%d bytes; at most %d are taken", len(text), maxSchema)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("not JSON: %w", err)
	}
	if _, ok := doc.(map[string]any); !ok {
		return nil, errors.New("want an object")
	}
	size := &schemaSize{root: doc, known: map[string]int{}}
	if _, err := size.of(doc, nil); err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.UseLoader(nowhere{})
	if err := c.AddResource(schemaURL, doc); err != nil {
		return nil, schemaFault(err)
	}
	compiled, err := c.Compile(schemaURL)
	if err != nil {
		return nil, schemaFault(err)
	}
	return &Schema{json.RawMessage(text), compiled, strictly(doc)}, nil
}

const schemaURL = "urn:answer"

func schemaFault(err error) error {
	return errors.New(oneLine(strings.ReplaceAll(err.Error(), schemaURL, "")))
}

// nowhere loads nothing.
type nowhere struct{}

func (nowhere) Load(url string) (any, error) {
	return nil, fmt.Errorf("%q: a schema must stand alone", url)
}

// check returns the value and what of it does not obey the schema.
func (s *Schema) check(text string) (any, []Problem) {
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		return nil, []Problem{{"", "not one JSON value: " + err.Error()}}
	}
	err = s.compiled.Validate(value)
	if err == nil {
		return value, nil
	}
	failed, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		return nil, []Problem{{"", err.Error()}}
	}
	return nil, problemsOf(failed, nil)
}

var inEnglish = printing.NewPrinter(language.English)

// problemsOf collects the innermost causes, which say what to change.
func problemsOf(e *jsonschema.ValidationError, out []Problem) []Problem {
	if _, group := e.ErrorKind.(*kind.Schema); len(e.Causes) == 0 && !group && len(out) < maxProblems {
		var path strings.Builder
		for _, part := range e.InstanceLocation {
			path.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(part))
		}
		out = append(out, Problem{path.String(), e.ErrorKind.LocalizedString(inEnglish)})
	}
	for _, cause := range e.Causes {
		out = problemsOf(cause, out)
	}
	return out
}

// schemaSize counts a schema's nodes with its references followed.
type schemaSize struct {
	root  any
	known map[string]int // by reference
}

func (s *schemaSize) of(node any, within []string) (n int, err error) {
	n = 1
	add := func(child any, within []string) {
		if err == nil {
			var m int
			m, err = s.of(child, within)
			n += m
		}
	}
	switch node := node.(type) {
	case []any:
		for _, child := range node {
			add(child, within)
		}
	case map[string]any:
		for key, child := range node {
			if err != nil {
				break
			}
			switch ref, isText := child.(string); {
			case slices.Contains([]string{"$id", "$anchor", "$dynamicRef", "$recursiveRef", "id"}, key) && isText:
				return 0, fmt.Errorf("%q is not taken: refer by \"#/…\"", key)
			case key == "$ref" && isText:
				var m int
				if m, err = s.reference(ref, within); err == nil {
					n += m
				}
			default:
				add(child, within)
			}
		}
	}
	if err == nil && n > maxSchemaNodes {
		err = fmt.Errorf("more than %d parts with its references followed", maxSchemaNodes)
	}
	return n, err
}

func (s *schemaSize) reference(ref string, within []string) (int, error) {
	if slices.Contains(within, ref) {
		return 0, fmt.Errorf("the reference %.100q leads back to itself", ref)
	}
	if n, ok := s.known[ref]; ok {
		return n, nil
	}
	path, ok := strings.CutPrefix(ref, "#")
	if !ok {
		return 0, fmt.Errorf("the reference %.100q: a schema must stand alone", ref)
	}
	if path == "" {
		return 0, errors.New("the reference \"#\" leads back to itself")
	}
	node := s.root
	for _, part := range strings.Split(strings.TrimPrefix(path, "/"), "/") {
		object, _ := node.(map[string]any)
		node, ok = object[strings.NewReplacer("~1", "/", "~0", "~").Replace(part)]
		if !ok {
			return 0, fmt.Errorf("the reference %.100q leads nowhere", ref)
		}
	}
	n, err := s.of(node, append(slices.Clone(within), ref))
	if err == nil {
		s.known[ref] = n
	}
	return n, err
}

// strictly tells whether every object of a schema names all its members and
// requires each: OpenAI refuses strict mode without.
func strictly(node any) bool {
	object, ok := node.(map[string]any)
	if !ok {
		list, _ := node.([]any)
		return !slices.ContainsFunc(list, func(child any) bool { return !strictly(child) })
	}
	if properties, ok := object["properties"].(map[string]any); ok || object["type"] == "object" {
		required, _ := object["required"].([]any)
		if object["additionalProperties"] != false || len(required) != len(properties) {
			return false
		}
	}
	for _, child := range object {
		if !strictly(child) {
			return false
		}
	}
	return true
}
