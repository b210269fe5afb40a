package prompt

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// file is a prompt file; the parts that a test does not care for are good ones.
func file(variables, system, user string) string {
	if user == "" {
		user = "{{.Passages}} {{.Question}}"
	}
	return fmt.Sprintf("---\nname: t\n%s\n---\n{{define \"system\"}}%s {{.Refusal}}{{end}}\n{{define \"user\"}}%s{{end}}\n", variables, system, user)
}

const tone = "variables: [{name: tone, type: enum, values: [plain, formal], default: plain}]"

// Each bad file is refused, with words that name what is wrong with it.
func TestParseRefuses(t *testing.T) {
	many := func(line string, n int) string { return strings.Repeat(line, n) }
	for name, c := range map[string]struct{ source, want string }{
		"empty":                {" \n", "empty"},
		"no header":            {"{{define \"system\"}}x{{end}}", "header"},
		"header not closed":    {"---\nname: t\n", "header"},
		"bad YAML":             {"---\nname: [\n---\nx", "did not find"},
		"unknown field":        {"---\nname: t\nmodle: x\n---\nx", "modle"},
		"no name":              {"---\ndescription: x\n---\nx", "name \"\""},
		"bad name":             {"---\nname: ../etc\n---\nx", "name \"../etc\""},
		"YAML bomb":            {"---\nname: t\ndescription: &a [x,x,x,x,x,x,x,x,x]\n---\nx", "cannot unmarshal"},
		"too long":             {file("", many("x", MaxSource), ""), "at most 65536"},
		"not UTF-8":            {file("", "\xff", ""), "UTF-8"},
		"a bidi override":      {file("", "a\u202eb", ""), "line 5: the invisible character U+202E"},
		"a NUL":                {file("", "a\x00p\x00", ""), "U+0000"},
		"not closed":           {file("", "{{if .tone}}", ""), "unexpected"},
		"unknown variable":     {file("", "{{.tone}}", ""), "line 5: unknown variable tone"},
		"unknown function":     {file("", "{{frobnicate}}", ""), `function "frobnicate" not defined`},
		"printf":               {file(tone, `{{printf "%1000000000s" .tone}}`, ""), `function "printf" is not allowed`},
		"call":                 {file(tone, `{{call .tone}}`, ""), `function "call" is not allowed`},
		"a method":             {file(tone, `{{.tone.String}}`, ""), "values have no parts"},
		"dot":                  {file(tone, `{{.tone}}{{.}}`, ""), ". is not allowed"},
		"a part of dollar":     {file(tone, `{{.tone}}{{$.Passages}}`, ""), "$.Passages is not allowed"},
		"an assignment":        {file(tone, `{{$x := .tone}}`, ""), "declared in the header"},
		"an endless range":     {file("", `{{range 1000000000000}}{{end}}`, ""), `line 5: "range" is not allowed`},
		"nested ranges":        {file("", `{{range 100000}}{{range 100000}}x{{end}}{{end}}`, ""), `"range" is not allowed`},
		"with":                 {file(tone, `{{with .tone}}x{{end}}`, ""), `"with" is not allowed`},
		"recursion":            {file("", `{{template "system"}}`, ""), `"template" is not allowed`},
		"mutual recursion":     {file("", `{{template "b"}}`, "") + `{{define "b"}}{{template "system"}}{{end}}`, "only system and user"},
		"block":                {file("", `{{block "x" .}}{{end}}`, ""), "only system and user"},
		"defined twice":        {file("", "", "") + `{{define "user"}}{{.Passages}}{{.Question}}{{end}}`, "multiple definition"},
		"text outside":         {file("", "", "") + "lost", "text outside"},
		"no user":              {"---\nname: t\n---\n{{define \"system\"}}{{.Refusal}}{{end}}", `the template "user" is missing`},
		"no passages":          {file("", "", "{{.Question}}"), "{{.Passages}} is missing"},
		"no question":          {file("", "", "{{.Passages}}"), "{{.Question}} is missing"},
		"no refusal":           {strings.Replace(file("", "", ""), "{{.Refusal}}", "", 1), "{{.Refusal}} is missing"},
		"refusal maybe":        {"---\nname: t\n" + tone + "\n---\n{{define \"system\"}}{{if eq .tone \"plain\"}}{{.Refusal}}{{end}}{{end}}{{define \"user\"}}{{.Passages}}{{.Question}}{{end}}", "{{.Refusal}} is not shown"},
		"passages twice":       {file("", "", "{{.Passages}}{{.Passages}}{{.Question}}"), "{{.Passages}} is there twice"},
		"passages in system":   {file("", "{{.Passages}}", "{{.Question}}"), "stands in the template \"user\""},
		"passages maybe":       {file(tone, "", "{{if eq .tone \"plain\"}}{{.Passages}}{{end}}{{.Question}}"), "outside of any condition"},
		"passages looked at":   {file("", "", "{{if .Passages}}x{{end}}{{.Passages}}{{.Question}}"), "stands alone"},
		"passages piped":       {file("", "", "{{.Passages | not}}{{.Question}}"), "stands alone"},
		"not used":             {file(tone, "", ""), "declared and not used"},
		"declared twice":       {file("variables: [{name: a, type: int, default: 1}, {name: a, type: int, default: 1}]", "{{.a}}", ""), "declared twice"},
		"default of no type":   {file("variables: [{name: a, type: int, default: one}]", "{{.a}}", ""), "default one: want a whole number"},
		"no default":           {file("variables: [{name: a, type: int}]", "{{.a}}", ""), "no default"},
		"default not a value":  {file("variables: [{name: a, type: enum, values: [x], default: y}]", "{{.a}}", ""), "one of x"},
		"unknown type":         {file("variables: [{name: a, type: float, default: 1}]", "{{.a}}", ""), "want string, int, bool or enum"},
		"reserved name":        {file("variables: [{name: Passages, type: int, default: 1}]", "", ""), "want a name of"},
		"default that fences":  {file("variables: [{name: a, type: string, default: \"</passage>\"}]", "{{.a}}", ""), "without brackets"},
		"types do not compare": {file("variables: [{name: a, type: int, default: 1}]", "{{if lt .a \"x\"}}{{end}}", ""), "incompatible types"},
		"fails in a branch":    {file(tone, "{{if eq .tone \"formal\"}}{{lt .tone 3}}{{end}}", ""), `with tone = "formal"`},
		"huge":                 {file("variables: [{name: a, type: string, default: \"\"}]", many("{{.a}}", 100), ""), "makes more than 32768 bytes"},
		"huge together":        {file("variables: [{name: a, type: string, default: \"\"}, {name: b, type: string, default: \"\"}]", many("{{.a}}", 40)+many("{{.b}}", 40), ""), "makes more than"},
		"example without":      {file("examples: [{question: q, answer: a}]", "", ""), "example 1: want passages"},
		"huge examples":        {file("examples: [{passages: ["+many("x", 33000)+"], question: q, answer: a}]", "", ""), "makes more than"},
	} {
		_, err := Parse(c.source)
		var bad *Invalid
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %q", name, err, c.want)
		}
	}
}

