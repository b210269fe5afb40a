package generate

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/quarry-rag/quarry/internal/modeltest"
	"github.com/quarry-rag/quarry/retrieve/embed"
)

// first asks by words alone and returns the answer.
func first(t *testing.T, r Request, src texts) Answer {
	t.Helper()
	a, err := assertStream(t, NewExtractive(nil, src).Answer(t.Context(), r), src, r.Passages)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestExtractive(t *testing.T) {
	src, passages := library(
		"Normandy is a region of France[3]. The Normans gave it their name in the 10th century.\nRollo was their leader.",
		"A map is an unordered group of elements.\nMaps are built in. To make one:\n\n```go\nm := make(map[string]int)\nm[\"a\"] = 1\n```\n\nLoops come in these kinds:\n\n- for with a condition\n- for with a range clause\n\nSizes\n\n| Type | Bytes |\n|---|---|\n| int8 | 1 |\n| complex128 | 16 |",
	)
	for _, c := range []struct{ question, begins, quote string }{
		{"Where is Normandy?", "Normandy is a region of France. [1]", "Normandy is a region of France[3]."},
		{"In which century did the Normans give Normandy its name?", "The Normans gave it their name in the 10th century. [1]", ""},
		{"Who was the leader of the Normans?", "Rollo was their leader. [1]", ""},
		{"What is a map?", "A map is an unordered group of elements. [2]", ""},
		{"How do I make a map?", "To make one:\n\n```go\nm := make(map[string]int)\nm[\"a\"] = 1\n```\n[2]", "To make one:\n\n```go\nm := make(map[string]int)\nm[\"a\"] = 1\n```"},
		{"Which kinds of loops are there?", "Loops come in these kinds:\n\n- for with a condition\n- for with a range clause [2]", "Loops come in these kinds:\n\n- for with a condition\n- for with a range clause"},
		{"How many bytes has a complex128?", "Type: complex128; Bytes: 16 [2]", "| complex128 | 16 |"},
	} {
		a := first(t, Request{Question: c.question, Passages: passages, Coverage: .6, MinCoverage: .35}, src)
		if !strings.HasPrefix(a.Text, c.begins) || a.Verdict.Outcome != Answered {
			t.Errorf("%s\ngot  %q (%+v)\nwant %q", c.question, a.Text, a.Verdict, c.begins)
			continue
		}
		if c.quote != "" && a.Citations[0].Quote != c.quote {
			t.Errorf("%s: quotes %q", c.question, a.Citations[0].Quote)
		}
		if n := len(a.Citations); n > maxQuotes || a.Usage != (Usage{}) {
			t.Errorf("%s: %d quotes, %+v", c.question, n, a.Usage)
		}
	}
}

// Who asks for a person gets a sentence with a whole name before one with a
// capitalised word, and prose with a bar in it is still prose.
func TestExtractivePerson(t *testing.T) {
	src, passages := library("The bridge was designed for Paris. The bridge was designed by Ada Moreau. The set {x | x > 0} is open. It has no end.")
	a := first(t, Request{Question: "Who designed the bridge?", Passages: passages, Coverage: 1}, src)
	if !strings.HasPrefix(a.Text, "The bridge was designed by Ada Moreau. [1]") {
		t.Errorf("%q", a.Text)
	}
	a = first(t, Request{Question: "Which set is open?", Passages: passages, Coverage: 1}, src)
	if !strings.HasPrefix(a.Text, "The set {x | x > 0} is open. [1]") {
		t.Errorf("%q", a.Text)
	}
}

// A row of a table does not say that it is the first of all.
func TestExtractiveComparesNoRows(t *testing.T) {
	cities := "City | Population\n--- | ---\nAlba | 120,000\nBrin | 2,400,000\n"
	src, passages := library(cities, "Of the cities, the largest by population is Brin.\n\nCity | Note\n--- | ---\nAlba | the oldest city\n")
	for question, want := range map[string]Outcome{
		"Which city has the largest population?":    Partial,
		"Which city has at least 120,000 people?":   Answered,
		"What is the population of the city Alba?":  Answered,
		"What is the population of the largest one": Partial,
	} {
		if a := first(t, Request{Question: question, Passages: passages[:1], Coverage: 1}, src); a.Verdict.Outcome != want {
			t.Errorf("%s: %q, %+v, want %v", question, a.Text, a.Verdict, want)
		}
	}
	for _, question := range []string{"Which city is the largest by population?", "Which is the oldest city?"} {
		if a := first(t, Request{Question: question, Passages: passages[1:], Coverage: 1}, src); a.Verdict.Outcome != Answered {
			t.Errorf("%s: %q, %+v", question, a.Text, a.Verdict)
		}
	}
}

// Two quotes say two things.
func TestExtractiveDoesNotRepeat(t *testing.T) {
	src, passages := library("Go was announced in 2009.", "Go was announced in  2009.", "Go was announced at Google in November.")
	a := first(t, Request{Question: "When was Go announced?", Passages: passages}, src)
	if strings.Count(a.Text, "2009") != 1 {
		t.Errorf("%q", a.Text)
	}
}

func TestExtractiveNotInDocuments(t *testing.T) {
	src, passages := library("Go was announced in 2009.", " \n ")
	passages[0].Title = "The\nstory \u202Eof Go"
	for _, r := range []Request{
		{Question: "When?", Passages: passages, Coverage: .34, MinCoverage: .35},
		{Question: "When?", Passages: passages, Coverage: math.NaN(), MinCoverage: .35},
		{Question: "When?", Coverage: 1},
		{Question: "When?", Passages: passages[1:], Coverage: 1},
	} {
		a := first(t, r, src)
		if a.Verdict.Outcome != NotInDocuments || a.Verdict.Reason == "" || len(a.Citations) != 0 || strings.Contains(a.Text, "2009") {
			t.Errorf("%+v gives %+v", r, a)
		}
		if r.Coverage == .34 && !strings.HasSuffix(a.Text, "“The story of Go”.") {
			t.Errorf("%q", a.Text)
		}
	}
}

// Numbers that are none, questions that are none: still an answer, and the
// right order of events.
func TestExtractiveOddInput(t *testing.T) {
	src, passages := library("Go was announced in 2009. It is fast.", "\xff\xfe broken. \x00", "")
	inf := math.Inf(1)
	passages[0].Lexical.Score, passages[0].Dense.Score = math.NaN(), inf
	passages[1].Lexical.Score, passages[1].Dense.Score = -inf, -1
	for _, q := range []string{"", "the of?", "\xff", "When?", strings.Repeat("when was Go announced ", 5000)} {
		a := first(t, Request{
			Question: q, Passages: passages, Coverage: 1, Vector: []float32{1},
			IDF: map[string]float64{"go": math.NaN(), "announc": -1, "fast": inf},
		}, src)
		if a.Verdict.Outcome != Answered {
			t.Errorf("%.20q: %+v", q, a.Verdict)
		}
	}
}

// What is no longer stored is not quoted.
func TestExtractiveProvesItsQuotes(t *testing.T) {
	src, passages := library("Go was announced in 2009.", "Go was announced to the public by Google.")
	src[1] = strings.Replace(src[1], "2009", "2010", 1)
	r := Request{Question: "When was Go announced?", Passages: passages, Coverage: 1}
	if a := first(t, r, src); strings.Contains(a.Text, "2009") || len(a.Citations) != 1 {
		t.Errorf("%+v", a)
	}
	src[2] = ""
	if a := first(t, r, src); a.Verdict.Outcome != Partial || len(a.Citations) != 0 {
		t.Errorf("%+v", a)
	}
	_, err := assertStream(t, NewExtractive(nil, texts{}).Answer(t.Context(), r), texts{}, passages)
	if !errors.Is(err, errDown) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := assertStream(t, NewExtractive(nil, src).Answer(ctx, r), src, passages); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// broken is a remote embedding model that is down.
type broken struct{}

func (broken) Embed(context.Context, []string) ([][]float32, error) { return nil, errors.New("down") }
func (broken) Tokens(text string) int                               { return len(text) }
func (broken) Info() embed.Info                                     { return embed.Info{} }

// unasked is a model that must not be.
type unasked struct {
	broken
	t *testing.T
}

func (u unasked) Embed(context.Context, []string) ([][]float32, error) {
	u.t.Error("the model was asked")
	return nil, errors.New("down")
}

// Without its embedding model, or when the search had no use of it, it still
// answers, and says so.
func TestExtractiveDegrades(t *testing.T) {
	src, passages := library("Go was announced in 2009.")
	for _, tt := range []struct {
		model  embed.Model
		vector []float32
		reason string
	}{
		{broken{}, []float32{1}, "words alone: the embedding model did not answer"},
		{unasked{t: t}, nil, "words alone: the search had no vector"},
	} {
		r := Request{Question: "When?", Passages: passages, Vector: tt.vector}
		a, err := assertStream(t, NewExtractive(tt.model, src).Answer(t.Context(), r), src, passages)
		if err != nil || a.Verdict.Outcome != Answered || !strings.Contains(a.Verdict.Reason, tt.reason) {
			t.Errorf("%+v, %v", a, err)
		}
	}
}

// Breaking off after any event is heard, and nothing comes after it.
func TestExtractiveBreak(t *testing.T) {
	src, passages := library("Go was announced in 2009. It was Google.", "Go came in 2009 from Google and others.")
	for _, r := range []Request{{Question: "When was Go?", Passages: passages}, {Question: "?", Coverage: math.NaN()}} {
		total := 0
		for range NewExtractive(nil, src).Answer(t.Context(), r) {
			total++
		}
		for stop := 1; stop <= total; stop++ {
			n := 0
			for range NewExtractive(nil, src).Answer(t.Context(), r) {
				if n++; n == stop {
					break // a yield after this panics
				}
			}
		}
	}
}

// With the real model a sentence is found by what it means.
func TestExtractiveByMeaning(t *testing.T) {
	src, passages := library("The canteen opens at noon. Ada Moreau is the chief executive. Parking is free. Bicycles go to the yard.")
	r := Request{Question: "Who runs the firm?", Passages: passages}
	model := modeltest.New(t)
	vectors, err := model.Embed(t.Context(), []string{r.Question})
	if err != nil {
		t.Fatal(err)
	}
	r.Vector = vectors[0]
	a, err := assertStream(t, NewExtractive(model, src).Answer(t.Context(), r), src, passages)
	if err != nil || !strings.HasPrefix(a.Text, "Ada Moreau is the chief executive. [1]") {
		t.Errorf("%+v, %v", a, err)
	}
}
