package conversation

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/quarry-rag/quarry/retrieve/lexical"
)

// Before is what a follow-up may refer to.
type Before struct {
	// Question is the last one, as it was searched for.
	Question string
	// Headings of what the last answer cited, the best first.
	Headings []string
	// IDF of Question's terms in the collection; those without one weigh most.
	IDF map[string]float64
	// Language of the collection, ISO 639-1.
	Language string
}

// Standalone returns the question with what it leaves to the question before. One
// that refers back ("Who built it?") takes over, after its end, the names if they
// are as rare as its other words, else its rarest words, and where those are too
// few, words of the heading that its answer cited. One that brings a name of its
// own ("And Rome?") takes over the rest, with that name in the old one's place
// where there is only one. A question that stands alone is returned as it is. Only
// English is known for pronouns; in other languages a question without any word to
// look for is a follow-up.
func Standalone(question string, before Before) string {
	a, err := lexical.For(before.Language)
	if err != nil {
		return question
	}
	question = strings.TrimSpace(question)
	f := followUp{question, content(a, question), a}
	if strings.TrimSpace(before.Question) == "" || !f.depends(before.Language) {
		return question
	}
	if s, ok := f.renamed(before.Question); ok {
		return s
	}
	words := f.carried(before)
	if len(words) == 0 {
		return question
	}
	return question + " " + strings.Join(words, " ")
}

type followUp struct {
	text     string
	terms    []string
	analyzer *lexical.Analyzer
}

// content are the terms of a text without question words, also where it has no
// others.
func content(a *lexical.Analyzer, text string) []string {
	const other = "zzz"
	var out []string
	for _, t := range a.Query(text + " " + other) {
		if t != other {
			out = append(out, t)
		}
	}
	return out
}

var (
	elliptic = regexp.MustCompile(`(?i)^(and|but|or|also|then|what about|how about|what of)\b`)
	defines  = regexp.MustCompile(`(?i)^(what|who)('s|\s+(is|are|was|were|does|do|did))\b|^(define|explain|describe|tell me about)\b`)
	// expletive: "it" that stands for what follows.
	expletive = regexp.MustCompile(`(?i)\bit\s+(is\s+|was\s+)?(possible|true|safe|legal|necessary|important|allowed|ok|okay|better|worth|common|usual|take|takes|cost|costs)\s+(to|that|for|if)\b`)
)

// depends tells whether the question leaves something to the one before.
func (f *followUp) depends(language string) bool {
	if len(f.terms) == 0 {
		return true
	}
	if language != "en" {
		return false
	}
	switch {
	case f.refers():
		return true
	case elliptic.MatchString(f.text):
		return len(content(f.analyzer, f.rest())) <= 2
	}
	return len(f.terms) == 1 && !defines.MatchString(f.text)
}

// Words that stand for something else. The first kind may stand for something
// earlier in the same clause, the second only in an earlier clause.
var (
	possessives = set("its their his her hers theirs itself themselves himself herself")
	pronouns    = set("it they them he him she this these those former latter same another other others else ones")
	clauses     = set("and or but when if because while before after until since so then who which where as than")
)

// refers tells whether a pronoun stands for nothing in the question itself.
func (f *followUp) refers() bool {
	text := expletive.ReplaceAllString(f.text, "")
	content, clause := false, false // seen before the word; a clause began since
	words := strings.Fields(strings.ToLower(text))
	for i, raw := range words {
		w := strings.TrimFunc(raw, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		w = strings.TrimSuffix(strings.TrimSuffix(w, "'s"), "’s")
		last := i == len(words)-1
		switch {
		case possessives[w]:
			if !content {
				return true
			}
		case w == "one" && i > 0 && (last || words[i-1] == "which" || words[i-1] == "that" || words[i-1] == "this"),
			w == "there" && last,
			w == "that" && !content,
			pronouns[w]:
			if !content || !clause {
				return true
			}
		case clauses[w]:
			clause = clause || content
		case len(f.analyzer.Query(w)) > 0 && !asks[w]:
			content = true
		}
		clause = clause || content && strings.ContainsAny(raw, ",;:")
	}
	return false
}

// asks are words of questions, which name nothing.
var asks = set("what which who whom whose when where why how do does did has have had can could would should may might must will shall tell me about many much one")
