package generate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/quarry-rag/quarry/generate/prompt"
	"github.com/quarry-rag/quarry/generate/provider"
	"github.com/quarry-rag/quarry/retrieve"
	"github.com/quarry-rag/quarry/retrieve/embed"
)

// ChatConfig describes a chat model on a server.
type ChatConfig struct {
	provider.Config
	// ContextTokens is the model's context window. 0 means 8192.
	ContextTokens int
	// Tokenizer of the model, "o200k_base" or "cl100k_base". Empty: prompts are
	// measured by a high estimate.
	Tokenizer string
	// Price of it; nil: not known.
	Price *Price
	// Embed, when not nil, lets a sentence be supported by what it means too.
	Embed embed.Model
	// JSONSchema: the server makes answers obey a JSON schema that it is sent.
	JSONSchema bool
}

// ProviderError is a model call that failed at the provider or on the way to it.
type ProviderError = provider.Error

const (
	// framing is what a model's chat template adds to a prompt, in tokens.
	framing = 32

	defaultContext = 8192
	// MinContextTokens leaves room for the rules, a question and a passage.
	MinContextTokens = 1024
)

// Chat answers with a chat model. It implements Answerer.
type Chat struct {
	model   *provider.Model
	source  Source
	log     *slog.Logger
	context int
	answer  int // tokens
	price   *Price
	embed   embed.Model
	schema  bool // the server takes a JSON schema
	count   counter
}

