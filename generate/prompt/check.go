package prompt

import (
	"fmt"
	"slices"
	"strings"
	"text/template/parse"
)

// What templates are given besides their variables. Passages and Question are
// blocks that are fenced before they are put in.
const (
	passagesSlot = "Passages"
	questionSlot = "Question"
	refusalField = "Refusal"
)

// functions that a template may call; none makes text.
var functions = []string{"and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge"}

// problems of a header.
func (h *header) problems() (out []string) {
	say := func(format string, a ...any) { out = append(out, fmt.Sprintf(format, a...)) }
	if !validName.MatchString(h.Name) {
		say("name %q: want 1 to 63 of a-z, 0-9, and ._-", h.Name)
	}
	if len(h.Variables) > maxVariables || len(h.Examples) > maxExamples {
		say("at most %d variables and %d examples", maxVariables, maxExamples)
	}
	seen := map[string]bool{}
	for i := range h.Variables {
		v := &h.Variables[i]
		if problem := v.problem(); problem != "" {
			say("%s", problem)
		} else if seen[v.Name] {
			say("variable %s: declared twice", v.Name)
		}
		seen[v.Name] = true
	}
	for i, e := range h.Examples {
		if len(e.Passages) == 0 || strings.TrimSpace(e.Question) == "" || strings.TrimSpace(e.Answer) == "" {
			say("example %d: want passages, a question and an answer", i+1)
		}
	}
	return out
}

// checker walks a template and notes what it may not do.
type checker struct {
	t        *Template
	tree     *parse.Tree
	used     map[string]int // fields
	problems []string
}

// problems of the templates. Whatever passes runs in time proportional to its
// length: it has conditions, and nothing that repeats or calls.
func (t *Template) problems() []string {
	c := &checker{t: t, used: map[string]int{}}
	for _, one := range t.set.Templates() {
		switch name := one.Name(); {
		case name == "system" || name == "user":
			c.tree = one.Tree
			c.list(one.Tree.Root, true)
		case name != "":
			c.say(one.Tree.Root, "template %q: only system and user are known", name)
		}
	}
	for _, name := range []string{"system", "user"} {
		if one := t.set.Lookup(name); one == nil || parse.IsEmptyTree(one.Tree.Root) {
			c.problems = append(c.problems, fmt.Sprintf("the template %q is missing: {{define %q}}…{{end}}", name, name))
		}
	}
	if outer := t.set.Lookup(""); outer != nil && !parse.IsEmptyTree(outer.Root) {
		c.tree = outer.Tree
		c.say(outer.Root, "text outside of the two templates")
	}
	c.presence()
	return c.problems
}

// presence says what must be there and is not.
func (c *checker) presence() {
	for _, name := range []string{passagesSlot, questionSlot, refusalField} {
		if c.used[name] == 0 {
			c.problems = append(c.problems, fmt.Sprintf("{{.%s}} is missing", name))
		}
	}
	for _, name := range []string{passagesSlot, questionSlot} {
		if c.used[name] > 1 {
			c.problems = append(c.problems, fmt.Sprintf("{{.%s}} is there twice", name))
		}
	}
	for _, v := range c.t.Variables {
		if c.used[v.Name] == 0 {
			c.problems = append(c.problems, fmt.Sprintf("variable %s: declared and not used", v.Name))
		}
	}
}

func (c *checker) say(n parse.Node, format string, a ...any) {
	place, _ := c.tree.ErrorContext(n) // ":line:column"
	line, _, _ := strings.Cut(strings.TrimPrefix(place, ":"), ":")
	c.problems = append(c.problems, "line "+line+": "+fmt.Sprintf(format, a...))
}

// list checks nodes; outer ones are always shown.
func (c *checker) list(l *parse.ListNode, outer bool) {
	if l == nil {
		return
	}
	for _, n := range l.Nodes {
		switch n := n.(type) {
		case *parse.TextNode, *parse.CommentNode:
		case *parse.ActionNode:
			if slot := slotOf(n.Pipe); slot != "" {
				c.slot(n, slot, outer)
				continue
			}
			c.pipe(n.Pipe)
		case *parse.IfNode:
			c.pipe(n.Pipe)
			c.list(n.List, false)
			c.list(n.ElseList, false)
		default:
			word := strings.TrimPrefix(strings.Fields(n.String() + " ")[0], "{{")
			c.say(n, "%q is not allowed: a prompt has text, values and conditions", word)
		}
	}
}

// slotOf is the slot that an action shows as it is; empty for others.
func slotOf(p *parse.PipeNode) string {
	if len(p.Decl) > 0 || len(p.Cmds) != 1 || len(p.Cmds[0].Args) != 1 {
		return ""
	}
	f, ok := p.Cmds[0].Args[0].(*parse.FieldNode)
	if !ok || len(f.Ident) != 1 || f.Ident[0] != passagesSlot && f.Ident[0] != questionSlot {
		return ""
	}
	return f.Ident[0]
}

func (c *checker) slot(n parse.Node, name string, outer bool) {
	c.used[name]++
	if c.tree.Name != "user" || !outer {
		c.say(n, "{{.%s}} stands in the template \"user\", outside of any condition", name)
	}
}

func (c *checker) pipe(p *parse.PipeNode) {
	if len(p.Decl) > 0 {
		c.say(p, "%s: variables are declared in the header", p.Decl[0])
	}
	for _, command := range p.Cmds {
		for _, arg := range command.Args {
			c.arg(arg)
		}
	}
}

func (c *checker) arg(n parse.Node) {
	switch n := n.(type) {
	case *parse.StringNode, *parse.NumberNode, *parse.BoolNode:
	case *parse.PipeNode:
		c.pipe(n)
	case *parse.IdentifierNode:
		if !slices.Contains(functions, n.Ident) {
			c.say(n, "the function %q is not allowed; allowed are %s", n.Ident, strings.Join(functions, ", "))
		}
	case *parse.FieldNode:
		c.field(n)
	default:
		c.say(n, "%s is not allowed", n)
	}
}

func (c *checker) field(n *parse.FieldNode) {
	name := n.Ident[0]
	declared := slices.ContainsFunc(c.t.Variables, func(v Variable) bool { return v.Name == name })
	switch {
	case len(n.Ident) > 1:
		c.say(n, "%s: values have no parts", n)
	case name == passagesSlot || name == questionSlot:
		c.say(n, "%s stands alone, as in {{%s}}: it cannot be changed or looked at", n, n)
	case !declared && name != refusalField:
		c.say(n, "unknown variable %s: declare it in the header", name)
	}
	c.used[name]++
}
