package generate

import (
	"fmt"
	"strings"
	"time"

	"github.com/quarry-rag/quarry/generate/provider"
)

// writing is an answer on its way out.
type writing struct {
	citer
	emit func(Event) bool
	text strings.Builder // what was sent
	// before is what calls before the last one used.
	before provider.Usage
	// unread passages did not fit.
	unread int
	// compose is the time that the prompt took.
	compose time.Duration
	start   time.Time
	first   time.Duration
	model   string
	price   *Price
}

// take sends events, without the white space that an answer begins with.
func (w *writing) take(events []Event, err error) error {
	if err != nil {
		return err
	}
	for _, e := range events {
		if d, ok := e.(Delta); ok {
			if w.text.Len() == 0 {
				d.Text = strings.TrimLeft(d.Text, " \t\r\n")
			}
			if d.Text == "" {
				continue
			}
			if w.first == 0 {
				w.first = time.Since(w.start)
			}
			w.text.WriteString(d.Text)
			e = d
		}
		if !w.emit(e) {
			return errBreak
		}
	}
	return nil
}

// conclude sends what follows the answer.
func (w *writing) conclude(r provider.Result, v Verdict) error {
	total := time.Since(w.start)
	try := Try{Model: w.model, Usage: Usage(r.Usage), Price: w.price, FirstToken: w.first, Duration: total}
	for _, e := range []Event{
		Usage(r.Usage),
		v,
		Done{
			RemovedMarkers: w.removed, FinishReason: r.FinishReason, Compose: w.compose, FirstToken: w.first, Total: total,
			Tries: []Try{try},
		},
	} {
		if !w.emit(e) {
			return errBreak
		}
	}
	return nil
}

// declined is the verdict on an answer that the model or a filter would not give.
func (w *writing) declined() Verdict {
	if w.text.Len() == 0 {
		return Verdict{Refused, "the model or its provider's content filter declined to answer"}
	}
	return Verdict{Refused, "the model or its provider's content filter declined; the answer is not whole"}
}

// verdict judges a whole answer.
func (w *writing) verdict(finish string, supports []Support) Verdict {
	absent := strings.Contains(letters(w.text.String()), letters(Refusal))
	switch {
	case absent && w.cited == 0:
		return Verdict{NotInDocuments, "the model found no answer in the passages"}
	case finish == "length":
		return Verdict{Partial, "the answer reached its limit of tokens"}
	case finish != "stop":
		return Verdict{Partial, fmt.Sprintf("the model stopped early: %s", finish)}
	case absent:
		return Verdict{Partial, "the model found no answer to a part of the question"}
	case w.failed != nil:
		return Verdict{Partial, "citations could not be verified"}
	case w.cited == 0:
		return Verdict{Partial, "the answer cites nothing that supports it"}
	}
	if reason := unsupported(supports); reason != "" {
		return Verdict{Partial, reason}
	}
	if w.unread > 0 {
		return Verdict{Partial, fmt.Sprintf("%d passages were not read: they are more than its calls and cost may take", w.unread)}
	}
	return Verdict{Answered, ""}
}
