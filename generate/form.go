package generate

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/quarry-rag/quarry/generate/provider"
)

// Form is the form of an answer: JSON, Quotes or Summary. nil is text.
type Form interface{ form() }

// JSON is an answer of one value that obeys a schema, in an Object event.
type JSON struct{ Schema *Schema }

// Quotes is an answer of nothing but quotes, each verified.
type Quotes struct {
	// Max of them. 0 means 10.
	Max int
}

// Summary is an answer over all passages of the request, however many: notes are
// taken on a part at a time, and the answer is written from the notes.
type Summary struct {
	// MaxCalls of the model, at least 2 where one does not do. 0 means 16.
	MaxCalls int
	// MaxCost in US dollars; 0: no bound. The price must be known.
	MaxCost float64
}

func (JSON) form()    {}
func (Quotes) form()  {}
func (Summary) form() {}

// formUsage is a high estimate of what a form uses, of an answer in text; words
// are the prompt's tokens.
func formUsage(f Form, u Usage, words int) Usage {
	switch f := f.(type) {
	case JSON: // asked for once more, with the first answer
		u.InputTokens, u.OutputTokens = 2*u.InputTokens+u.OutputTokens, 2*u.OutputTokens
	case Summary:
		calls := cmp.Or(f.MaxCalls, defaultCalls) - 1
		u.InputTokens += calls * (words + notesTokens)
		u.OutputTokens += calls * notesTokens
	}
	return u
}

// Object is a JSON answer, whole and valid.
type Object struct{ JSON string }

// Progress says how far an answer of several calls is.
type Progress struct {
	Stage       string // "notes" or "writing"
	Done, Total int
}

func (Object) event()   {}
func (Progress) event() {}

var (
	// ErrNoForm: what answers cannot write the form that was asked for.
	ErrNoForm = errors.New("the extractive answerer only quotes: JSON needs a chat model")
	// ErrMaxCost: even one call could cost more than Summary.MaxCost.
	ErrMaxCost = errors.New("a summary could cost more than max_cost allows")
	// ErrUnpriced: a bound on cost, and a model whose price is not known.
	ErrUnpriced = errors.New("the cost cannot be bounded: the model's price is not known")
)

// SchemaError is an answer that did not obey its schema, nor when it was asked
// for again. To a route it is a failed try like a *ProviderError.
type SchemaError struct {
	Model    string
	Problems []Problem
	Usage    Usage
}

func (e *SchemaError) Error() string {
	var parts []string
	for _, p := range e.Problems {
		parts = append(parts, fmt.Sprintf("%q: %s", p.Path, p.Message))
	}
	return fmt.Sprintf("model %q: the answer does not obey the schema: %s", e.Model, strings.Join(parts, "; "))
}

// Unwrap lets routes go on to their next model.
func (e *SchemaError) Unwrap() error {
	return &provider.Error{Model: e.Model, Code: CodeSchema, Message: "the answer does not obey the schema", Retryable: true}
}
