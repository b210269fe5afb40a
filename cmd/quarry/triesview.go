package main

import (
	"cmp"
	"fmt"
	"strings"

	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// triesLine says which models were asked, what they used and what it cost; empty
// where only the extractive answerer was.
func triesLine(r *quarryv1.Receipt) string {
	var tries []string
	paid := false
	for _, t := range r.GetTries() {
		tries = append(tries, tryText(t))
		paid = paid || t.Model != "extractive"
	}
	if !paid {
		return ""
	}
	cost := "cost unknown"
	if r.Cost != nil {
		cost = fmt.Sprintf("%.6f USD", *r.Cost)
	}
	return fmt.Sprintf("Models: %s · %s", strings.Join(tries, " → "), cost)
}

// purposes are what models are asked for beside the answer.
var purposes = map[string]string{
	"rewrite": "to rewrite the question", "summary": "to sum up the conversation", "support": "to judge the sentences",
	"paraphrase": "for other wordings", "suppose": "to suppose an answer",
}

func tryText(t *quarryv1.Try) string {
	s := clean(t.Model)
	if t.Purpose != "" {
		s += " " + cmp.Or(purposes[t.Purpose], "for "+clean(t.Purpose))
	}
	if t.Code != "" {
		s += " (" + clean(t.Code) + ")"
	}
	if t.InputTokens+t.OutputTokens == 0 {
		return s
	}
	about := ""
	if t.Estimated {
		about = "about "
	}
	s += fmt.Sprintf(" %s%d tokens in", about, t.InputTokens)
	if t.CachedTokens > 0 {
		s += fmt.Sprintf(", %d of them cached", t.CachedTokens)
	}
	return s + fmt.Sprintf(", %d out", t.OutputTokens)
}
