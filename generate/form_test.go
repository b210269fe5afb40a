package generate

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quarry-rag/quarry/generate/provider"
	"github.com/quarry-rag/quarry/generate/provider/openaitest"
)

func says(text string) openaitest.Reply { return openaitest.Reply{Pieces: []string{text}} }

// formed collects an answer in a form, with all its events.
func formed(c Answerer, t *testing.T, r Request) (Answer, []Event, error) {
	t.Helper()
	var all []Event
	a, err := Collect(func(yield func(Event, error) bool) {
		for e, err := range c.Answer(t.Context(), r) {
			all = append(all, e)
			if !yield(e, err) {
				return
			}
		}
	})
	return a, all, err
}

func TestObject(t *testing.T) {
	src, passages := library("Go was announced in 2009 by Robert Griesemer.", "Goroutines are cheap.")
	r := Request{Question: "When was Go announced?", Passages: passages, Form: JSON{schemaOf(t, yearSchema)}}
	for _, c := range []struct {
		name    string
		replies []openaitest.Reply
		json    string
		outcome Outcome
		cited   int
		calls   int
	}{
		{"valid", []openaitest.Reply{says(`{"year": 2009, "who": "Robert Griesemer"}`)}, `{"year": 2009, "who": "Robert Griesemer"}`, Answered, 1, 1},
		{"fenced", []openaitest.Reply{says("```json\n{\"year\": 2009}\n```")}, `{"year": 2009}`, Answered, 1, 1},
		{"repaired", []openaitest.Reply{says(`{"year": "2009"}`), says(`{"year": 2009}`)}, `{"year": 2009}`, Answered, 1, 2},
		{"made up", []openaitest.Reply{says(`{"year": 1990, "who": "Robert Griesemer"}`)}, `{"year": 1990, "who": "Robert Griesemer"}`, Partial, 1, 1},
		{"refused", []openaitest.Reply{says(Refusal)}, "", NotInDocuments, 0, 1},
		{"refused when asked again", []openaitest.Reply{says("I cannot."), says(Refusal)}, "", NotInDocuments, 0, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := openaitest.New(t, says("not expected"))
			s.Queue(c.replies...)
			a, _, err := formed(chatOver(t, s, src), t, r)
			if err != nil {
				t.Fatal(err)
			}
			if a.Object.JSON != c.json || a.Verdict.Outcome != c.outcome || len(a.Citations) != c.cited || len(s.Requests()) != c.calls {
				t.Errorf("%+v after %d calls", a, len(s.Requests()))
			}
			for _, cite := range a.Citations {
				if src[passages[cite.Passage-1].DocumentID][cite.Start:cite.End] != cite.Quote {
					t.Errorf("citation %+v", cite)
				}
			}
			if want := (Usage{123 * c.calls, 45 * c.calls, 67 * c.calls}); a.Usage != want || a.Done.Tries[0].Usage != want {
				t.Errorf("usage %+v, %+v", a.Usage, a.Done.Tries)
			}
		})
	}
}

// What does not obey after it was asked for again is an error that says where.
func TestObjectFails(t *testing.T) {
	src, passages := library("Go was announced in 2009.")
	r := Request{Question: "When?", Passages: passages, Form: JSON{schemaOf(t, yearSchema)}}
	s := openaitest.New(t, says(`{"year": "soon", "who": 3}`))
	_, events, err := formed(chatOver(t, s, src), t, r)
	var failed *SchemaError
	if !errors.As(err, &failed) || len(s.Requests()) != 2 || len(events) != 1 {
		t.Fatalf("%v, %d calls, %v", err, len(s.Requests()), events)
	}
	var paths []string
	for _, p := range failed.Problems {
		paths = append(paths, p.Path)
	}
	slices.Sort(paths)
	if d := cmp.Diff([]string{"/who", "/year"}, paths); d != "" || failed.Usage != (Usage{246, 90, 134}) {
		t.Error(d, failed.Usage)
	}
	messages := s.Requests()[1].Body["messages"].([]any)
	if len(messages) != 4 || !strings.Contains(fmt.Sprint(messages[3]), `"/year"`) {
		t.Errorf("asked again with %v", messages)
	}
	for _, reply := range []openaitest.Reply{{Pieces: []string{`{"year`}, Fault: openaitest.Truncate}, {Status: 503, Body: "busy"}, says(" ")} {
		_, _, err := formed(chatOver(t, openaitest.New(t, reply), src), t, r)
		var e *ProviderError
		if !errors.As(err, &e) {
			t.Errorf("%+v: %v", reply, err)
		}
	}
}

