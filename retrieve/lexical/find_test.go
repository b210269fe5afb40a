package lexical

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// places is what a finder of the terms must return, by Terms.
func places(a *Analyzer, terms []string, texts ...string) (out []Place) {
	at := 0
	for _, text := range texts {
		for _, t := range a.Terms(text) {
			if i := slices.Index(terms, t); i >= 0 {
				out = append(out, Place{i, at})
			}
			at++
		}
	}
	return out
}

// In each language a finder finds what Terms has, where it has it, and a scanner that
// looked for some terms gives all of them afterwards.
func TestFinderFindsAmongTerms(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, code := range Languages() {
		a := analyzer(t, code)
		words := append(slices.Sorted(maps.Keys(a.language.stop)), strings.Fields(
			`dying lying TYING skis yes Yoga bbabba LLama THE The Das ET über Über árbol naïve e´t A̧ no l'eau L'Eau aujourd'hui dell'acqua it's Newton’s getUserById
			HTTP_404 a/b/c.go v1.4.2 CVE-2026-3172 /etc/hosts mRNA parseJSON 東京都 猫 ﬁnal ½ x_y rock'n'roll Straße книги ёж И
			ångström éa ijsland ĳ 1st 42 communications general`)...)
		for range 2000 {
			b := make([]byte, 1+r.IntN(9))
			for i := range b {
				b[i] = "aeioustrnlydgm"[r.IntN(14)]
			}
			words = append(words, string(b))
		}
		text := func(n int) string {
			var b strings.Builder
			for range n {
				b.WriteString(words[r.IntN(len(words))] + []string{" ", "", "-", " "}[r.IntN(4)])
			}
			return b.String()
		}
		for range 200 {
			title, body := text(3), text(60)
			terms := a.Query(text(4) + title)
			got := a.Finder(terms).Places(title, body)
			if diff := cmp.Diff(places(a, terms, title, body), got); diff != "" {
				t.Fatalf("%s: %q in %q, %q: %s", code, terms, title, body, diff)
			}
		}
	}
}

// Stems keep the beginning of ASCII words as Finder counts on.
func TestStemsBeginAsWords(t *testing.T) {
	for _, code := range Languages() {
		a := analyzer(t, code)
		var try func(word []byte, most int, letters string)
		try = func(word []byte, most int, letters string) {
			if term := a.language.entry(string(word)).term; term != "" {
				if !a.Finder([]string{term}).may(word[0], string(word)) {
					t.Fatalf("%s: the term of %q is %q", code, word, term)
				}
			}
			for i := 0; i < len(letters) && len(word) < most; i++ {
				try(append(word, letters[i]), most, letters)
			}
		}
		for c := byte('a'); c <= 'z'; c++ {
			try([]byte{c}, 3, "abcdefghijklmnopqrstuvwxyz09")
			try([]byte{c}, 5, "aeiysg")
		}
	}
}

func FuzzFinder(f *testing.F) {
	for _, s := range []string{"dying words|dy dies die", "l'eau d’été ÉTÉ|été", "東京 ﬁ ½ ⁴|⁴", "\xff\xc0|x", "it's 'quoted' rock'n'roll|roll", "a\u0301rbol|árbol"} {
		text, query, _ := strings.Cut(s, "|")
		f.Add(text, query)
	}
	f.Fuzz(func(t *testing.T, text, query string) {
		for _, code := range Languages() {
			a := analyzer(t, code)
			terms := a.Query(query)
			if diff := cmp.Diff(places(a, terms, text), a.Finder(terms).Places(text)); diff != "" {
				t.Fatalf("%s: %q in %q: %s", code, terms, text, diff)
			}
		}
	})
}

func BenchmarkFinder(b *testing.B) {
	a := analyzer(b, "en")
	text := strings.Repeat("The garbage collector runs concurrently with mutator threads, in runtime/mgc.go since v1.5. ", 100)
	terms := a.Query("When does the collector of garbage stop threads?")
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		a.Finder(terms).Places(text)
	}
}
