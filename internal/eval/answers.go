package eval

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/quarry-rag/quarry/internal/sentence"
)

// Asker answers questions. Ask is called concurrently.
type Asker interface {
	Ask(ctx context.Context, question string) (Reply, error)
}

// Reply is an answer as an Asker gives it.
type Reply struct {
	// Text without citation markers.
	Text string
	// Outcome is one of those below.
	Outcome string
	// Model or route that was asked, and what it cost in US dollars; nil: not known.
	Model   string
	Dollars *float64
	// Passages that the answer was drawn from.
	Passages []string
	Coverage float64
	// Total is the whole call as the caller saw it, Generate the part of it
	// after the search, by the server's word.
	Total, Generate time.Duration
}

// Outcomes of a reply.
const (
	OutcomeAnswered = "answered"
	OutcomePartial  = "partial"
	OutcomeAbsent   = "not in documents"
	OutcomeRefused  = "refused by policy"
)

// AnswerReport is what RunAnswers measured on questions with gold answers.
type AnswerReport struct {
	Dataset string
	// Asked questions have a gold answer in the documents; Absent ones do not.
	Asked, Absent []AnswerOutcome
	// Without is the number of questions left out because no gold answer is known.
	Without     int
	Concurrency int
}

// AnswerOutcome is what became of one question.
type AnswerOutcome struct {
	Query *Query
	Reply Reply
	// First, FirstTwo and Whole tell whether a gold answer stands in the first
	// sentence, the first two, and the answer; Given, in the passages at hand,
	// which bounds what quoting can do. All are false of an absent question.
	First, FirstTwo, Whole, Given bool
}

// RunAnswers asks all questions of d that have gold answers or are not in the
// documents. The first call that fails ends it; so does ctx.
func RunAnswers(ctx context.Context, to Asker, d Dataset, o Options) (AnswerReport, error) {
	o = o.withDefaults(d)
	r := AnswerReport{Dataset: d.Name, Concurrency: o.Concurrency}
	var queries []*Query
	for i := range d.Queries {
		if q := &d.Queries[i]; q.Absent || len(q.Answers) > 0 {
			queries = append(queries, q)
		}
	}
	r.Without = len(d.Queries) - len(queries)
	if !slices.ContainsFunc(queries, func(q *Query) bool { return len(q.Answers) > 0 }) {
		return r, fmt.Errorf("%s: none of its %d questions has a gold answer (answers.jsonl, \"answers\")", d.Name, len(d.Queries))
	}
	outcomes := make([]AnswerOutcome, len(queries))
	err := o.each(ctx, 0, 1, len(queries), func(ctx context.Context, i int) error {
		reply, err := to.Ask(ctx, queries[i].Text)
		if err != nil {
			return fmt.Errorf("ask %q: %w", queries[i].ID, err)
		}
		outcomes[i] = judgeAnswer(queries[i], reply)
		return nil
	})
	for _, out := range outcomes {
		if out.Query == nil {
			continue
		}
		if out.Query.Absent {
			r.Absent = append(r.Absent, out)
		} else {
			r.Asked = append(r.Asked, out)
		}
	}
	return r, err
}

// judgeAnswer looks for a gold answer in the reply. One that says "not in the
// documents" answers nothing, whatever words it has.
func judgeAnswer(q *Query, reply Reply) AnswerOutcome {
	out := AnswerOutcome{Query: q, Reply: reply}
	if q.Absent {
		return out
	}
	out.Given = slices.ContainsFunc(reply.Passages, func(p string) bool { return holdsGold(p, q.Answers) })
	if reply.Outcome == OutcomeAbsent {
		return out
	}
	spans := sentence.Spans(reply.Text)
	upTo := func(n int) string {
		if n = min(n, len(spans)); n == 0 {
			return ""
		}
		return reply.Text[:spans[n-1][1]]
	}
	out.First, out.FirstTwo = holdsGold(upTo(1), q.Answers), holdsGold(upTo(2), q.Answers)
	out.Whole = holdsGold(reply.Text, q.Answers)
	return out
}

// holdsGold tells whether text holds one of the answers as whole words, whatever
// the case, punctuation and white space (as SQuAD's own script compares; articles
// are kept).
func holdsGold(text string, answers []string) bool {
	words := " " + plainWords(text) + " "
	return slices.ContainsFunc(answers, func(a string) bool {
		a = plainWords(a)
		return a != "" && strings.Contains(words, " "+a+" ")
	})
}

func plainWords(s string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
	}), " ")
}