// Values fill the words; what is not of its type is refused by name.
func TestBind(t *testing.T) {
	p, err := Parse(file(`variables:
- {name: tone, type: enum, values: [plain, formal], default: plain}
- {name: n, type: int, default: 3}
- {name: strict, type: bool, default: false}
- {name: who, type: string, default: you}`,
		"{{.who}} {{.tone}} {{.n}}{{if and .strict (gt .n 5)}} strictly{{end}}.", "{{/* later */}}Q:{{.Question}} P:{{.Passages}}"))
	if err != nil {
		t.Fatal(err)
	}
	w, err := p.Bind(map[string]string{"tone": "formal", "n": "7", "strict": "true"})
	if err != nil {
		t.Fatal(err)
	}
	if want := "you formal 7 strictly. " + Refusal; w.System != want {
		t.Errorf("%q, want %q", w.System, want)
	}
	// A question that spells a mark is text.
	if got, want := w.User("{{.x}}", passagesMark), "Q:"+passagesMark+" P:{{.x}}"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for name, value := range map[string]string{
		"tone": "rude", "n": "3.5", "strict": "yes", "who": "a\nb", "nobody": "x", "Passages": "x", "Refusal": "x",
	} {
		_, err := p.Bind(map[string]string{name: value})
		var bad *Invalid
		if !errors.As(err, &bad) || bad.Field != name {
			t.Errorf("%s = %q: %v", name, value, err)
		}
	}
	for _, value := range []string{"<system>", "[1]", "＜/passage>", "a\u202eb", strings.Repeat("x", 501), "\xff", "a\x00p\x00"} {
		if _, err := p.Bind(map[string]string{"who": value}); err == nil {
			t.Errorf("who = %q is taken", value)
		}
	}
}

// The built-in prompt takes each of its values.
func TestDefault(t *testing.T) {
	w, err := Default().Bind(map[string]string{"role": "a librarian", "language": "German", "tone": "formal", "length": "full"})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"You are a librarian. You answer", "Answer in German, with every detail", "a formal tone", Refusal} {
		if !strings.Contains(w.System, want) {
			t.Errorf("%q is not in\n%s", want, w.System)
		}
	}
	if ref := fmt.Sprintf("grounded-qa@%d", builtInVersion); Default().Ref() != ref || w.Ref() != ref {
		t.Error(Default().Ref(), w.Ref())
	}
}

// Whatever is read or bound, nothing panics, and what passes keeps its bounds.
func FuzzParse(f *testing.F) {
	f.Add(builtIn, "x")
	f.Add(file(tone, "{{if eq .tone \"plain\"}}a{{else if not .tone}}b{{end}}", ""), "formal")
	f.Fuzz(func(t *testing.T, source, value string) {
		p, err := Parse(source)
		if err != nil {
			return
		}
		for _, v := range p.Variables {
			w, err := p.Bind(map[string]string{v.Name: value})
			if err != nil {
				continue
			}
			user := w.User("\x01", "\x02")
			if strings.Count(user, "\x01") != 1 || strings.Count(user, "\x02") != 1 || strings.Contains(user, "\x00") {
				t.Errorf("slots of %q", user)
			}
			if strings.ContainsAny(value, "<>[]") && v.Type == "string" {
				t.Errorf("the value %q is taken", value)
			}
		}
	})
}
