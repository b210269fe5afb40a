package generate

import (
	"regexp"
	"strings"
	"unicode"
)

// want is what a question asks for.
type want uint8

const (
	anything want = iota
	aDate
	aNumber
	aPerson
	aPlace
	aDefinition
)

// Forms of questions and of what answers them, in English. Other questions want
// anything.
var (
	asksDate   = regexp.MustCompile(`(?i)\b(when|(what|which|whose) (year|date|day|month|century|decade)|year (did|was|were|is))\b`)
	asksNumber = regexp.MustCompile(`(?i)\b(how (many|much|long|far|old|tall|high|big|large|deep|wide|heavy|fast|often|few)|(what|which) (percent|percentage|number|amount|age|proportion|population|fraction))\b`)
	asksPerson = regexp.MustCompile(`(?i)\b(who|whom|whose)\b`)
	asksPlace  = regexp.MustCompile(`(?i)\bwhere\b`)
	asksList   = regexp.MustCompile(`(?i)^\W*(?:list|name|enumerate)\b|\b(?:what|which)\s+(?:are|were)\b|\b(?:what|which)\s+(?:\pL+\s+)?\pL{2,}[^su\W]s\b`)
	asksMean   = regexp.MustCompile(`(?i)^\s*(?:what(?:'s| is| are)|define|explain|what does)\s+(?:an?\s+|the\s+)?([\pL\pN_ -]{2,40}?)(?:\s+mean)?\s*\??\s*$`)

	holdsDate   = regexp.MustCompile(`(?i)\b(1\d{3}|20\d{2}|january|february|march|april|may \d|june|july|august|september|october|november|december|(\d+(st|nd|rd|th)|twelfth|thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|twentieth) century|monday|tuesday|wednesday|thursday|friday|saturday|sunday|\d+ (bc|bce|ad|ce))\b`)
	holdsNumber = regexp.MustCompile(`(?i)\d|\b(one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fifteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million|billion|dozen|half|twice|once)\b`)
)

// asked is a question read for what it wants.
type asked struct {
	want    want
	subject string // of a definition, in lower case
	several bool   // things are asked for
	terms   map[string]bool
}

func readQuestion(question string, terms []string) asked {
	a := asked{terms: set(terms), several: asksList.MatchString(question)}
	switch m := asksMean.FindStringSubmatch(question); {
	case asksDate.MatchString(question):
		a.want = aDate
	case asksNumber.MatchString(question):
		a.want = aNumber
	case asksPerson.MatchString(question):
		a.want = aPerson
	case asksPlace.MatchString(question):
		a.want = aPlace
	case m != nil:
		a.want, a.subject = aDefinition, strings.ToLower(m[1])
	}
	return a
}

// fit is how well a unit has what is asked for: 1 when it does, 0 when not, ½
// where the question does not say, and for a person named by a single word. A
// list has what is asked for when several things are.
func (a asked) fit(kind unitKind, sentence string, terms func(string) []string) float64 {
	found := false
	if a.several && kind == listUnit {
		return 1
	}
	switch a.want {
	case aDate:
		found = holdsDate.MatchString(sentence)
	case aNumber:
		found = holdsNumber.MatchString(sentence)
	case aPerson:
		return float64(min(a.newName(sentence, terms), 2)) / 2
	case aPlace:
		found = a.newName(sentence, terms) > 0
	case aDefinition:
		if a.defines(sentence) {
			return 1
		}
		return .5
	default:
		return .5
	}
	if found {
		return 1
	}
	return 0
}

// openers are capitalised because a sentence begins with them, and name nobody.
var openers = set(strings.Fields(`a after all also although an and another any as at because before both but by
	during each few first for from has he her here his how however i if in it its later many may more most my no not
	of on one or other our over several she since so some still such that the their then there these they this those
	though through thus to two under until was we what when where which while who with you your`))

// newName is how many words the longest name in a sentence has that the question
// has none of: capitalised words in a row, openers aside.
func (a asked) newName(sentence string, terms func(string) []string) (longest int) {
	run := 0
	for _, w := range strings.FieldsFunc(sentence, func(r rune) bool { return !unicode.IsLetter(r) && r != '\'' }) {
		if !unicode.IsUpper([]rune(w)[0]) || openers[strings.ToLower(w)] || !a.isNew(w, terms) {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	return longest
}

// isNew tells whether a word has a term that the question lacks.
func (a asked) isNew(word string, terms func(string) []string) bool {
	for _, t := range terms(word) {
		if !a.terms[t] {
			return true
		}
	}
	return false
}

// defines tells whether a sentence begins by saying what the subject is.
func (a asked) defines(sentence string) bool {
	s := strings.TrimLeft(strings.NewReplacer("*", "", "`", "", "\n", " ").Replace(strings.ToLower(sentence)), "-•_\"“ ")
	for _, article := range []string{"a ", "an ", "the "} {
		s = strings.TrimPrefix(s, article)
	}
	stem := strings.TrimSuffix(a.subject, "s")
	rest, ok := strings.CutPrefix(s, stem)
	if !ok {
		return false
	}
	rest = strings.TrimPrefix(strings.TrimPrefix(rest, "es"), "s")
	for _, verb := range []string{" is ", " are ", " means ", " mean ", " refers ", " denotes ", " denote ", " represents ", " represent ", " defines ", " was ", " were ", ", also ", ": ", " : ", " – ", " — ", " - "} {
		if strings.HasPrefix(rest, verb) {
			return true
		}
	}
	return false
}
