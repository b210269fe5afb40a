package answercache

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/quarry-rag/quarry/retrieve/lexical"
)

// same tells whether two English questions ask the same, as far as words can say,
// when their vectors are near. Vectors are near too where one number, name or
// "not" makes all the difference, so that each of these must be alike, and in
// order: numbers, names and identifiers, negation, what is asked for, the words
// that both have. A word that only the new question has must stand in evidence,
// the answer with what it cites; at most two of the old question's may be missing.
func same(now, then, evidence string) bool {
	a, err := lexical.For("en")
	if err != nil {
		return false
	}
	x, y := features(a, now), features(a, then)
	if !slices.Equal(x.names, y.names) || x.negations != y.negations || x.asks != y.asks {
		return false
	}
	fresh, common := split(x.terms, y.terms)
	gone, commonThen := split(y.terms, x.terms)
	if !slices.Equal(common, commonThen) || len(gone) > 2 || len(common)+len(x.names) == 0 || opposed(fresh, gone) {
		return false
	}
	has := set(a.Terms(evidence))
	return !slices.ContainsFunc(fresh, func(t string) bool { return !has[t] })
}

// feature is what a question is compared by.
type feature struct {
	names     []string // numbers, names and identifiers, in order
	terms     []string // the other words to look for, in order
	negations int
	asks      string
}

var negation = regexp.MustCompile(`(?i)\b(not|no|never|none|nothing|nobody|neither|nor|without|except|unless|cannot|un[- ]?able|fail(s|ed)? to|lack(s|ing)?)\b|n['’]t\b`)

func features(a *lexical.Analyzer, q string) feature {
	f := feature{negations: len(negation.FindAllString(q, -1)), asks: asks(q)}
	for i, raw := range strings.Fields(q) {
		w := strings.TrimFunc(raw, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		w = strings.TrimSuffix(strings.TrimSuffix(w, "'s"), "’s")
		terms := a.Terms(w)
		if isName(w, i == 0) {
			f.names = append(f.names, strings.ToLower(w))
		} else if len(terms) > 0 && !asking[strings.ToLower(w)] && !slices.Contains(f.terms, terms[0]) {
			f.terms = append(f.terms, terms[0])
		}
	}
	return f
}

// isName tells whether a word is a number, a name or an identifier. A word at the
// beginning is capitalised whatever it is.
func isName(w string, first bool) bool {
	for i, r := range w {
		if unicode.IsDigit(r) || strings.ContainsRune("_./:@#$%&+=*-", r) || unicode.IsUpper(r) && (i > 0 || !first && w != "I") {
			return true
		}
	}
	return false
}

// asking are words that ask, and name nothing.
var asking = set(strings.Fields(`what which who whom whose when where why how do does did is are was were can could should would may
	might must will shall please tell me explain describe show give i we you one exactly about has have had my your there much`))

// asks is the kind of thing that a question wants: a quantity counts as a thing.
func asks(q string) string {
	words := strings.Fields(strings.ToLower(strings.TrimRight(q, "?.! ")))
	for i, w := range words {
		switch w {
		case "when", "where", "why":
			return w
		case "who", "whom", "whose":
			return "who"
		case "how":
			switch {
			case i+1 < len(words) && measures[words[i+1]]:
				return "what"
			case i+1 == len(words) || asking[words[i+1]] || words[i+1] == "to" || words[i+1] == "the":
				return "how"
			}
			return "how " + words[i+1]
		}
	}
	if len(words) > 0 && yesNo[words[0]] {
		return "yes"
	}
	return "what"
}

// measures after "how" ask for a thing that "what" can ask for too.
var measures = set(strings.Fields(`much tall high long wide deep far old big large heavy fast hot cold`))

var yesNo = set(strings.Fields("is are was were do does did can could should would may might must will shall has have had"))

// split returns what of list is not in other, and what is.
func split(list, other []string) (only, both []string) {
	for _, t := range list {
		if slices.Contains(other, t) {
			both = append(both, t)
		} else {
			only = append(only, t)
		}
	}
	return only, both
}

// opposites are pairs of stems that no evidence makes alike: a text about one is
// about the other.
var opposites = func() map[string][]string {
	a, err := lexical.For("en")
	m := map[string][]string{}
	for _, pair := range strings.Fields(`open/close start/stop begin/end enable/disable enabled/disabled allow/forbid allow/deny minimum/maximum
		min/max least/most fewest/most more/less more/fewer before/after first/last add/remove create/delete insert/delete install/uninstall
		increase/decrease raise/lower upper/lower higher/lower high/low large/small largest/smallest big/small long/short longest/shortest
		fast/slow fastest/slowest old/new oldest/newest earliest/latest read/write send/receive input/output client/server encode/decode
		encrypt/decrypt import/export push/pull left/right up/down north/south east/west buy/sell buy/return include/exclude
		inside/outside above/below win/lose lock/unlock connect/disconnect load/unload accept/reject pass/fail true/false hot/cold
		public/private local/remote parent/child import/export attach/detach mount/unmount grant/revoke male/female men/women
		advantage/disadvantage pro/con source/target cause/effect question/answer employer/employee teacher/student husband/wife`) {
		x, y, _ := strings.Cut(pair, "/")
		if err == nil {
			p, q := a.Query(x), a.Query(y)
			if len(p) > 0 && len(q) > 0 {
				m[p[0]], m[q[0]] = append(m[p[0]], q[0]), append(m[q[0]], p[0])
			}
		}
	}
	return m
}()

func opposed(a, b []string) bool {
	return slices.ContainsFunc(a, func(t string) bool {
		return slices.ContainsFunc(opposites[t], func(o string) bool { return slices.Contains(b, o) })
	})
}

func set(words []string) map[string]bool {
	m := make(map[string]bool, len(words))
	for _, w := range words {
		m[w] = true
	}
	return m
}
