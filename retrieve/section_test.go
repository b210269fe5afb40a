package retrieve

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// manual is a document of two chapters, one with a lead and two sections:
//
//	zero | Care: one, Food: two three, Rest: four | Law: five six
func manual(t testing.TB) *corpus {
	c := testCorpus(t)
	c.add(t, "manual", "zero preface", "one general", "two seeds", "three hay", "four sleep", "five permits", "six fines")
	for ord, path := range map[int]string{0: "{}", 1: "{Care}", 2: "{Care,Food}", 3: "{Care,Food}", 4: "{Care,Rest}", 5: "{Law}", 6: "{Law}"} {
		c.exec(t, `update chunk set heading_path = $1::text[] where ord = $2`, path, ord)
	}
	return c
}

func TestSection(t *testing.T) {
	c := manual(t)
	for _, tt := range []struct {
		name  string
		query Query
		want  []string
	}{
		{"own section", Query{Text: "hay"}, []string{"two three"}},
		{"a lead takes what is below", Query{Text: "general"}, []string{"one two three four"}},
		{"without what is below, where that has no room", Query{Text: "general", MaxTokens: 4}, []string{"zero one"}},
		{"a whole section does not grow", Query{Text: "sleep"}, []string{"four"}},
		{"no room for anything", Query{Text: "fines law", Limit: 1, MaxTokens: 3}, []string{"six"}},
		{"two chapters", Query{Text: "hay fines"}, []string{"two three", "five six"}},
		{"two of one chapter", Query{Text: "hay sleep"}, []string{"one two three four"}},
		{"two of one chapter, no room", Query{Text: "hay sleep", MaxTokens: 6}, []string{"two three four"}},
		{"several come before better ones", Query{Text: "zero zero zero seeds hay", MaxTokens: 8}, []string{"zero", "two three"}},
		{"text before any heading", Query{Text: "preface"}, []string{"zero"}},
		{"last section", Query{Text: "fines"}, []string{"five six"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.query.Legs, tt.query.Expand = Lexical, Section
			r := c.search(t, tt.query)
			c.checkTexts(t, r)
			var got []string
			tokens := 0
			for _, p := range r.Passages {
				var first []string
				for _, chunk := range strings.Split(p.Text, "\n\n") {
					first = append(first, strings.Fields(chunk)[0])
				}
				got = append(got, strings.Join(first, " "))
				tokens += p.Tokens
			}
			if diff := cmp.Diff(tt.want, got); diff != "" || tt.query.MaxTokens > 0 && tokens > tt.query.MaxTokens {
				t.Errorf("%d tokens\n%s", tokens, diff)
			}
		})
	}
}

// A section longer than any budget of a question is not taken for the asking.
func TestSectionIsBounded(t *testing.T) {
	c := testCorpus(t)
	c.add(t, "long", strings.Repeat("filler ", sectionTokens), "needle", strings.Repeat("chaff ", 10))
	r := c.search(t, Query{Text: "needle", Legs: Lexical, Expand: Section})
	if len(r.Passages) != 1 || r.Passages[0].Tokens != sectionTokens+11 {
		t.Fatalf("%+v", r.Passages)
	}
	c.add(t, "longer", strings.Repeat("filler ", sectionTokens/2), strings.Repeat("filler ", sectionTokens/2), "thread", "weft", "warp")
	r = c.search(t, Query{Text: "thread", Legs: Lexical, Expand: Section})
	if len(r.Passages) != 1 || r.Passages[0].Tokens != sectionTokens/2+2 {
		t.Errorf("%+v", r.Passages[0].Tokens)
	}
}

// What begins inside a table has its header, and is still what is stored at its
// place; what grows up to the header row, or has no room, has not.
func TestTableHeader(t *testing.T) {
	c := testCorpus(t)
	c.add(t, "prices", "Prices of pets\n\nanimal | price", "ferret | 30", "hamster | 10", "parrot | 99")
	c.exec(t, `update chunk set header = 'animal | price', tokens = 3 where ord > 0`)
	for _, tt := range []struct {
		name, header, text string
		query              Query
	}{
		{"alone", "animal | price", "hamster | 10", Query{}},
		{"no room", "", "hamster | 10", Query{MaxTokens: 5}},
		{"room", "animal | price", "hamster | 10", Query{MaxTokens: 6}},
		{"joined", "animal | price", "hamster | 10\n\nparrot | 99", Query{Expand: Neighbours, MaxTokens: 9, Text: "hamster parrot"}},
		{"grows inside the table", "animal | price", "ferret | 30\n\nhamster | 10\n\nparrot | 99", Query{Expand: Neighbours}},
		{"grows up to its head", "", "Prices of pets\n\nanimal | price\n\nferret | 30\n\nhamster | 10\n\nparrot | 99", Query{Expand: Section}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.query.Legs = Lexical
			if tt.query.Text == "" {
				tt.query.Text = "hamster"
			}
			r := c.search(t, tt.query)
			c.checkTexts(t, r)
			if p := r.Passages[0]; p.Header != tt.header || p.Text != tt.text {
				t.Errorf("header %q, text %q", p.Header, p.Text)
			}
		})
	}
}

func TestReadingOrder(t *testing.T) {
	passages := []Passage{{DocumentID: 1, Start: 9}, {DocumentID: 2, Start: 7}, {DocumentID: 1, Start: 4}, {DocumentID: 2, Start: 8}, {DocumentID: 1}}
	ReadingOrder(passages)
	want := []Passage{{DocumentID: 1}, {DocumentID: 2, Start: 7}, {DocumentID: 1, Start: 4}, {DocumentID: 2, Start: 8}, {DocumentID: 1, Start: 9}}
	if diff := cmp.Diff(want, passages); diff != "" {
		t.Error(diff)
	}
}
