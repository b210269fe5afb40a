package generate

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"

	"github.com/quarry-rag/quarry/retrieve"
)

// texts is a Source over the passages' own documents: what is stored. An empty
// document is gone, and one that is not there is a failure.
type texts map[int64]string

var errDown = errors.New("database is down")

func (s texts) Bytes(ctx context.Context, p retrieve.Passage, start, end int) ([]byte, error) {
	text, ok := s[p.DocumentID]
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if !ok {
		return nil, errDown
	}
	if text == "" {
		return nil, fmt.Errorf("document: %w", retrieve.ErrGone)
	}
	if start < 0 || start > end || end > len(text) {
		return nil, nil
	}
	return []byte(text[start:end]), nil
}

// library stores documents and returns all of each but its first bytes, " \n",
// as a passage, so that offsets in passage and document differ.
func library(documents ...string) (texts, []retrieve.Passage) {
	s := texts{}
	var passages []retrieve.Passage
	for i, d := range documents {
		id := int64(i + 1)
		s[id] = " \n" + d
		passages = append(passages, retrieve.Passage{
			DocumentID: id, URI: "doc", Start: 2, End: 2 + len(d), Text: d,
			Dense: retrieve.LegScore{Score: .5}, Lexical: retrieve.LegScore{Score: 3},
		})
	}
	return s, passages
}

// assertStream ranges over a stream and checks what Answerer promises: text
// before citations, each citation proved and its marker in the text by then, then
// Usage, Verdict, Done once each, or one error; nothing after either.
func assertStream(t *testing.T, events iter.Seq2[Event, error], src texts, passages []retrieve.Passage) (Answer, error) {
	t.Helper()
	var a Answer
	var order strings.Builder
	var failed error
	for e, err := range events {
		if err != nil {
			if e != nil {
				t.Errorf("event %T with an error", e)
			}
			order.WriteString("!")
			failed = err
			continue
		}
		switch e := e.(type) {
		case Delta:
			order.WriteString("d")
			a.Text += e.Text
			if e.Text == "" {
				t.Error("empty delta")
			}
		case Citation:
			order.WriteString("c")
			a.Citations = append(a.Citations, e)
			checkCitation(t, a.Text, e, src, passages)
		case Usage:
			order.WriteString("U")
			a.Usage = e
		case Verdict:
			order.WriteString("V")
			a.Verdict = e
		case Done:
			order.WriteString("D")
			a.Done = e
		}
	}
	body, tail := order.String(), "UVD"
	if failed != nil {
		tail = "!"
	}
	if rest, ok := strings.CutSuffix(body, tail); !ok || strings.Trim(rest, "dc") != "" || strings.HasPrefix(rest, "c") || failed == nil && rest == "" {
		t.Errorf("events came as %q (%v)", body, failed)
	}
	for e, err := range events {
		if err == nil {
			t.Errorf("a second range gives %T", e)
		}
	}
	return a, failed
}

func checkCitation(t *testing.T, text string, c Citation, src texts, passages []retrieve.Passage) {
	t.Helper()
	if c.Passage < 1 || c.Passage > len(passages) {
		t.Fatalf("citation of passage %d of %d", c.Passage, len(passages))
	}
	p := passages[c.Passage-1]
	stored := src[p.DocumentID]
	if c.Start < p.Start || c.End > p.End || c.Start >= c.End || stored[c.Start:c.End] != c.Quote {
		t.Errorf("citation %+v is not in %q", c, stored)
	}
	if strings.LastIndex(text, "]") < strings.LastIndex(text, "[") || !strings.Contains(text, "]") {
		t.Errorf("citation %d comes before its marker in %q", c.Passage, text)
	}
}
