package generate

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/quarry-rag/quarry/generate/prompt"
	"github.com/quarry-rag/quarry/generate/provider"
	"github.com/quarry-rag/quarry/retrieve"
)

// Refusal is the sentence with which a model says that the passages do not hold
// the answer.
const Refusal = prompt.Refusal

// Prompt is what a chat model is asked.
type Prompt struct {
	System string
	// Examples of questions that were answered, before the question.
	Examples []provider.Turn
	User     string
	// Shown is how many of the passages are in it, the first ones.
	Shown int
	// Whole: all that was given is in it.
	Whole bool
}

// Compose writes the prompt for a question and its passages, numbered from 1 in
// the order given, in the words w. It holds as many of them as fit in budget
// tokens, by a high estimate; the first is cut where it does not fit alone. A
// budget of 0 is no bound. It is pure: equal arguments give an equal prompt.
//
// Text of documents cannot end its passage, begin another, or pass for a marker
// or a control token of a model's template: what could is written differently,
// and control, invisible and direction-changing characters are left out. Stored
// text and citations are not affected. The words have no say in this.
func Compose(w *prompt.Words, question string, passages []retrieve.Passage, budget int) Prompt {
	return compose(w, question, passages, budget, estimateTokens)
}

func compose(w *prompt.Words, question string, passages []retrieve.Passage, budget int, count counter) Prompt {
	p := Prompt{System: w.System, Whole: true}
	for _, e := range w.Examples {
		p.Examples = append(p.Examples, exampleTurn(w, e))
	}
	asked := questionBlock(question, len(passages))
	left := budget - wordTokens(w, count) - count(asked)
	var b strings.Builder
	for i, passage := range passages {
		text := passageBlock(i+1, passage, len(passages))
		n := count(text)
		if budget > 0 && n > left {
			p.Whole = false
			if i > 0 || left < minPassage {
				break
			}
			passage.Text = cutRunes(passage.Text, len(passage.Text)*(left-minPassage/2)/n)
			text = passageBlock(i+1, passage, len(passages))
		}
		left -= n
		b.WriteString(text)
		p.Shown++
	}
	if p.Shown == 0 {
		b.WriteString("<no passages>\n")
	}
	p.User = message(w, b.String(), asked)
	return p
}

// message is the user's, of passages and a question that are fenced.
func message(w *prompt.Words, passages, asked string) string {
	return w.User(strings.TrimSuffix(passages, "\n"), asked) + "\n"
}

// exampleTurn is an example in the form of a question, its passages fenced as
// those of documents are.
func exampleTurn(w *prompt.Words, e prompt.Example) provider.Turn {
	var b strings.Builder
	for i, text := range e.Passages {
		b.WriteString(passageBlock(i+1, retrieve.Passage{Text: text}, len(e.Passages)))
	}
	user := message(w, b.String(), questionBlock(e.Question, len(e.Passages)))
	return provider.Turn{User: user, Assistant: strings.TrimSpace(e.Answer)}
}

// wordTokens counts what the words take without passages and question.
func wordTokens(w *prompt.Words, count counter) int {
	n := count(w.System) + count(w.User("", ""))
	for _, e := range w.Examples {
		turn := exampleTurn(w, e)
		n += count(turn.User) + count(turn.Assistant)
	}
	return n
}

// questionBlock is the question, fenced. n passages are in the request.
func questionBlock(question string, n int) string {
	return "<question>\n" + harmless(question, n) + "\n</question>"
}

// minPassage is the least room, in tokens, that a cut passage is worth.
const minPassage = 64

// passageBlock is one passage, fenced. n passages are in the request.
func passageBlock(number int, p retrieve.Passage, n int) string {
	place := strings.ReplaceAll(harmless(oneLine(placeOf(p)), n), `"`, "'")
	return fmt.Sprintf("<passage number=\"%d\" from=\"%s\">\n%s\n</passage>\n", number, place, harmless(shown(p), n))
}

// Tags of the prompt itself, and tokens that models' chat templates are made of,
// which some servers read inside of text too.
var (
	ownTags       = regexp.MustCompile(`(?i)[<＜]\s*/?\s*(passages?|sentences?|question|no passages|documents?|system|user|assistant|instructions?|conversation|turn)\b`)
	templateWords = regexp.MustCompile(`(?i)<[|｜]|[|｜]>|</?s>|<</?sys>>|\[/?inst\]|<(start|end)_of_turn>|<(bos|eos|unk|pad)>`)
)

// harmless is text that stays data within the prompt: the first bracket of its
// tags and of markers that could point to one of n passages is another one.
func harmless(text string, n int) string {
	text = visible(text)
	swap := strings.NewReplacer("<", "‹", "＜", "‹", ">", "›", "[", "⟦", "]", "⟧").Replace
	text = ownTags.ReplaceAllStringFunc(text, swap)
	text = templateWords.ReplaceAllStringFunc(text, swap)
	var s scanner
	var b strings.Builder
	for _, p := range append(s.push(text), s.flush()...) {
		if p.numbers != nil && pointsInto(p.numbers, n) {
			p.text = swap(p.text)
		}
		b.WriteString(p.text)
	}
	return b.String()
}

func pointsInto(numbers []int, n int) bool {
	for _, i := range numbers {
		if i >= 1 && i <= n {
			return true
		}
	}
	return false
}

// visible leaves out what a reader would not see: control and format characters
// (bidirectional overrides, zero-width ones, tags). Line ends of any kind become
// "\n", and invalid UTF-8 the replacement character.
func visible(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\r' || r == '\v' || r == '\f' || r == 0x85 || r == 0x2028 || r == 0x2029:
			return '\n'
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Variation_Selector):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// oneLine joins the words of s with single spaces.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// cutRunes is the start of s of at most n bytes, whole in its runes.
func cutRunes(s string, n int) string {
	if n >= len(s) {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:max(n, 0)]
}

// sameSentence compares two sentences by their letters and digits only.
func sameSentence(a, b string) bool { return b != "" && letters(a) == letters(b) }

func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}
