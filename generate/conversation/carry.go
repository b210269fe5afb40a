package conversation

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// How many words a follow-up takes over.
const (
	maxCarried  = 6
	maxHeadings = 4
	// With so many words of the question before, headings only lead astray.
	enoughCarried = 2
)

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

// word is one of the question before.
type word struct {
	text   string
	weight float64
	at     int
	name   bool
}

// carried are the words taken over, in the order of the question before.
func (f *followUp) carried(before Before) []string {
	have := map[string]bool{}
	for _, t := range f.terms {
		have[t] = true
	}
	all := f.words(before, have)
	own := !f.refers() && len(f.terms) > 0 && len(names(f.rest())) > 0
	named := slices.ContainsFunc(all, func(w word) bool { return w.name }) && (own || f.refers())
	if named && (own || telling(all)) {
		all = slices.DeleteFunc(all, func(w word) bool { return w.name == own })
	}
	slices.SortStableFunc(all, func(a, b word) int { return cmp.Compare(b.weight, a.weight) })
	all = all[:min(len(all), maxCarried)]
	slices.SortFunc(all, func(a, b word) int { return cmp.Compare(a.at, b.at) })
	var out []string
	for _, w := range all {
		out = append(out, w.text)
	}
	if own || named || len(out) >= enoughCarried {
		return out // a heading would say nothing more, or something else
	}
	return append(out, f.headings(before.Headings, have)...)
}

// telling says whether a name is as rare as the rarest other word: "Go" says
// nothing of a question about channels in documents about Go.
func telling(all []word) bool {
	var name, other float64
	for _, w := range all {
		if w.name {
			name = max(name, w.weight)
		} else {
			other = max(other, w.weight)
		}
	}
	return name >= other
}

// words are those of the question before that the follow-up lacks, each once; it
// marks them in have. A name is a capitalised word, or one right after it.
func (f *followUp) words(before Before, have map[string]bool) []word {
	capitals := map[string]bool{}
	for _, n := range names(before.Question) {
		for _, w := range strings.Fields(n) {
			capitals[w] = true
		}
	}
	var all []word
	after := false
	for i, w := range wordsOf(before.Question) {
		terms := f.analyzer.Query(w)
		if len(terms) == 0 || asks[strings.ToLower(w)] || pronouns[strings.ToLower(w)] || content(f.analyzer, w) == nil {
			after = false
			continue
		}
		name := capitals[w] || after
		after = capitals[w]
		if have[terms[0]] {
			continue
		}
		have[terms[0]] = true
		weight, known := before.IDF[terms[0]]
		if !known {
			weight = 100
		}
		all = append(all, word{w, weight, i, name})
	}
	return all
}

// headings are the words of headings that are not had yet, a few.
func (f *followUp) headings(of []string, have map[string]bool) []string {
	var out []string
	for _, h := range of {
		for _, w := range wordsOf(h) {
			terms := f.analyzer.Query(w)
			if len(terms) == 0 || have[terms[0]] || len(out) == maxHeadings {
				continue
			}
			have[terms[0]] = true
			out = append(out, w)
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
