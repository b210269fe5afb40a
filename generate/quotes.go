package generate

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/quarry-rag/quarry/generate/provider"
)

// quotesRules follow the prompt's own, which speak of free text.
const quotesRules = `

The answer's form goes before what is said above on form: reply with nothing but quotes that answer the question, the best first, at most %d. Each stands on a line of its own: the number of its passage in square brackets, a space, and the words of the passage exactly as they stand there, whole sentences, in double quotes.`

// defaultQuotes of an answer.
const defaultQuotes = 10

var quoteLine = regexp.MustCompile(`^\W*?\[(\d{1,3})\]\W*?["“”„«](.+)["“”»]\W*$`)

// quotes answers with quotes only. A quote that does not stand in the passages,
// but for white space, is left out and counted.
func (c *Chat) quotes(ctx context.Context, r Request, emit func(Event) bool) error {
	most := r.Form.(Quotes).Max
	if most == 0 {
		most = defaultQuotes
	}
	w, asked := c.begin(r, emit, fmt.Sprintf(quotesRules, most), 0)
	text, result, err := c.whole(ctx, asked)
	if err != nil {
		return err
	}
	if result.FinishReason == provider.FinishRefused {
		return w.conclude(result, w.declined())
	}
	w.first = time.Since(w.start)
	given := 0
	for line := range strings.Lines(text) {
		m := quoteLine.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil || w.cited == most {
			continue
		}
		given++
		number, _ := strconv.Atoi(m[1]) // of digits
		if err := w.quoteOnly(ctx, number, m[2]); err != nil {
			return err
		}
	}
	switch {
	case w.cited == 0 && given == 0:
		return w.refuse(result)
	case w.cited == 0:
		if err := w.take([]Event{Delta{"The model gave no quote that stands in the documents."}}, nil); err != nil {
			return err
		}
		return w.conclude(result, Verdict{Partial, fmt.Sprintf("none of %d quotes stands in the passages", given)})
	case result.FinishReason != "stop":
		return w.conclude(result, Verdict{Partial, "the model stopped early: " + result.FinishReason})
	case w.removed > 0:
		return w.conclude(result, Verdict{Partial, fmt.Sprintf("%d of %d quotes do not stand in the passages and were left out", w.removed, given)})
	}
	return w.conclude(result, Verdict{Answered, "quoted from the documents"})
}

// quoteOnly sends a quote as it is stored, where it is.
func (w *writing) quoteOnly(ctx context.Context, number int, quote string) error {
	cite, ok := w.find(ctx, number, quote)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if !ok {
		w.removed++
		return nil
	}
	text := fmt.Sprintf("“%s” [%d]", withoutMarkers(oneLine(cite.Quote)), cite.Passage)
	if w.cited++; w.text.Len() > 0 {
		text = "\n\n" + text
	}
	return w.take([]Event{Delta{text}, cite}, nil)
}

// find looks for a quote in its passage, and then in the others, and proves it.
func (w *writing) find(ctx context.Context, number int, quote string) (Citation, bool) {
	words := strings.Fields(quote)
	if len(words) == 0 || w.failed != nil {
		return Citation{}, false
	}
	for i := range words {
		words[i] = regexp.QuoteMeta(words[i])
	}
	shape, err := regexp.Compile(strings.Join(words, `\s+`))
	if err != nil {
		return Citation{}, false // longer than regexp takes
	}
	order := append([]int{number}, numbersTo(len(w.reading.passages))...)
	for _, n := range order {
		if n < 1 || n > len(w.reading.passages) {
			continue
		}
		p := w.reading.passages[n-1]
		at := shape.FindStringIndex(p.Text)
		if at == nil {
			continue
		}
		ok, err := proves(ctx, w.source, p, p.Start+at[0], p.Start+at[1])
		w.failed = err
		return Citation{n, p.Start + at[0], p.Start + at[1], p.Text[at[0]:at[1]]}, ok && err == nil
	}
	return Citation{}, false
}
