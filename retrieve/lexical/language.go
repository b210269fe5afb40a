package lexical

import (
	"embed"
	"maps"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/danish"
	"github.com/blevesearch/snowballstem/dutch"
	"github.com/blevesearch/snowballstem/english"
	"github.com/blevesearch/snowballstem/finnish"
	"github.com/blevesearch/snowballstem/french"
	"github.com/blevesearch/snowballstem/german"
	"github.com/blevesearch/snowballstem/hungarian"
	"github.com/blevesearch/snowballstem/italian"
	"github.com/blevesearch/snowballstem/norwegian"
	"github.com/blevesearch/snowballstem/portuguese"
	"github.com/blevesearch/snowballstem/russian"
	"github.com/blevesearch/snowballstem/spanish"
	"github.com/blevesearch/snowballstem/swedish"
)

// stopFiles holds a file of stop words a language: English is Lucene's list,
// the others are Snowball's (stop/NOTICE).
//
//go:embed stop/*.txt
var stopFiles embed.FS

// language is what an analyzer knows of one.
type language struct {
	stem func(*snowballstem.Env) bool
	stop map[string]bool
	// stops are those of them that begin with an ASCII character, by it.
	stops [utf8.RuneSelf][]string
	// asks are question words, dropped from queries only: they are frequent in
	// questions, rare in answers, and so weigh more than they mean.
	asks map[string]bool
	// elided are the articles and pronouns that lose their vowel before an
	// apostrophe, as in l'eau.
	elided map[string]bool
}

// Languages returns the codes that For knows, sorted.
func Languages() []string {
	return slices.Sorted(maps.Keys(analyzers()))
}

var analyzers = sync.OnceValue(func() map[string]*Analyzer {
	all := map[string]language{
		"da": {stem: danish.Stem, asks: set("hvad hvem hvornår hvor hvorfor hvordan hvilken hvilket hvilke")},
		"de": {stem: german.Stem, asks: set("was wer wen wem wessen wann wo woher wohin warum wieso weshalb wie wieviel wieviele welche welcher welches welchen welchem kann können soll sollte")},
		"en": {stem: english.Stem, asks: set("what which who whom whose when where why how do does did has have had can could would should i you we he she from been were")},
		"es": {stem: spanish.Stem, asks: set("qué quién quiénes cuál cuáles cuándo dónde cómo cuánto cuánta cuántos cuántas puede puedo debe")},
		"fi": {stem: finnish.Stem, asks: set("mikä mitä kuka milloin missä mistä miksi miten kuinka montako")},
		"fr": {
			stem:   french.Stem,
			asks:   set("quel quelle quels quelles qui que quoi quand où pourquoi comment combien lequel laquelle lesquels lesquelles est-ce peut doit"),
			elided: set("l d j m t s n c qu jusqu lorsqu puisqu quoiqu"),
		},
		"hu": {stem: hungarian.Stem, asks: set("mi ki mikor hol miért hogyan mennyi hány melyik")},
		"it": {
			stem:   italian.Stem,
			asks:   set("che chi cosa quale quali quando dove perché come quanto quanta quanti quante può deve"),
			elided: set("l un c d m t s v dell all dall nell sull coll gl degl agl dagl negl sugl quest quell com cos dov"),
		},
		"nl": {stem: dutch.Stem, asks: set("wat wie wanneer waar waarom hoe hoeveel welke welk kan kunnen moet")},
		"no": {stem: norwegian.Stem, asks: set("hva hvem når hvor hvorfor hvordan hvilken hvilket hvilke")},
		"pt": {stem: portuguese.Stem, asks: set("que quem qual quais quando onde porque porquê como quanto quanta quantos quantas pode deve")},
		"ru": {stem: russian.Stem, asks: set("что кто когда где куда откуда почему зачем как сколько какой какая какое какие чей")},
		"sv": {stem: swedish.Stem, asks: set("vad vem vilka vilken vilket när var varför hur kan ska")},
	}
	out := make(map[string]*Analyzer, len(all))
	for code, l := range all {
		words, err := stopFiles.ReadFile("stop/" + code + ".txt")
		if err != nil {
			panic(err) // a language without its embedded file
		}
		l.stop = set(string(words))
		l.stops = byFirst(l.stop)
		out[code] = &Analyzer{language: l}
	}
	return out
})

func set(words string) map[string]bool {
	out := make(map[string]bool)
	for w := range strings.FieldsSeq(words) {
		out[w] = true
	}
	return out
}

// entry is what a word becomes. A stop word has no term.
type entry struct {
	term string
	asks bool
}

// entry analyses a lower-case word.
func (l *language) entry(word string) entry {
	word = strings.TrimSuffix(word, "'s")
	if head, tail, ok := strings.Cut(word, "'"); ok && l.elided[head] {
		word = tail
	}
	if l.stop[word] {
		return entry{}
	}
	env := snowballstem.NewEnv(word)
	l.stem(env)
	if env.Current() == "" {
		return entry{word, l.asks[word]}
	}
	return entry{env.Current(), l.asks[word]}
}
