package prompt

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Refusal is the sentence with which a model says that the passages do not hold
// the answer. Every prompt tells it.
const Refusal = "The documents do not contain the answer."

// Words are a prompt with its variables filled in, that waits for a question.
type Words struct {
	Name     string
	Version  int
	System   string
	Examples []Example
	user     string // with marks for passages and question
}

// Marks of the slots, which no template and no value can hold.
const (
	passagesMark = "\x00p\x00"
	questionMark = "\x00q\x00"
)

// Bind fills in values, given as text, and the defaults of the rest. Its error
// is an *Invalid that names a variable.
func (t *Template) Bind(values map[string]string) (*Words, error) {
	data := t.defaults()
	for _, name := range slices.Sorted(maps.Keys(values)) {
		i := slices.IndexFunc(t.Variables, func(v Variable) bool { return v.Name == name })
		if i < 0 {
			return nil, invalid(name, "unknown variable; %s", t.known())
		}
		value, why := t.Variables[i].parse(values[name])
		if why != "" {
			return nil, invalid(name, "%s", why)
		}
		data[name] = value
	}
	return t.words(data)
}

func (t *Template) known() string {
	if len(t.Variables) == 0 {
		return t.Ref() + " has none"
	}
	var names []string
	for _, v := range t.Variables {
		names = append(names, v.Name)
	}
	return t.Ref() + " has " + strings.Join(names, ", ")
}

func (t *Template) defaults() map[string]any {
	data := map[string]any{refusalField: Refusal, passagesSlot: passagesMark, questionSlot: questionMark}
	for _, v := range t.Variables {
		data[v.Name] = v.Default
	}
	return data
}

// words renders both templates.
func (t *Template) words(data map[string]any) (*Words, error) {
	w := &Words{Name: t.Name, Version: t.Version, Examples: t.Examples}
	var err error
	if w.System, err = t.render("system", data); err == nil {
		w.user, err = t.render("user", data)
	}
	if err != nil {
		return nil, invalid("source", "%s", templateError(err))
	}
	if !strings.Contains(w.System, Refusal) && !strings.Contains(w.user, Refusal) {
		return nil, invalid("source", "{{.%s}} is not shown", refusalField)
	}
	size := len(w.System)
	for _, e := range t.Examples {
		size += len(w.User(strings.Join(e.Passages, "\n"), e.Question)) + len(e.Answer)
	}
	if size > maxRendered {
		return nil, invalid("source", "%v", errTooLong)
	}
	return w, nil
}

// try renders with every value that a variable may show its limits with.
func (t *Template) try() error {
	if _, err := t.words(t.defaults()); err != nil {
		return err
	}
	longest := t.defaults()
	for _, v := range t.Variables {
		data := t.defaults()
		for _, sample := range v.samples() {
			data[v.Name], longest[v.Name] = sample, sample
			if _, err := t.words(data); err != nil {
				problem := err.(*Invalid).Problems[0]
				return invalid("source", "with %s = %.40q: %s", v.Name, fmt.Sprint(sample), problem)
			}
		}
	}
	_, err := t.words(longest)
	return err
}

// Ref names the version, as in "support@3".
func (w *Words) Ref() string { return fmt.Sprintf("%s@%d", w.Name, w.Version) }

// User is the user's message with passages and question, both fenced by the
// caller, in their places.
func (w *Words) User(passages, question string) string {
	return strings.NewReplacer(passagesMark, passages, questionMark, question).Replace(w.user)
}