// An answer without end is cut off, and neither it nor a refusal is asked for again.
func TestObjectWithoutEnd(t *testing.T) {
	src, passages := library("Go was announced in 2009.")
	r := Request{Question: "When?", Passages: passages, Form: JSON{schemaOf(t, yearSchema)}}
	refuses := openaitest.New(t, openaitest.Reply{Refusal: "I can't."})
	a, _, err := formed(chatOver(t, refuses, src), t, r)
	if err != nil || a.Verdict.Outcome != Refused || len(refuses.Requests()) != 1 {
		t.Errorf("a refusal: %+v, %v, %d calls", a, err, len(refuses.Requests()))
	}
	var failed *SchemaError
	s := openaitest.New(t, openaitest.Reply{Pieces: []string{`{"year": [`}, Fault: openaitest.Endless})
	_, _, err = formed(chatOver(t, s, src), t, r)
	if !errors.As(err, &failed) || !strings.Contains(err.Error(), "limit of tokens") || len(s.Requests()) != 1 {
		t.Errorf("%v after %d calls", err, len(s.Requests()))
	}
}

// The schema is sent where the server has the capability, and only there; the
// next model of a route answers when one cannot.
func TestObjectCapabilityAndRoute(t *testing.T) {
	src, passages := library("Go was announced in 2009.")
	plain, able := openaitest.New(t, says("2009, I think")), openaitest.New(t, says(`{"year": 2009}`))
	config, err := ReadConfig([]byte(fmt.Sprintf(`
models:
  - {name: plain, provider: openai, base_url: "%s", model: m, price: {input: 1, output: 1, date: 2026-01-01}}
  - {name: able, provider: openai, base_url: "%s", model: m, capabilities: [json_schema]}
routes:
  - {name: both, models: [plain, able]}`, plain.URL, able.URL)))
	if err != nil {
		t.Fatal(err)
	}
	all, err := config.Build(Parts{Extractive: NewExtractive(nil, src), Source: src})
	if err != nil {
		t.Fatal(err)
	}
	a, _, err := formed(all[0], t, Request{Question: "When?", Passages: passages, Form: JSON{schemaOf(t, yearSchema)}})
	if err != nil || a.Object.JSON != `{"year": 2009}` {
		t.Fatalf("%+v, %v", a, err)
	}
	if first := a.Done.Tries[0]; len(a.Done.Tries) != 2 || first.Code != CodeSchema || first.Usage.OutputTokens != 90 {
		t.Errorf("%+v", a.Done.Tries)
	}
	if f := plain.Requests()[0].Body["response_format"]; f != nil {
		t.Errorf("sent to a server without the capability: %v", f)
	}
	format, _ := able.Requests()[0].Body["response_format"].(map[string]any)
	schema, _ := format["json_schema"].(map[string]any)
	if format["type"] != "json_schema" || schema["strict"] != false || schema["schema"] == nil {
		t.Errorf("%v", format)
	}
	if _, err := ReadConfig([]byte(`models: [{name: a, provider: openai, model: m, capabilities: [flight]}]`)); err == nil {
		t.Error("an unknown capability is taken")
	}
}

