// Package generate writes prose from passages: it composes the prompt, runs a
// model, checks every citation against stored text, and tells honestly when the
// documents do not hold the answer.
package generate

import (
	"context"
	"iter"
	"strings"
	"sync"
	"time"

	"github.com/quarry-rag/quarry/generate/prompt"
	"github.com/quarry-rag/quarry/retrieve"
)

// Request is one question to answer from Passages.
type Request struct {
	Question string
	Passages []retrieve.Passage
	// Coverage is retrieve.Result.Coverage; MinCoverage the collection's threshold,
	// under which a model that cannot judge by itself says "not in the documents".
	Coverage, MinCoverage float64
	// Vector is the question's embedding; nil when there is none, and then nothing
	// is compared with it.
	Vector []float32
	// MaxTokens of the answer. 0 means the model's default.
	MaxTokens int
	// IDF of the question's terms in the collection, for the extractive answerer.
	// Terms without one are weighed by the passages alone.
	IDF map[string]float64
	// Language of the collection, ISO 639-1. Empty or not known means English.
	Language string
	// Collection's name, for budgets.
	Collection string
	// History of the conversation; Question stands alone without it.
	History History
	// TrialKey decides which model of a route's split answers: the same key gets the
	// same. Empty: the question does.
	TrialKey string
	// Prompt is the words to ask a chat model with. nil: the built-in prompt's.
	Prompt *prompt.Words
	// AllowRestart: begin anew by the route's next model when one fails in the middle.
	AllowRestart bool
	// Form of the answer; nil: text with markers.
	Form Form
}

func (r *Request) words() *prompt.Words {
	if r.Prompt != nil {
		return r.Prompt
	}
	return defaultWords()
}

// defaultWords are the built-in prompt's, with its defaults.
var defaultWords = sync.OnceValue(func() *prompt.Words {
	w, err := prompt.Default().Bind(nil)
	if err != nil {
		panic(err) // parsing tried it
	}
	return w
})

// Answerer answers questions. Safe for concurrent use.
type Answerer interface {
	// Answer streams the answer. Events come in order: deltas, each citation
	// after the text that it supports, then Supports, Usage, Verdict, Done. A form
	// of JSON has an Object before its citations instead of text; a summary begins
	// with Progress. The stream
	// ends with Done or with a single error, and nothing follows either; a route's
	// that fails after a part of an answer says so by a Verdict before the error. It
	// can be ranged over once. Breaking off, or the end of ctx, ends the model call.
	Answer(ctx context.Context, r Request) iter.Seq2[Event, error]
	Plan() Plan
}

// Plan says what answers.
type Plan struct {
	Model  string // "extractive", or the model's name
	Prompt string // name@version of the prompt; empty for extractive
	Note   string // one line for people
	// Quotes: the answer is made of sentences found in the passages, so that more
	// text around them only hides the good ones.
	Quotes bool
	// Identity of the model's settings, for caches: another one may answer otherwise.
	Identity string
}

// Event is a part of an answer: Delta, Object, Citation, Progress, Support, Usage,
// Verdict, Done or Restart.
type Event interface{ event() }

// Delta is answer text; the pieces joined are the answer.
type Delta struct{ Text string }

// Citation proves text that came before it. Quote is canonical[Start:End] of
// the document version, checked against the stored bytes.
type Citation struct {
	Passage    int // from 1: the marker "[1]" and Request.Passages[0]
	Start, End int
	Quote      string
}

// Usage is what the model call used; zero for extractive.
type Usage struct{ InputTokens, OutputTokens, CachedTokens int }

// all tokens, as rates count them.
func (u Usage) all() int { return u.InputTokens + u.OutputTokens }

// Verdict says whether the documents answer the question.
type Verdict struct {
	Outcome Outcome
	Reason  string
}

// Outcome of an answer.
type Outcome uint8

const (
	Answered Outcome = iota + 1
	// Partial: something is not supported, or the model stopped early.
	Partial
	NotInDocuments
	// Refused: the model, or its provider's content filter, declined to answer.
	Refused
	// Failed: the answer broke off after a part of it was given. An error follows.
	Failed
)

// Done ends an answer that ended well.
type Done struct {
	RemovedMarkers int           // markers that proved nothing
	FinishReason   string        // "stop", "length", …
	Compose        time.Duration // to write the prompt; 0 without one
	FirstToken     time.Duration
	Total          time.Duration
	// Route that chose the model; empty without one.
	Route string
	// Tries in the order in which they ended; the one without a Code answered.
	Tries []Try
}

// Restart says that the answer so far is void: the model failed in its middle, and
// what follows is another's, from the beginning. It comes only where
// Request.AllowRestart wants it.
type Restart struct{ Model, Code string }

func (Delta) event()    {}
func (Restart) event()  {}
func (Citation) event() {}
func (Usage) event()    {}
func (Verdict) event()  {}
func (Done) event()     {}

// Answer is a whole answer.
type Answer struct {
	Text      string
	Object    Object
	Citations []Citation
	Supports  []Support
	Usage     Usage
	Verdict   Verdict
	Done      Done
}

// Collect ranges over a stream to its end.
func Collect(events iter.Seq2[Event, error]) (a Answer, err error) {
	var text strings.Builder
	defer func() { a.Text = text.String() }()
	for e, err := range events {
		if err != nil {
			return a, err
		}
		switch e := e.(type) {
		case Restart:
			a = Answer{}
			text.Reset()
		case Delta:
			text.WriteString(e.Text)
		case Object:
			a.Object = e
		case Citation:
			a.Citations = append(a.Citations, e)
		case Support:
			a.Supports = append(a.Supports, e)
		case Usage:
			a.Usage = e
		case Verdict:
			a.Verdict = e
		case Done:
			a.Done = e
		}
	}
	return a, nil
}
