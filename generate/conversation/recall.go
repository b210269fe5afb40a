package conversation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"github.com/quarry-rag/quarry/generate"
	"github.com/quarry-rag/quarry/retrieve"
	"github.com/quarry-rag/quarry/retrieve/lexical"
)

const (
	// recallTokens bounds the history that models are shown, by a high estimate.
	// When the turns need more, only half of it is kept and the rest summarised,
	// so that this happens now and then and not at every question.
	recallTokens = 2000
	// recallTurns are read at most.
	recallTurns = 200
	// Of one turn, in bytes.
	recallAnswer, recallQuestion = 1200, 600
	// maxSummary is the longest summary, in bytes.
	maxSummary = 2000
)

// Weigher tells how rare words are. retrieve.Searcher is one.
type Weigher interface {
	Weights(ctx context.Context, collection, text string) (retrieve.Weights, error)
}

// Recaller makes of conversations what an answer needs of them.
type Recaller struct {
	Store   *Store
	Weigher Weigher
	// Log gets why a model did not rewrite. Not nil.
	Log *slog.Logger
}

// Recalled is a question in its conversation.
type Recalled struct {
	// Question stands alone; By says what made it: "" (it is as it was asked), "rules", or a
	// model's name.
	Question, By string
	// Note says why a model's rewrite was set aside; empty: none was.
	Note    string
	History generate.History
	Tries   []generate.Try
}

// Recall makes question stand alone: by m, unless it is nil, fails, or writes what
// is no such question, else by rules. The first question of a conversation is as it is. A full conversation is
// ErrFull.
func (r *Recaller) Recall(ctx context.Context, c *Conversation, collection, question string, m generate.Shorter) (Recalled, error) {
	out := Recalled{Question: question}
	if c.Turns >= MaxTurns {
		return out, fmt.Errorf("conversation %q: %w", c.ID, ErrFull)
	}
	if c.Turns == 0 {
		return out, nil
	}
	messages, err := r.Store.last(ctx, c, c.summarized, recallTurns)
	if err != nil || len(messages) == 0 {
		return out, err
	}
	whole := generate.History{Summary: c.summary, Turns: turnsOf(messages)}
	var wg sync.WaitGroup
	var forget []generate.Try
	out.History = whole
	if _, dropped := whole.Fits(recallTokens); dropped > 0 {
		out.History, dropped = whole.Fits(recallTokens / 2)
		wg.Go(func() { out.History.Summary, forget = r.forget(ctx, c, collection, whole, messages[:dropped], m) })
	}
	asked := r.standalone(ctx, collection, question, whole, messages[len(messages)-1], m)
	wg.Wait()
	asked.History, asked.Tries = out.History, append(asked.Tries, forget...)
	return asked, ctx.Err()
}

// standalone rewrites a question by m, or by rules.
func (r *Recaller) standalone(ctx context.Context, collection, question string, h generate.History, last Message, m generate.Shorter) Recalled {
	before := r.before(ctx, collection, last)
	out, err := Recalled{}, generate.ErrNoModel
	if m != nil {
		recent, _ := h.Fits(recallTokens)
		out, err = rewritten(ctx, m, collection, question, recent, before.Language)
	}
	if err == nil {
		return out
	}
	if !errors.Is(err, generate.ErrNoModel) && ctx.Err() == nil {
		r.Log.Warn("a follow-up was rewritten by rules", "collection", collection, "err", err)
	}
	if bad, ok := errors.AsType[*unusableError](err); ok && len(out.Tries) > 0 {
		out.Note, out.Tries[len(out.Tries)-1].Code = bad.Error(), generate.CodeRewrite
	}
	if out.Question = Standalone(question, before); out.Question != strings.TrimSpace(question) {
		out.By = "rules"
	} else {
		out.Question = question
	}
	return out
}

// rewritten is a question rewritten by m, and checked.
func rewritten(ctx context.Context, m generate.Shorter, collection, question string, h generate.History, language string) (Recalled, error) {
	asked, tries, err := byModel(ctx, m, collection, question, h)
	out := Recalled{Question: asked, Tries: tries}
	if err != nil || asked == strings.TrimSpace(question) {
		return out, err
	}
	out.By = modelOf(tries)
	a, err := lexical.For(language)
	if err != nil {
		return out, nil // of a language that is not known nothing can be said
	}
	if why := unusable(asked, question, h, a); why != "" {
		return Recalled{Tries: tries}, &unusableError{out.By, why}
	}
	return out, nil
}

// before is what a follow-up to a message may refer to. Without weights words are
// taken in their order.
func (r *Recaller) before(ctx context.Context, collection string, last Message) Before {
	before := Before{Question: last.Standalone, Language: "en"}
	if len(last.Citations) > 0 {
		before.Headings = headingOf(last.Citations[0])
	}
	if w, err := r.Weigher.Weights(ctx, collection, last.Standalone); err == nil {
		before.IDF, before.Language = w.IDF, w.Language
	}
	return before
}

// headingOf is the nearest heading of a citation, else its document's title.
func headingOf(c Citation) []string {
	if n := len(c.HeadingPath); n > 0 {
		return c.HeadingPath[n-1:]
	}
	return []string{c.Title}
}

// forget returns and stores a summary of the turns that are dropped: by m, or
// else what was asked and how each answer began.
func (r *Recaller) forget(ctx context.Context, c *Conversation, collection string, whole generate.History, dropped []Message, m generate.Shorter) (string, []generate.Try) {
	old := generate.History{Summary: whole.Summary, Turns: whole.Turns[:len(dropped)]}
	var tries []generate.Try
	text, err := "", generate.ErrNoModel
	if m != nil {
		text, tries, err = summaryBy(ctx, m, collection, old)
	}
	if err != nil {
		text = outline(old)
	}
	text = cut(text, maxSummary)
	if err := r.Store.summarize(ctx, c, text, dropped[len(dropped)-1].Turn); err != nil && ctx.Err() == nil {
		r.Log.Warn("a summary was not stored", "err", err)
	}
	return text, tries
}

// outline is a summary without a model: each question with the beginning of its
// answer, the last ones where there is no room for all.
func outline(h generate.History) string {
	lines := strings.Split(h.Summary, "\n")
	for _, t := range h.Turns {
		lines = append(lines, brief(t.Question, 120)+" → "+brief(t.Answer, 160))
	}
	size := 0
	for i := len(lines) - 1; i >= 0; i-- {
		if size += len(lines[i]) + 1; size > maxSummary {
			lines = lines[i+1:]
			break
		}
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

// brief is the beginning of a text on one line.
func brief(s string, n int) string {
	s = strings.Join(strings.Fields(s), " ")
	if short := cut(s, n); short != s {
		return short + " …"
	}
	return s
}

func turnsOf(messages []Message) []generate.Turn {
	out := make([]generate.Turn, len(messages))
	for i, m := range messages {
		out[i] = generate.Turn{Question: cut(m.Question, recallQuestion), Answer: cut(m.Answer, recallAnswer)}
	}
	return out
}
