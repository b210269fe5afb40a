package lexical

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func analyzer(t testing.TB, code string) *Analyzer {
	t.Helper()
	a, err := For(code)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestTerms(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"empty", "", ""},
		{"stop words", "to be or not to be", ""},
		{"prose", "The cats' dinners weren't cost-effective, and/or cheap.", "cat dinner weren't cost effect cheap"},
		{"possessive", "Newton's and Newton’s laws", "newton newton law"},
		{"sentence", "It ended.The next one e.g. began", "end next one e g began"},
		{"acronyms", "mRNA siRNAs iPhone PDFs DNA", "mrna sirna iphon pdfs dna"},
		{"camel", "getUserById", "getuserbyid get user id"},
		{"camel acronym", "HTTPServer parseJSON", "httpserver http server parsejson pars json"},
		{"snake", "HTTP_404", "http 404 http_404"},
		{"dunder", "pkg/__init__.py", "pkg init py pkg/__init__.py"},
		{"cve", "see CVE-2026-3172.", "see cve 2026 3172 cve-2026-3172"},
		{"version", "v1.4.2", "v1 4 2 v1.4.2"},
		{"hyphen and digit", "IL-6", "il 6 il-6"},
		{"letters and digits", "p53 H1N1 utf8", "p53 h1n1 utf8"},
		{"path", "/etc/hosts", "etc host etc/hosts"},
		{"relative path", "src/main.go", "src main go src/main.go"},
		{"deep path", "a1/b/c", "a1 b c a1/b/c"},
		{"url", "https://go.dev/ref", "https go dev ref https://go.dev/ref"},
		{"scope", "std::vector", "std vector std::vector"},
		{"mail", "jane@example.com", "jane exampl com jane@example.com"},
		{"decomposed accent", "cafe\u0301 café", "café café"},
		{"ligature", "ﬁnal final", "final final"},
		{"han", "東京都 猫", "東京 京都 猫"},
		{"mixed scripts", "Go言語2", "go 言語 2"},
		{"emoji", "🙂 🙃", ""},
		{"sql", "'; drop table chunk; --", "drop tabl chunk"},
		{"broken utf8", "caf\xe9 bar\xff", "caf bar"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := strings.Join(analyzer(t, "en").Terms(tt.text), " ")
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestQuery(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"question words go", "What does the scheduler do when it blocks?", "schedul block"},
		{"contracted", "Who's the author and what's new", "author new"},
		{"nothing else", "Who are you?", "who you"},
		{"each once", "cats and a cat and Cats", "cat"},
		{"identifier keeps its words", "has_value", "has valu has_value"},
		{"camel keeps its words", "canRead", "canread can read"},
		{"stop words only", "it is the", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := strings.Join(analyzer(t, "en").Query(tt.text), " ")
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// An identifier is found as it stands in the text, and when a person types it
// in lower case or in its words.
func TestIdentifiersAreFound(t *testing.T) {
	a := analyzer(t, "en")
	for _, tt := range []struct{ text, query string }{
		{"call getUserById(7)", "getUserById"},
		{"call getUserById(7)", "getuserbyid"},
		{"call getUserById(7)", "user id"},
		{"error HTTP_404.", "http_404"},
		{"fixed in v1.4.2, see CVE-2026-3172", "cve-2026-3172"},
		{"edit /usr/local/etc/my.conf now", "usr/local/etc/my.conf"},
		{"type NewSearches struct", "newsearches"},
	} {
		terms := a.Terms(tt.text)
		for _, q := range a.Query(tt.query) {
			if !slices.Contains(terms, q) {
				t.Errorf("%q has no %q of query %q: %v", tt.text, q, tt.query, terms)
			}
		}
	}
}

func TestLanguages(t *testing.T) {
	for _, tt := range []struct{ code, text, terms, query string }{
		{"de", "Wann sind die Häuser gebaut?", "wann haus gebaut", "haus gebaut"},
		{"fr", "Quelle est la température de l'eau ?", "quel températur eau", "températur eau"},
		{"fr", "Les eaux et ils", "eau", "eau"},
		{"es", "¿Dónde están las ciudades?", "dond ciudad", "ciudad"},
		{"it", "la temperatura dell'acqua", "temperatur acqua", "temperatur acqua"},
		{"ru", "Где находятся книги?", "наход книг", "наход книг"},
	} {
		a := analyzer(t, tt.code)
		if diff := cmp.Diff(tt.terms, strings.Join(a.Terms(tt.text), " ")); diff != "" {
			t.Errorf("%s terms: %s", tt.code, diff)
		}
		if diff := cmp.Diff(tt.query, strings.Join(a.Query(tt.text), " ")); diff != "" {
			t.Errorf("%s query: %s", tt.code, diff)
		}
	}
	if _, err := For("xx"); err == nil {
		t.Error("For(xx) gave no error")
	}
}

func TestTermID(t *testing.T) {
	// From `printf cat | sha256sum`: 77af778b51abd4a3….
	if got, want := TermID("cat"), int64(0x77af778b51abd4a3); got != want {
		t.Errorf("TermID(cat) = %#x, want %#x", got, want)
	}
}

func TestLongWords(t *testing.T) {
	a := analyzer(t, "en")
	for _, text := range []string{strings.Repeat("x", 1<<20), strings.Repeat("é", 1<<10), strings.Repeat("\ufdfa", 40)} {
		if terms := a.Terms(text); len(terms) != 1 || len(terms[0]) > maxTerm || !utf8.ValidString(terms[0]) {
			t.Errorf("Terms of a long word gave %d terms", len(terms))
		}
	}
}

func FuzzTerms(f *testing.F) {
	for _, s := range []string{"getUserById HTTP_404 a/b/c.go v1.4.2", "l'eau d’été", "東京 ﬁ ½ ⁴", "\xff\xc0", "it's 'quoted' rock'n'roll"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, code := range Languages() {
			a := analyzer(t, code)
			terms := a.Terms(text)
			for _, term := range terms {
				if term == "" || len(term) > maxTerm || !utf8.ValidString(term) {
					t.Fatalf("%s: term %q of %q", code, term, text)
				}
			}
			if diff := cmp.Diff(terms, a.Terms(text)); diff != "" {
				t.Fatalf("%s: not repeatable: %s", code, diff)
			}
			for _, q := range a.Query(text) {
				if !slices.Contains(terms, q) {
					t.Fatalf("%s: query term %q is not indexed", code, q)
				}
			}
		}
	})
}

func BenchmarkTerms(b *testing.B) {
	a := analyzer(b, "en")
	text := strings.Repeat("The garbage collector runs concurrently with mutator threads, in runtime/mgc.go since v1.5. ", 100)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		a.Terms(text)
	}
}
