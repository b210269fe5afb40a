package generate

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/quarry-rag/quarry/retrieve"
)

// summaryDocuments are quoted in an extractive summary, the best ones.
const summaryDocuments = 10

// summary quotes the best sentence of each document.
func (x *Extractive) summary(ctx context.Context, r Request, yield func(Event, error) bool) {
	start, said := time.Now(), 0
	documents := byDocument(r.Passages)
	var text, supports []Event
	for i, numbers := range documents[:min(len(documents), summaryDocuments)] {
		if !yield(Progress{"quotes", i, min(len(documents), summaryDocuments)}, nil) {
			return
		}
		one := r
		one.Form, one.Passages = nil, nil
		for _, n := range numbers {
			one.Passages = append(one.Passages, r.Passages[n])
		}
		a, err := Collect(x.Answer(ctx, one))
		if err != nil {
			yield(nil, err)
			return
		}
		if len(a.Citations) == 0 {
			continue
		}
		cite := a.Citations[0]
		cite.Passage = numbers[cite.Passage-1] + 1
		quote := fmt.Sprintf("%s [%d]", withoutMarkers(oneLine(visible(cite.Quote))), cite.Passage)
		lead := ""
		if said > 0 {
			lead = "\n\n"
		}
		supports = append(supports, Support{Start: said + len(lead), End: said + len(lead+quote), Score: 1, Supported: true, Passages: []int{cite.Passage}})
		text = append(text, Delta{lead + quote}, cite)
		said += len(lead + quote)
	}
	if len(supports) == 0 {
		notCovered(yield, r.Passages, start)
		return
	}
	verdict := Verdict{Answered, fmt.Sprintf("the best sentence of each of %d documents, quoted", len(supports))}
	if len(documents) > summaryDocuments {
		verdict = Verdict{Partial, fmt.Sprintf("quoted from %d of %d documents", len(supports), len(documents))}
	}
	took := time.Since(start)
	for _, e := range slices.Concat(text, supports, []Event{Usage{}, verdict, done("stop", took, took)}) {
		if !yield(e, nil) {
			return
		}
	}
}

// byDocument groups passages, by index, in the order of their first.
func byDocument(passages []retrieve.Passage) (out [][]int) {
	at := map[int64]int{}
	for i, p := range passages {
		n, seen := at[p.DocumentID]
		if !seen {
			n = len(out)
			at[p.DocumentID] = n
			out = append(out, nil)
		}
		out[n] = append(out[n], i)
	}
	return out
}