// NewChat returns an answerer over the model that c describes. It does not reach
// for the server. A nil log is none.
func NewChat(c ChatConfig, src Source, log *slog.Logger) (*Chat, error) {
	window := c.ContextTokens
	if window == 0 {
		window = defaultContext
	}
	if window < MinContextTokens {
		return nil, fmt.Errorf("model %q: context_tokens %d: want at least %d", cmp.Or(c.Name, c.Model), window, MinContextTokens)
	}
	answer := min(c.MaxTokens, window/2)
	if answer == 0 {
		answer = min(1024, window/4)
	}
	c.MaxTokens = answer
	m, err := provider.New(c.Config)
	if err != nil {
		return nil, err
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	count, known := tokenizers[c.Tokenizer]
	switch {
	case c.Tokenizer == "":
		count = estimateTokens
	case !known:
		return nil, fmt.Errorf("model %q: tokenizer %q: not known", cmp.Or(c.Name, c.Model), c.Tokenizer)
	}
	return &Chat{
		model: m, source: src, log: log, context: window, answer: answer, price: c.Price, embed: c.Embed, schema: c.JSONSchema, count: count,
	}, nil
}

// Plan implements Answerer.
func (c *Chat) Plan() Plan {
	return Plan{
		Model:  c.model.Name(),
		Prompt: prompt.Default().Ref(),
		Note:   "Written by a language model from the passages; each quote is checked against the stored text.",
	}
}

// Short implements Shorter.
func (c *Chat) Short(ctx context.Context, q ShortRequest) (string, []Try, error) {
	p := provider.Prompt{System: q.System, User: q.User, MaxTokens: min(q.MaxTokens, c.context/2)}
	if q.Schema != nil && c.schema {
		p.Schema, p.Strict = q.Schema.raw, q.Schema.strict
	}
	text, try, err := Short(ctx, c.model, p, cmp.Or(q.Within, shortWithin))
	try.Purpose, try.Price = q.Purpose, c.price
	return text, []Try{try}, err
}

// Answer implements Answerer. A failure of the model or on the way to it is a
// *ProviderError.
func (c *Chat) Answer(ctx context.Context, r Request) iter.Seq2[Event, error] {
	return once(func(yield func(Event, error) bool) {
		if len(r.Passages) == 0 {
			notCovered(yield, nil, time.Now())
			return
		}
		if err := c.answerForm(ctx, r, func(e Event) bool { return yield(e, nil) }); err != nil && err != errBreak {
			yield(nil, fmt.Errorf("answer: %w", err))
		}
	})
}

// errBreak: the caller broke off.
var errBreak = errors.New("range loop ended")

// answerForm writes the answer in the form that r asks for. errBreak is returned
// when emit returned false.
func (c *Chat) answerForm(ctx context.Context, r Request, emit func(Event) bool) error {
	switch r.Form.(type) {
	case JSON:
		return c.object(ctx, r, emit)
	case Quotes:
		return c.quotes(ctx, r, emit)
	case Summary:
		return c.summary(ctx, r, emit)
	}
	w, asked := c.begin(r, emit, "", 0)
	return c.stream(ctx, r, w, asked)
}

// tokens of r's answer, at most.
func (c *Chat) tokens(r Request) int {
	if r.MaxTokens > 0 {
		return min(r.MaxTokens, c.context/2)
	}
	return c.answer
}

// begin composes what r asks, with rules on the answer's form after the prompt's
// own, and returns the answer to be written with it. It leaves room for so many
// more tokens.
func (c *Chat) begin(r Request, emit func(Event) bool, rules string, more int) (*writing, provider.Prompt) {
	start, answer := time.Now(), c.tokens(r)
	// The rules and the passages come first: history takes a quarter at most.
	history, _ := r.History.Fits((c.context - answer) / 4)
	said := history.Block(len(r.Passages))
	room := c.context - answer - framing - more
	asked := Compose(r.words(), r.Question, r.Passages, room-estimateTokens(said)-estimateTokens(rules))
	if !asked.Whole { // worth a count; most prompts are far from the window
		asked = compose(r.words(), r.Question, r.Passages, room-c.count(said)-c.count(rules), c.count)
	}
	took := time.Since(start)
	w := c.writing(r, r.Passages[:asked.Shown], emit)
	w.compose = took
	return w, provider.Prompt{
		System: asked.System + rules, Examples: asked.Examples, User: said + asked.User, MaxTokens: answer,
	}
}

// writing is a new answer drawn from passages.
func (c *Chat) writing(r Request, passages []retrieve.Passage, emit func(Event) bool) *writing {
	analyzer := analyzerFor(r.Language)
	return &writing{
		emit: emit,
		citer: citer{
			source:   c.source,
			reading:  read(passages, analyzer, r.IDF),
			question: analyzer.Query(r.Question),
			refusal:  Refusal,
		},
		start: time.Now(),
		price: c.price,
		model: c.model.Name(),
	}
}

// stream writes an answer of text with markers.
func (c *Chat) stream(ctx context.Context, r Request, w *writing, asked provider.Prompt) error {
	result, err := c.model.Stream(ctx, asked, func(text string) error { return w.take(w.push(ctx, text)) })
	if err != nil {
		return err
	}
	if err := w.take(w.end(ctx)); err != nil {
		return err
	}
	if w.failed != nil {
		c.log.Warn("citations could not be verified", "model", c.model.Name(), "error", w.failed)
	}
	result.Usage = plus(w.before, result.Usage)
	if result.FinishReason == provider.FinishRefused { // its words are no answer to check
		return w.conclude(result, w.declined())
	}
	if !hasWord(string(w.claim)) {
		return &ProviderError{Model: c.model.Name(), Code: provider.CodeEmpty, Message: "no word in the answer", Retryable: true}
	}
	supports := w.reading.supports(ctx, w.text.String(), r.Question, Refusal, c.embed)
	for _, s := range supports {
		if !w.emit(s) {
			return errBreak
		}
	}
	return w.conclude(result, w.verdict(result.FinishReason, supports))
}

// once makes a stream that can be ranged over once; again, it is an error.
func once(stream iter.Seq2[Event, error]) iter.Seq2[Event, error] {
	var used atomic.Bool
	return func(yield func(Event, error) bool) {
		if used.Swap(true) {
			yield(nil, errors.New("answer: stream already read"))
			return
		}
		stream(yield)
	}
}
