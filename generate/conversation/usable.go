package conversation

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/quarry-rag/quarry/generate"
	"github.com/quarry-rag/quarry/internal/sentence"
	"github.com/quarry-rag/quarry/retrieve/lexical"
)

const (
	// maxAdded is what a model may add to a question, in bytes: names for pronouns.
	maxAdded = 400
	// Of the words that a rewritten question looks for, one in so many must have been
	// said: others are synonyms at best.
	saidOneIn = 3
)

// unusableError is a text that a model gave for a follow-up and that is none.
type unusableError struct{ model, why string }

func (e *unusableError) Error() string {
	return fmt.Sprintf("The rewrite of the question by %s was set aside: it %s.", e.model, e.why)
}

var (
	questionMark = regexp.MustCompile(`[?？؟]`)
	numberShape  = regexp.MustCompile(`\d+`)
)

// unusable says what is wrong with a model's rewrite of a question that followed
// h; empty: nothing that can be seen from its words.
func unusable(rewritten, question string, h generate.History, a *lexical.Analyzer) string {
	switch {
	case len(rewritten) > len(question)+maxAdded:
		return "is much longer than the question"
	case len(sentence.Spans(rewritten)) > max(1, len(sentence.Spans(question))):
		return "is more than one question"
	case states(rewritten, question):
		return "states something instead of asking"
	}
	for _, n := range numberShape.FindAllString(question, -1) {
		if !strings.Contains(rewritten, n) {
			return "leaves out the number " + n
		}
	}
	said := []string{question, h.Summary}
	for _, t := range h.Turns {
		said = append(said, t.Question, t.Answer)
	}
	have := set(strings.Join(content(a, strings.Join(said, "\n")), " "))
	found, looked := 0, content(a, rewritten)
	for _, t := range looked {
		if have[t] {
			found++
		}
	}
	if found*saidOneIn < len(looked) {
		return "is about something else than the conversation"
	}
	return ""
}

// states tells whether a text has no mark of a question, nor begins like one,
// though the question that it stands for does, or else is no statement either.
func states(rewritten, question string) bool {
	first, _, _ := strings.Cut(strings.ToLower(rewritten), " ")
	if questionMark.MatchString(rewritten) || begins[first] {
		return false
	}
	return questionMark.MatchString(question) || ends(rewritten) && !ends(question)
}

func ends(s string) bool { return strings.HasSuffix(s, ".") || strings.HasSuffix(s, "。") }

// begins are words that questions and requests begin with.
var begins = set(`what what's which who who's whom whose when where why how do does did is are was were am can could should would may
	might must will shall has have had tell explain describe define show list give compare name find summarize summarise please`)
