package generate

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/quarry-rag/quarry/internal/sentence"
	"github.com/quarry-rag/quarry/retrieve/embed"
)

// Support says whether the passages that a sentence cites bear it out. Answers
// have one for each sentence that says something, after the text.
type Support struct {
	Start, End int // bytes of the answer's text
	// Score is the part, 0 to 1, of the sentence's terms that its passages have,
	// or the cosine to the nearest of their sentences where that is more.
	Score     float64
	Supported bool
	Reason    string // why not
	Passages  []int  // that it cites, from 1
	// Judgement of a model; nil without one. The other fields do not depend on it.
	Judgement *Judgement
}

// Judgement is a model's opinion on a sentence.
type Judgement struct {
	Model     string
	Supported bool
	Reason    string // why not, in the model's words
}

func (Support) event() {}

const (
	// enoughTerms of a sentence must stand in its passages, or
	enoughTerms = .5
	// enoughMeaning, as a cosine, lie in one sentence of theirs.
	enoughMeaning = .6
	// supportWithin is the time for the cosines; later words alone decide.
	supportWithin = time.Second
	// maxSupports bounds the sentences looked at.
	maxSupports = 200
)

var (
	markerShape = regexp.MustCompile(`\s?\[\d{1,3}(?:\s*[,;]\s*\d{1,3})*\]`)
	numberShape = regexp.MustCompile(`\d+(?:[.,:/-]\d+)*%?`)
)

// supports checks each sentence of a whole answer, whose markers were proved.
// model may be nil.
func (r *reading) supports(ctx context.Context, text, question, refusal string, model embed.Model) []Support {
	sentences := cutSentences(text)
	inherit(text, sentences)
	var out []Support
	for _, s := range sentences {
		plain := markerShape.ReplaceAllString(text[s.Start:s.End], "")
		if len(r.analyzer.Terms(plain)) == 0 || sameSentence(plain, refusal) || strings.HasSuffix(strings.TrimSpace(plain), ":") {
			continue // it claims nothing
		}
		if len(out) == maxSupports {
			break
		}
		out = append(out, r.support(ctx, s, plain, question, model))
	}
	r.misquotedSentences(text, question, out)
	return out
}

// cutSentences returns the sentences of an answer with what each cites: a marker
// after a sentence's end is its own.
func cutSentences(text string) []Support {
	var out []Support
	for start, end := range sentence.All(text) {
		lead := markerShape.FindStringIndex(text[start:end])
		for len(out) > 0 && lead != nil && lead[0] == 0 {
			last := &out[len(out)-1]
			last.Passages = append(last.Passages, numbersIn(text[start:start+lead[1]])...)
			last.End = start + lead[1]
			start += lead[1]
			lead = markerShape.FindStringIndex(text[start:end])
		}
		if strings.TrimSpace(text[start:end]) == "" {
			continue
		}
		s := Support{Start: start, End: end}
		for _, m := range markerShape.FindAllString(text[start:end], -1) {
			s.Passages = append(s.Passages, numbersIn(m)...)
		}
		out = append(out, s)
	}
	return out
}

// inherit gives a sentence that cites nothing what the next one in its paragraph
// cites: models often put one marker after two sentences.
func inherit(text string, sentences []Support) {
	for i := len(sentences) - 2; i >= 0; i-- {
		s, next := &sentences[i], sentences[i+1]
		if len(s.Passages) == 0 && !strings.Contains(text[s.End:next.Start], "\n") {
			s.Passages = next.Passages
		}
	}
	for i := range sentences {
		slices.Sort(sentences[i].Passages)
		sentences[i].Passages = slices.Compact(sentences[i].Passages)
	}
}

func numbersIn(marker string) []int {
	var out []int
	n, in := 0, false
	for _, c := range marker + "]" {
		if c >= '0' && c <= '9' {
			n, in = n*10+int(c-'0'), true
		} else if in {
			out, n, in = append(out, n), 0, false
		}
	}
	return out
}

