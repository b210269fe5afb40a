package conversation

import (
	"cmp"
	"regexp"
	"slices"
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

// How many words a follow-up takes over.
const (
	maxCarried  = 6
	maxHeadings = 4
)

// Standalone returns the question with what it leaves to the question before:
// the name that it replaces ("And in Rome?"), or else that question's rarest
// words and those of the heading that its answer cited, after its end. A question
// that stands alone is returned as it is. Only English is known for pronouns; in
// other languages a question without any word to look for is a follow-up.
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
	return slices.DeleteFunc(a.Query(text+" "+other), func(t string) bool { return t == other })
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
	case elliptic.MatchString(f.text):
		return len(content(f.analyzer, f.rest())) <= 2
	case f.refers():
		return true
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
var asks = set("what which who whom whose when where why how do does did has have had can could would should may might must will shall tell me")

// rest is the question after the words that say that it goes on.
func (f *followUp) rest() string {
	rest := f.text
	for m := elliptic.FindString(rest); m != ""; m = elliptic.FindString(rest) {
		rest = strings.TrimSpace(rest[len(m):])
	}
	return rest
}

// renamed puts the one name of a question such as "And in Rome?" in the place of
// the one name of the question before.
func (f *followUp) renamed(before string) (string, bool) {
	if !elliptic.MatchString(f.text) {
		return "", false
	}
	rest := f.rest()
	news, olds := names(rest), names(before)
	if len(news) != 1 || len(olds) != 1 || len(f.analyzer.Query(rest)) != len(f.analyzer.Query(news[0])) {
		return "", false
	}
	return strings.Replace(before, olds[0], news[0], 1), true
}

// names are the runs of capitalised words, but for one that a question begins with.
func names(text string) []string {
	var out []string
	var run []string
	end := func() {
		if len(run) > 0 {
			out = append(out, strings.Join(run, " "))
		}
		run = nil
	}
	for i, raw := range strings.Fields(text) {
		w := strings.TrimFunc(raw, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		first := []rune(w + " ")[0]
		if !unicode.IsUpper(first) || i == 0 && (asks[strings.ToLower(w)] || defines.MatchString(text) || strings.EqualFold(w, "is") || strings.EqualFold(w, "are")) {
			end()
			continue
		}
		run = append(run, w)
		if !strings.HasSuffix(raw, w) {
			end()
		}
	}
	end()
	return out
}

// carried are the words taken over, in the order of the question before.
func (f *followUp) carried(before Before) []string {
	have := map[string]bool{}
	for _, t := range f.terms {
		have[t] = true
	}
	type word struct {
		text   string
		weight float64
		at     int
	}
	var all []word
	for i, w := range wordsOf(before.Question) {
		terms := f.analyzer.Query(w)
		if len(terms) == 0 || have[terms[0]] || asks[strings.ToLower(w)] || pronouns[strings.ToLower(w)] {
			continue
		}
		have[terms[0]] = true
		weight, known := before.IDF[terms[0]]
		if !known {
			weight = 100
		}
		all = append(all, word{w, weight, i})
	}
	slices.SortStableFunc(all, func(a, b word) int { return cmp.Compare(b.weight, a.weight) })
	all = all[:min(len(all), maxCarried)]
	slices.SortFunc(all, func(a, b word) int { return cmp.Compare(a.at, b.at) })
	var out []string
	for _, w := range all {
		out = append(out, w.text)
	}
	room := maxHeadings
	for _, h := range before.Headings {
		for _, w := range wordsOf(h) {
			terms := f.analyzer.Query(w)
			if len(terms) == 0 || have[terms[0]] || room == 0 {
				continue
			}
			have[terms[0]] = true
			out = append(out, w)
			room--
		}
	}
	return out
}

// wordsOf are the words of a text without what a query would read as syntax.
func wordsOf(text string) []string {
	var out []string
	for _, raw := range strings.Fields(text) {
		w := strings.TrimFunc(raw, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		if w != "" && len(w) <= 64 {
			out = append(out, strings.NewReplacer(`"`, "", "“", "", "”", "").Replace(w))
		}
	}
	return out
}

func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}
