package lexical

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func forEnglish(t testing.TB) *Analyzer {
	t.Helper()
	a, err := For("en")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestParse(t *testing.T) {
	a := forEnglish(t)
	for _, tt := range []struct {
		query, text string
		demands     string
	}{
		{`jaguar -car`, `jaguar `, `-car`},
		{`+jaguar cat`, `jaguar cat`, `+jaguar`},
		{`"red panda" food`, `red panda food`, `"red panda"`},
		{`zoo -"red panda".`, `zoo .`, `-"red panda"`},
		{`+HTTP_404, pages`, `HTTP_404, pages`, `+HTTP_404`},
		{`“red panda”`, `red panda`, `"red panda"`},
		{`"the" panda`, `the panda`, ``},
		{`don't use state-of-the-art e-mail`, `don't use state-of-the-art e-mail`, ``},
		{`What does go test -race do`, `What does go test -race do`, ``},
		{`is -v a flag?`, `is -v a flag?`, ``},
		{`git commit --amend`, `git commit --amend`, ``},
		{`well known - or not`, `well known - or not`, ``},
		{`2 + 2 - 1 at -5 degrees`, `2 + 2 - 1 at -5 degrees`, ``},
		{`C++ and a+b`, `C++ and a+b`, ``},
		{`5" pipe and 6" hose`, `5" pipe and 6" hose`, ``},
		{`"not closed`, `"not closed`, ``},
		{`""" "`, `""" "`, ``},
		{`What is a "red panda"?`, `What is a red panda?`, `"red panda"`},
		{`-`, `-`, ``},
		{`+`, `+`, ``},
	} {
		got := a.Parse(tt.query)
		var demands []string
		for _, d := range got.Demands {
			sign := map[bool]string{true: "-", false: "+"}[d.Excluded]
			if d.Quoted {
				sign = strings.TrimPrefix(sign, "+") + `"`
			}
			demands = append(demands, sign+d.Text+map[bool]string{true: `"`}[d.Quoted])
		}
		if got.Text != tt.text || strings.Join(demands, " ") != tt.demands {
			t.Errorf("%s: %q, %s", tt.query, got.Text, demands)
		}
	}
}

func TestHolds(t *testing.T) {
	a := forEnglish(t)
	terms := a.Terms("The red panda of the Himalaya eats bamboo")
	for text, want := range map[string]bool{
		"red panda": true, "Red Pandas": true, "panda red": false, "panda of the Himalaya": true,
		"bamboo": true, "eats bamboo shoots": false,
	} {
		if got := (Demand{Terms: a.Terms(text)}).Holds(terms); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func TestVariants(t *testing.T) {
	for _, tt := range []struct{ wrong, right string }{
		{"kubernets", "kubernetes"},
		{"kuberentes", "kubernetes"},
		{"kuxbernetes", "kubernetes"},
		{"kubernitez", ""},
		{"шофер", "шофёр"},
		{"grüün", "grün"},
		{"stroße", "straße"},
	} {
		found := false
		for _, v := range Variants(tt.wrong) {
			found = found || v == tt.right
			if v == tt.wrong || !utf8.ValidString(v) {
				t.Errorf("%q is a variant of %q", v, tt.wrong)
			}
		}
		if found != (tt.right != "") {
			t.Errorf("%s: %s found: %v", tt.wrong, tt.right, found)
		}
	}
	for _, w := range []string{"", "cat", "http_404", "1..2", "v1", "1.", "v.", strings.Repeat("x", 40)} {
		if got := Variants(w); got != nil {
			t.Errorf("%q has %d variants", w, len(got))
		}
	}
	for term, twin := range map[string]string{"v1.4.2": "1.4.2", "1.4.2": "v1.4.2", "v10.2": "10.2"} {
		if got := Variants(term); !slices.Equal(got, []string{twin}) {
			t.Errorf("%s has the variants %v, want %s", term, got, twin)
		}
	}
}

func FuzzParseSyntax(f *testing.F) {
	f.Add(`+a "b c" -d “e”`)
	f.Add("\"\xff\" -\x00")
	f.Fuzz(func(t *testing.T, query string) {
		a := forEnglish(t)
		got := a.Parse(query)
		if len(got.Text) > len(query) || len(got.Demands) > maxDemands {
			t.Errorf("%q: %+v", query, got)
		}
		if len(got.Demands) == 0 && !strings.ContainsAny(query, `"“„«+-`) && got.Text != query {
			if diff := cmp.Diff(query, got.Text); diff != "" {
				t.Error(diff)
			}
		}
	})
}