func TestQuotes(t *testing.T) {
	src, passages := library("Go was announced in 2009. It is\nsmall.", "Goroutines are cheap. Goroutines are many.")
	r := Request{Question: "What is Go?", Passages: passages, Form: Quotes{Max: 3}}
	for _, c := range []struct {
		name, reply, text string
		outcome           Outcome
		removed           int
	}{
		{"exact", "[1] \"Go was announced in 2009.\"\n- [1] “It is small.”", "“Go was announced in 2009.” [1]\n\n“It is small.” [1]", Answered, 0},
		{"nearly right", "[1] \"Go was announced in 2010.\"\n[2] \"Goroutines are cheap.\"", "“Goroutines are cheap.” [2]", Partial, 1},
		{"wrong number", "[1] \"Goroutines are cheap.\"", "“Goroutines are cheap.” [2]", Answered, 0},
		{"number of nothing", "[99] \"Goroutines are cheap.\"", "“Goroutines are cheap.” [2]", Answered, 0},
		{"made up", "[1] \"Go is fast.\"", "The model gave no quote that stands in the documents.", Partial, 1},
		{"refused", Refusal, Refusal, NotInDocuments, 0},
		{"no form", "Go is a language [1].", Refusal, NotInDocuments, 0},
		{"too many", strings.Repeat("[2] \"Goroutines are many.\"\n", 9), strings.TrimSpace(strings.Repeat("“Goroutines are many.” [2]\n\n", 3)), Answered, 0},
		{"a regular expression", "[1] \".*\"", "The model gave no quote that stands in the documents.", Partial, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := assertStream(t, chatOver(t, openaitest.New(t, says(c.reply)), src).Answer(t.Context(), r), src, passages)
			if err != nil || a.Text != c.text || a.Verdict.Outcome != c.outcome || a.Done.RemovedMarkers != c.removed {
				t.Errorf("%+v, %v", a, err)
			}
		})
	}
	// What is not stored any more is no quote.
	src[passages[0].DocumentID] = ""
	a, _, err := formed(chatOver(t, openaitest.New(t, says("[1] \"Go was announced in 2009.\"")), src), t, r)
	if err != nil || len(a.Citations) != 0 || a.Verdict.Outcome != Partial {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestSummaryTakesNotes(t *testing.T) {
	fact := func(i int) string {
		return fmt.Sprintf("River number %d is %d km long. %s", i, 100+i, strings.Repeat("Water flows. ", 300))
	}
	src, passages := library(fact(1), fact(2), fact(3), fact(4), fact(5), fact(6), fact(7), fact(8))
	r := Request{Question: "How long are the rivers?", Passages: passages, Form: Summary{}}
	s := openaitest.New(t, says("River number 1 is 101 km long [1]. River number 8 is 108 km long [8]."))
	s.Queue(says("River number 1 is 101 km long [1]. </passages>"), says(Refusal))
	a, events, err := formed(chatOver(t, s, src), t, r)
	if err != nil {
		t.Fatal(err)
	}
	calls := len(s.Requests())
	if a.Verdict.Outcome != Answered || len(a.Citations) != 2 || a.Citations[1].Passage != 8 || calls != 3 {
		t.Errorf("%+v after %d calls", a, calls)
	}
	if want := (Usage{123 * calls, 45 * calls, 67 * calls}); a.Usage != want {
		t.Errorf("usage %+v of %d calls", a.Usage, calls)
	}
	if p, ok := events[0].(Progress); !ok || p != (Progress{"notes", 0, calls}) || events[calls-1] != (Progress{"writing", calls - 1, calls}) {
		t.Errorf("%v", events[:calls])
	}
	last := s.LastUser()
	if !strings.Contains(last, "101 km long [1]. ‹/passages") || strings.Contains(last, "Water flows") || strings.Count(last, "<passages notes") != calls-2 {
		t.Errorf("written from %s", last)
	}
}

func TestSummaryIsBounded(t *testing.T) {
	long := strings.Repeat("Rivers are 7 km long. ", 270)
	src, all := library(slices.Repeat([]string{long}, 8)...)
	s := openaitest.New(t, says("Rivers are 7 km long [1]."))
	ask := func(c ChatConfig, f Summary, passages int) (Answer, error) {
		c.Config = provider.Config{Name: "m", BaseURL: s.URL, Model: "m"}
		chat, err := NewChat(c, src, nil)
		if err != nil {
			t.Fatal(err)
		}
		a, _, err := formed(chat, t, Request{Question: "How long?", Passages: all[:passages], Form: f})
		return a, err
	}
	priced := ChatConfig{Price: &Price{Input: 10, Cached: 10, Output: 10, Date: "2026-01-01"}}
	for _, c := range []struct {
		name   string
		config ChatConfig
		form   Summary
		n      int
		calls  int
		unread bool
		err    error
	}{
		{"one call does", ChatConfig{}, Summary{}, 1, 1, false, nil},
		{"all are read", ChatConfig{}, Summary{}, 8, 4, false, nil},
		{"few calls", ChatConfig{}, Summary{MaxCalls: 2}, 8, 2, true, nil},
		{"a single call", ChatConfig{}, Summary{MaxCalls: 1}, 8, 1, true, nil},
		{"little money", priced, Summary{MaxCost: .095}, 8, 2, true, nil},
		{"no money", priced, Summary{MaxCost: .001}, 8, 0, false, ErrMaxCost},
		{"a price that is not known", ChatConfig{}, Summary{MaxCost: 1}, 8, 0, false, ErrUnpriced},
	} {
		before := len(s.Requests())
		a, err := ask(c.config, c.form, c.n)
		if calls := len(s.Requests()) - before; calls != c.calls || !errors.Is(err, c.err) {
			t.Errorf("%s: %d calls, %v", c.name, calls, err)
		}
		if err == nil && strings.Contains(a.Verdict.Reason, "not read") != c.unread {
			t.Errorf("%s: %+v", c.name, a.Verdict)
		}
		if err == nil && c.form.MaxCost > 0 && float64(a.Usage.InputTokens+a.Usage.OutputTokens)*10/1e6 > c.form.MaxCost {
			t.Errorf("%s: %+v", c.name, a.Usage)
		}
	}
}

// The extractive answerer quotes anyway, quotes each document for a summary, and
// writes no JSON.
func TestExtractiveForms(t *testing.T) {
	src, passages := library("The Rhine is a river. It is 1233 km long.", "Bread is baked.", "The Danube is a river. It is 2850 km long.")
	passages[1].DocumentID = passages[0].DocumentID // two of one document
	src[1] = " \n" + passages[0].Text
	passages[1] = passages[0]
	x := NewExtractive(nil, src)
	r := Request{Question: "How long is the river?", Passages: passages, Coverage: 1}
	r.Form = Summary{}
	a, err := Collect(x.Answer(t.Context(), r))
	if err != nil || len(a.Citations) != 2 || !strings.Contains(a.Text, "1233") || !strings.Contains(a.Text, "2850") || a.Verdict.Outcome != Answered {
		t.Errorf("%+v, %v", a, err)
	}
	for _, s := range a.Supports {
		if !strings.HasSuffix(a.Text[s.Start:s.End], "]") || strings.HasPrefix(a.Text[s.Start:s.End], "\n") {
			t.Errorf("support of %q", a.Text[s.Start:s.End])
		}
	}
	r.Form = Quotes{}
	if a, err := Collect(x.Answer(t.Context(), r)); err != nil || len(a.Citations) == 0 {
		t.Errorf("%+v, %v", a, err)
	}
	r.Form = JSON{schemaOf(t, yearSchema)}
	if _, err := Collect(x.Answer(t.Context(), r)); !errors.Is(err, ErrNoForm) {
		t.Errorf("JSON: %v", err)
	}
}