// support checks one sentence.
func (r *reading) support(ctx context.Context, s Support, plain, question string, model embed.Model) Support {
	s.Passages = slices.DeleteFunc(slices.Clone(s.Passages), func(n int) bool { return n < 1 || n > len(r.passages) })
	if len(s.Passages) == 0 {
		s.Reason = "it cites nothing"
		return s
	}
	has := r.textOf(s.Passages)
	have := map[string]bool{}
	for _, n := range s.Passages {
		for _, t := range r.analyzer.Terms(contextOf(r.passages[n-1])) {
			have[t] = true
		}
		for _, part := range r.parts[n-1] {
			for t := range part.terms {
				have[t] = true
			}
		}
	}
	terms := r.analyzer.Terms(plain)
	found := 0
	for _, t := range terms {
		if have[t] {
			found++
		}
	}
	s.Score = float64(found) / float64(len(terms))
	if missing := missingNumber(plain, has); missing != "" {
		s.Reason = fmt.Sprintf("the number %s is not in the passages that it cites", missing)
		return s
	}
	if missing := missingName(plain, has+question); missing != "" {
		s.Reason = fmt.Sprintf("the name %q is not in the passages that it cites", missing)
		return s
	}
	if misquotes(plain, has+question) {
		s.Reason = misquoted
		return s
	}
	if s.Supported = s.Score >= enoughTerms; s.Supported || model == nil {
		s.Reason = reasonFor(s)
		return s
	}
	s.Score = max(s.Score, r.nearest(ctx, s.Passages, plain, model))
	s.Supported = s.Score >= enoughMeaning
	s.Reason = reasonFor(s)
	return s
}

// textOf is what passages say, from 1, with the headings that they stand under.
func (r *reading) textOf(passages []int) string {
	var b strings.Builder
	for _, n := range passages {
		p := r.passages[n-1]
		fmt.Fprintf(&b, "%s\n%s\n", contextOf(p), p.Text)
	}
	return b.String()
}

func reasonFor(s Support) string {
	if s.Supported {
		return ""
	}
	return "the passages that it cites say little of it"
}

// missingNumber is the first number of a sentence, as it is written, that has
// lacks; commas between thousands do not count.
func missingNumber(plain, has string) string {
	numbers := map[string]bool{}
	for _, n := range numberShape.FindAllString(has, -1) {
		numbers[bare(n)] = true
		for _, part := range strings.FieldsFunc(n, func(r rune) bool { return strings.ContainsRune(":/-%", r) }) {
			numbers[bare(part)] = true
		}
	}
	for _, n := range numberShape.FindAllString(plain, -1) {
		if !numbers[bare(n)] && !numbers[bare(strings.TrimSuffix(n, "%"))] {
			return n
		}
	}
	return ""
}

func bare(n string) string { return strings.TrimLeft(strings.ReplaceAll(n, ",", ""), "0") }

// missingName is the first capitalised word within a sentence that has lacks. The
// first word is capitalised whatever it is.
func missingName(plain, has string) string {
	has = strings.ToLower(has)
	words := strings.FieldsFunc(plain, func(r rune) bool { return !unicode.IsLetter(r) && r != '\'' && r != '’' })
	for i, w := range words {
		w = strings.TrimSuffix(strings.TrimSuffix(w, "'s"), "’s")
		lower := strings.ToLower(w)
		if i == 0 || w == "" || !unicode.IsUpper([]rune(w)[0]) || openers[lower] {
			continue
		}
		if !strings.Contains(has, lower) {
			return w
		}
	}
	return ""
}

// nearest is the best cosine of a sentence to a unit of its passages; 0 when the
// model does not answer in time.
func (r *reading) nearest(ctx context.Context, passages []int, plain string, model embed.Model) float64 {
	ctx, cancel := context.WithTimeout(ctx, supportWithin)
	defer cancel()
	terms := r.analyzer.Terms(plain)
	type found struct {
		text  string
		score float64
	}
	var near []found
	for _, n := range passages {
		for _, part := range r.parts[n-1] {
			near = append(near, found{r.passages[n-1].Text[part.start:part.end], r.coverage(terms, part.terms)})
		}
	}
	slices.SortStableFunc(near, func(a, b found) int { return cmp.Compare(b.score, a.score) })
	texts := []string{plain}
	for _, f := range near[:min(len(near), embedBest)] {
		texts = append(texts, f.text)
	}
	vectors, err := model.Embed(ctx, texts)
	if err != nil || len(vectors) != len(texts) {
		return 0
	}
	best := 0.0
	for _, v := range vectors[1:] {
		best = max(best, embed.Cosine(vectors[0], v))
	}
	return best
}

// unsupported is the verdict's reason when sentences are not supported; empty
// when all are.
func unsupported(supports []Support) string {
	bad := 0
	for _, s := range supports {
		if !s.Supported {
			bad++
		}
	}
	if bad == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d sentences not supported by the passages cited", bad, len(supports))
}
