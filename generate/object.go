package generate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quarry-rag/quarry/generate/provider"
)

// objectRules follow the prompt's own, which speak of text.
const objectRules = `

The answer's form goes before what is said above on form: reply with one JSON value that obeys the schema below and nothing else, without numbers of passages and without a fence. Where the passages do not hold a value, use null or leave it out if the schema allows that. If they hold nothing of the answer, reply with the sentence above instead of JSON.

<schema>
%s
</schema>`

// repairTokens is what asking again takes, beside the answer that did not do.
const repairTokens = 512

// maxValues of an object are looked up in the passages.
const maxValues = 100

// object answers in JSON. What does not obey the schema is asked for once more.
func (c *Chat) object(ctx context.Context, r Request, emit func(Event) bool) error {
	schema := r.Form.(JSON).Schema
	w, asked := c.begin(r, emit, fmt.Sprintf(objectRules, schema.raw), c.tokens(r)+repairTokens)
	if c.schema {
		asked.Schema, asked.Strict = schema.raw, schema.strict
	}
	var used provider.Usage
	var problems []Problem
	for range 2 {
		text, result, err := c.whole(ctx, asked)
		used = plus(used, result.Usage)
		if err != nil {
			return err
		}
		w.first = time.Since(w.start)
		result.Usage = used
		if result.FinishReason == provider.FinishRefused {
			return w.conclude(result, w.declined())
		}
		if sameSentence(text, Refusal) {
			return w.refuse(result)
		}
		value, bad := schema.check(unfenced(text))
		if problems = bad; len(bad) == 0 {
			return w.object(ctx, r, c, unfenced(text), value, result)
		}
		if result.FinishReason == "length" { // asking again does not cure it
			problems = []Problem{{"", "the answer reached its limit of tokens"}}
			break
		}
		asked.Examples = append(slices.Clone(asked.Examples), provider.Turn{User: asked.User, Assistant: text})
		asked.User = repair(problems)
	}
	return &SchemaError{c.model.Name(), problems, Usage(used)}
}

// repair asks for a better answer.
func repair(problems []Problem) string {
	var b strings.Builder
	b.WriteString("That does not obey the schema:\n")
	for _, p := range problems[:min(len(problems), 8)] {
		fmt.Fprintf(&b, "- %q: %s\n", cutRunes(p.Path, 64), cutRunes(p.Message, 80))
	}
	return b.String() + "Reply with the corrected JSON value and nothing else."
}

// whole is a model's answer as one text.
func (c *Chat) whole(ctx context.Context, p provider.Prompt) (string, provider.Result, error) {
	var b strings.Builder
	result, err := c.model.Stream(ctx, p, func(text string) error {
		b.WriteString(text)
		return nil
	})
	return strings.TrimSpace(b.String()), result, err
}

// unfenced takes a code fence off, which models like to put around JSON.
func unfenced(text string) string {
	rest, ok := strings.CutPrefix(text, "```")
	if !ok {
		return text
	}
	_, rest, _ = strings.Cut(rest, "\n")
	return strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "```"))
}

// refuse ends an answer with the sentence that the documents do not hold it.
func (w *writing) refuse(r provider.Result) error {
	if err := w.take([]Event{Delta{Refusal}}, nil); err != nil {
		return err
	}
	return w.conclude(r, Verdict{NotInDocuments, "the model found no answer in the passages"})
}

// object sends a valid value and, for each of its texts and numbers, the quote
// that bears it out.
func (w *writing) object(ctx context.Context, r Request, c *Chat, text string, value any, result provider.Result) error {
	events := []Event{Object{text}}
	checked, missing := 0, ""
	bad := 0
	for path, plain := range leaves(value) {
		terms := w.reading.analyzer.Terms(plain)
		if len(terms) == 0 {
			continue
		}
		if checked++; checked > maxValues {
			break
		}
		s := w.reading.support(ctx, Support{Passages: numbersTo(len(w.reading.passages))}, plain, r.Question, c.embed)
		if !s.Supported {
			if bad++; missing == "" {
				missing = path
			}
			continue
		}
		if cite, ok := w.best(ctx, terms); ok && !slices.Contains(events, Event(cite)) {
			w.cited++
			events = append(events, cite)
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for _, e := range events {
		if !w.emit(e) {
			return errBreak
		}
	}
	switch {
	case bad > 0:
		return w.conclude(result, Verdict{Partial, fmt.Sprintf("%d of %d values are not found in the passages, as %s", bad, checked, missing)})
	case checked == 0:
		return w.conclude(result, Verdict{Partial, "it holds no value that could be looked up in the passages"})
	}
	return w.conclude(result, Verdict{Answered, "each value is found in the passages"})
}

// best is the proved quote that holds most of terms.
func (w *writing) best(ctx context.Context, terms []string) (Citation, bool) {
	best, most := -1, 0.0
	for i, parts := range w.reading.parts {
		for _, p := range parts {
			if s := w.reading.coverage(terms, p.terms); s > most {
				best, most = i, s
			}
		}
	}
	if best < 0 || w.failed != nil {
		return Citation{}, false
	}
	return w.cite(ctx, best+1, terms)
}

func numbersTo(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i + 1
	}
	return out
}

func plus(a, b provider.Usage) provider.Usage {
	return provider.Usage{
		InputTokens: a.InputTokens + b.InputTokens, OutputTokens: a.OutputTokens + b.OutputTokens, CachedTokens: a.CachedTokens + b.CachedTokens,
	}
}
