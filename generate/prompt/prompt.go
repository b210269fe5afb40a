// Package prompt keeps the words with which models are asked: templates with
// declared variables, in versions that never change, and which of them each
// collection uses. What a template may do is little on purpose, so that none can
// loop, recurse, or show a document's text outside of its fence.
package prompt

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
	"text/template"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Template is a prompt as its file says it, checked. It does not change; safe
// for concurrent use.
type Template struct {
	Name, Description string
	// Version counts from 1; 0: not stored yet.
	Version   int
	Variables []Variable
	Examples  []Example
	// Source is the file.
	Source string

	set *template.Template // "system" and "user"
}

// Example is a question that was answered well, shown to the model as a turn
// before the question.
type Example struct {
	Passages []string `yaml:"passages"`
	Question string   `yaml:"question"`
	Answer   string   `yaml:"answer"`
}

// Limits of a file. What it makes with any values of its variables, examples and
// all, is at most maxRendered bytes, without passages and question.
const (
	MaxSource    = 64 << 10
	maxRendered  = 32 << 10
	maxVariables = 32
	maxExamples  = 16
)

// Invalid is a prompt or a value that cannot be used. Problems are for people,
// one each, with the line of the file where there is one.
type Invalid struct {
	// Field is "source" or, of a value, its variable's name.
	Field    string
	Problems []string
}

func (e *Invalid) Error() string { return e.Field + ": " + strings.Join(e.Problems, "; ") }

func invalid(field, format string, a ...any) *Invalid {
	return &Invalid{field, []string{fmt.Sprintf(format, a...)}}
}

// ErrUnknown: no prompt of that name, or not in that version.
var ErrUnknown = errors.New("no such prompt")

var validName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

// header is what stands between the lines "---".
type header struct {
	Name        string     `yaml:"name"`
	Description string     `yaml:"description"`
	Variables   []Variable `yaml:"variables"`
	Examples    []Example  `yaml:"examples"`
}

// Parse reads and checks a file: YAML between two lines "---", then the
// templates "system" and "user" in Go's text/template. Its error is an *Invalid
// that names what is wrong. It reaches for nothing, and its time is bounded by
// MaxSource: a template has no loops and calls no other.
func Parse(source string) (*Template, error) {
	if problem := badText(source); problem != "" {
		return nil, invalid("source", "%s", problem)
	}
	source = strings.ReplaceAll(source, "\r\n", "\n")
	front, body, err := split(source)
	if err != nil {
		return nil, err
	}
	var h header
	d := yaml.NewDecoder(strings.NewReader(front))
	d.KnownFields(true)
	if err := d.Decode(&h); err != nil && !errors.Is(err, io.EOF) {
		return nil, invalid("source", "%s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	t := &Template{Name: h.Name, Description: h.Description, Variables: h.Variables, Examples: h.Examples, Source: source}
	if problems := h.problems(); len(problems) > 0 {
		return nil, &Invalid{"source", problems}
	}
	if t.set, err = template.New("").Option("missingkey=error").Parse(body); err != nil {
		return nil, invalid("source", "%s", templateError(err))
	}
	if problems := t.problems(); len(problems) > 0 {
		return nil, &Invalid{"source", problems}
	}
	return t, t.try()
}

// badText says why a file is no text that a person could review.
func badText(s string) string {
	switch {
	case strings.TrimSpace(s) == "":
		return "the file is empty"
	case len(s) > MaxSource:
		return fmt.Sprintf("%d bytes; at most %d are taken", len(s), MaxSource)
	case !utf8.ValidString(s):
		return "not valid UTF-8"
	}
	for i, r := range s {
		if r != '\n' && r != '\t' && r != '\r' && unicode.In(r, unicode.Cc, unicode.Cf) {
			return fmt.Sprintf("line %d: the invisible character %U", 1+strings.Count(s[:i], "\n"), r)
		}
	}
	return ""
}

// split cuts a file into its header and its templates, both padded so that lines
// count from the file's start.
func split(source string) (front, body string, err error) {
	rest, ok := strings.CutPrefix(source, "---\n")
	front, body, found := strings.Cut(rest, "\n---\n")
	if !ok || !found {
		return "", "", invalid("source", `want a header between two lines "---", and the templates after it`)
	}
	lines := 3 + strings.Count(front, "\n")
	return "\n" + front, strings.Repeat("\n", lines) + body, nil
}

var templatePosition = regexp.MustCompile(`^template: :(\d+):(?:\d+:)? *`)

// templateError is text/template's error with the line first.
func templateError(err error) string {
	return templatePosition.ReplaceAllString(err.Error(), "line $1: ")
}

//go:embed grounded-qa.prompt
var builtIn string

// Default is the prompt that answers where none was activated.
var Default = sync.OnceValue(func() *Template {
	t, err := Parse(builtIn)
	if err != nil {
		panic(err) // a test parses it
	}
	t.Version = builtInVersion
	return t
})

// Any change to what the built-in prompt renders raises the version.
const builtInVersion = 2

// Ref names a version, as in "support@3".
func (t *Template) Ref() string { return fmt.Sprintf("%s@%d", t.Name, t.Version) }

// render runs one of the two templates.
func (t *Template) render(part string, data map[string]any) (string, error) {
	var b bytes.Buffer
	err := t.set.ExecuteTemplate(&limited{&b, maxRendered}, part, data)
	return strings.TrimSpace(b.String()), err
}

// limited refuses what is written over its limit.
type limited struct {
	to   *bytes.Buffer
	left int
}

var errTooLong = fmt.Errorf("makes more than %d bytes", maxRendered)

func (l *limited) Write(p []byte) (int, error) {
	if l.left -= len(p); l.left < 0 {
		return 0, errTooLong
	}
	return l.to.Write(p)
}
