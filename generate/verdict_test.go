package generate

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/quarry-rag/quarry/generate/provider"
	"github.com/quarry-rag/quarry/generate/provider/anthropictest"
	"github.com/quarry-rag/quarry/generate/provider/openaitest"
)

// A refusal is a verdict and no error, in both protocols and every form, whether
// it comes at once or after some text, and it is paid for.
func TestRefusedByPolicy(t *testing.T) {
	src, passages := library("Go was announced in 2009.")
	openAI := func(r openaitest.Reply) provider.Config {
		return provider.Config{BaseURL: openaitest.New(t, r).URL, Model: "m"}
	}
	anthropic := func(r anthropictest.Reply) provider.Config {
		return provider.Config{Protocol: provider.Anthropic, BaseURL: anthropictest.New(t, r).URL, Model: "m"}
	}
	for name, config := range map[string]provider.Config{
		"openai, at once":      openAI(openaitest.Reply{Finish: "content_filter"}),
		"openai, in text":      openAI(openaitest.Reply{Pieces: []string{"Go came in 2009 [1]. "}, Finish: "content_filter"}),
		"openai, by the model": openAI(openaitest.Reply{Refusal: "I can't help with that."}),
		"anthropic, at once":   anthropic(anthropictest.Reply{Stop: "refusal"}),
		"anthropic, in text":   anthropic(anthropictest.Reply{Pieces: []string{"Go came in 2009 [1]. "}, Stop: "refusal"}),
	} {
		for _, form := range []Form{nil, Quotes{}, JSON{schemaOf(t, yearSchema)}, Summary{}} {
			c, err := NewChat(ChatConfig{Config: config}, src, nil)
			if err != nil {
				t.Fatal(err)
			}
			a, err := Collect(c.Answer(t.Context(), Request{Question: "When?", Passages: passages, Form: form}))
			if err != nil || a.Verdict.Outcome != Refused || a.Verdict.Reason == "" || a.Usage.OutputTokens == 0 || len(a.Supports) > 0 || a.Object.JSON != "" {
				t.Errorf("%s, %T: %+v, %v", name, form, a, err)
			}
		}
	}
}

// A refusal of notes ends a summary, and what was asked until then is counted.
func TestSummaryRefusedInItsMiddle(t *testing.T) {
	src, passages := library(strings.Repeat("Go was announced in 2009. ", 700), strings.Repeat("Goroutines are cheap. ", 700))
	s := openaitest.New(t, openaitest.Reply{Finish: "content_filter"})
	s.Queue(says("Go was announced in 2009 [1]."))
	a, err := Collect(chatOver(t, s, src).Answer(t.Context(), Request{Question: "?", Passages: passages, Form: Summary{}}))
	if err != nil || a.Verdict.Outcome != Refused || a.Text != "" || a.Usage.InputTokens != 2*openaitest.InputTokens || len(s.Requests()) != 2 {
		t.Errorf("%+v, %v after %d requests", a, err, len(s.Requests()))
	}
}

// An answer that breaks off has the verdict that it failed before its error; one
// of which nothing was given has its error alone.
func TestFailedVerdict(t *testing.T) {
	for _, c := range []struct {
		name   string
		models []*script
		again  bool // a restart is allowed
		want   Outcome
	}{
		{"in the middle", []*script{{name: "a", text: "half", cut: down(0)}}, false, Failed},
		{"before it began", []*script{{name: "a", err: down(500)}}, false, 0},
		{"before it began anew", []*script{{name: "a", text: "half", cut: down(0)}, {name: "b", err: down(500)}}, true, 0},
		{"begun anew, in the middle", []*script{{name: "a", text: "half", cut: down(0)}, {name: "b", text: "half", cut: down(0)}}, true, Failed},
	} {
		var kinds []Event
		var last error
		for e, err := range routeOver(Policy{}, c.models...).Answer(t.Context(), Request{AllowRestart: c.again}) {
			if last = err; err == nil {
				kinds = append(kinds, e)
			}
		}
		got := Verdict{}
		if i := slices.IndexFunc(kinds, func(e Event) bool { _, ok := e.(Verdict); return ok }); i >= 0 {
			if got = kinds[i].(Verdict); i != len(kinds)-1 {
				t.Errorf("%s: %d events after the verdict", c.name, len(kinds)-1-i)
			}
		}
		var tries *TriesError
		if got.Outcome != c.want || !errors.As(last, &tries) {
			t.Errorf("%s: %+v, %v", c.name, got, last)
		}
	}
}

// Who breaks off at the verdict is not given more.
func TestBreakAtTheFailedVerdict(t *testing.T) {
	for e := range routeOver(Policy{}, &script{name: "a", text: "half", cut: down(0)}).Answer(t.Context(), Request{}) {
		if _, verdict := e.(Verdict); verdict {
			break
		}
	}
}

func TestRefusalIsWeakInACascade(t *testing.T) {
	a, err := Collect(routeOver(Policy{Cascade: true}, &script{name: "a", text: "A", verdict: Refused}, &script{name: "b", text: "B"}).
		Answer(t.Context(), Request{}))
	if err != nil || a.Text != "B [1]" {
		t.Errorf("%+v, %v", a, err)
	}
}
