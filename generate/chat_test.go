package generate

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quarry-rag/quarry/generate/provider"
	"github.com/quarry-rag/quarry/generate/provider/openaitest"
)

func chatOver(t *testing.T, s *openaitest.Server, src Source) *Chat {
	t.Helper()
	c, err := NewChat(ChatConfig{Config: provider.Config{
		Name: "small", BaseURL: s.URL, Model: "m",
		IdleTimeout: time.Second, FirstTokenTimeout: 5 * time.Second,
	}}, src, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestChatVerdicts(t *testing.T) {
	src, passages := library("Go was announced in 2009.", "Goroutines are cheap.")
	r := Request{Question: "When was Go announced?", Passages: passages}
	for _, c := range []struct {
		name    string
		reply   openaitest.Reply
		text    string
		outcome Outcome
		cited   int
		removed int
	}{
		{"answered", openaitest.Reply{Pieces: []string{"\n Go came", " in 2009 [", "1", "]", "."}}, "Go came in 2009 [1].", Answered, 1, 0},
		{"refused", openaitest.Reply{Pieces: []string{"The documents do not", " contain the answer."}}, Refusal, NotInDocuments, 0, 0},
		{"refused, then guessed", openaitest.Reply{Pieces: []string{Refusal, " I think it was 1990."}}, Refusal + " I think it was 1990.", NotInDocuments, 0, 0},
		{"refused in part", openaitest.Reply{Pieces: []string{"Go came in 2009 [1]. ", Refusal}}, "Go came in 2009 [1]. " + Refusal, Partial, 1, 0},
		{"cut off", openaitest.Reply{Pieces: []string{"Go came in 2009 [1] and"}, Finish: "length"}, "Go came in 2009 [1] and", Partial, 1, 0},
		{"filtered", openaitest.Reply{Pieces: []string{"Go came in 2009 [1] and"}, Finish: "content_filter"}, "Go came in 2009 [1] and", Refused, 1, 0},
		{"uncited", openaitest.Reply{Pieces: []string{"In 2009."}}, "In 2009.", Partial, 0, 0},
		{"cites nothing there is", openaitest.Reply{Pieces: []string{"In 2009 [3][4]", " [2]."}}, "In 2009.", Partial, 0, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := assertStream(t, chatOver(t, openaitest.New(t, c.reply), src).Answer(t.Context(), r), src, passages)
			if err != nil {
				t.Fatal(err)
			}
			if a.Text != c.text || a.Verdict.Outcome != c.outcome || len(a.Citations) != c.cited || a.Done.RemovedMarkers != c.removed {
				t.Errorf("%+v", a)
			}
			if (a.Verdict.Reason == "") != (c.outcome == Answered) {
				t.Errorf("verdict %+v", a.Verdict)
			}
			if d := cmp.Diff(Usage{123, 45, 67}, a.Usage); d != "" {
				t.Error(d)
			}
			if a.Done.FirstToken <= 0 || a.Done.FirstToken > a.Done.Total {
				t.Errorf("%+v", a.Done)
			}
		})
	}
}

// Half an answer is never a whole one.
func TestChatFailures(t *testing.T) {
	src, passages := library("Go was announced in 2009.")
	for _, reply := range []openaitest.Reply{
		{Pieces: []string{"In 2009 [1]"}, Fault: openaitest.Truncate},
		{Pieces: []string{"In 2009 [1]"}, Fault: openaitest.ErrorEvent},
		{Pieces: []string{"In 2009 [1]"}, Fault: openaitest.Stall},
		{Fault: openaitest.SlowHeaders},
		{Status: 503, Body: "busy"},
		{Pieces: []string{" \n", "\t"}},
		{Pieces: []string{"[7]", " ... "}},
	} {
		events := chatOver(t, openaitest.New(t, reply), src).Answer(t.Context(), Request{Question: "?", Passages: passages})
		_, err := assertStream(t, events, src, passages)
		var e *ProviderError
		if !errors.As(err, &e) || !e.Retryable {
			t.Errorf("%+v: %v", reply, err)
		}
	}
}

func TestChatWithoutPassages(t *testing.T) {
	s := openaitest.New(t, openaitest.Reply{Pieces: []string{"made up"}})
	a, err := assertStream(t, chatOver(t, s, texts{}).Answer(t.Context(), Request{Question: "?"}), nil, nil)
	if err != nil || a.Verdict.Outcome != NotInDocuments || len(s.Requests()) != 0 {
		t.Errorf("%+v, %v, %d requests", a, err, len(s.Requests()))
	}
}

// Breaking off, or the end of the context, ends the model call at once.
func TestChatStopsUpstream(t *testing.T) {
	src, passages := library("Go was announced in 2009.")
	s := openaitest.New(t, openaitest.Reply{Pieces: []string{"In ", "2009 [1]"}, Fault: openaitest.Stall})
	c, err := NewChat(ChatConfig{Config: provider.Config{BaseURL: s.URL, Model: "m"}}, src, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := Request{Question: "?", Passages: passages}
	stops := map[string]func() time.Time{
		"break": func() time.Time {
			for range c.Answer(t.Context(), r) {
				break
			}
			return time.Now()
		},
		"cancel": func() (at time.Time) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var last error
			for e, err := range c.Answer(ctx, r) {
				if last = err; e != nil {
					at = time.Now()
					cancel()
				}
			}
			if !errors.Is(last, context.Canceled) {
				t.Errorf("cancelled: %v", last)
			}
			return at
		},
	}
	for how, stop := range stops {
		d := openaitest.Quickest(50*time.Millisecond, func() time.Duration {
			at := stop()
			openaitest.Await(t, s.Gone, "end of the call")
			return time.Since(at)
		})
		if d > 50*time.Millisecond {
			t.Errorf("%s: the server saw it after %v", how, d)
		}
	}
}

// What a question asks for reaches the server; a window too small is refused.
func TestChatRequest(t *testing.T) {
	src, passages := library(strings.Repeat("Go was announced in 2009. ", 2000))
	s := openaitest.New(t, openaitest.Reply{Pieces: []string{"2009 [1]"}})
	for _, err := range chatOver(t, s, src).Answer(t.Context(), Request{Question: "When?", Passages: passages, MaxTokens: 50}) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if got := s.Requests()[0].Body["max_tokens"]; got != 50.0 {
		t.Errorf("max_tokens %v", got)
	}
	if n := len(s.LastUser()); n < 15_000 || n > 3*defaultContext {
		t.Errorf("%d bytes of prompt", n)
	}
	if c, err := NewChat(ChatConfig{Config: provider.Config{BaseURL: s.URL, Model: "m"}, ContextTokens: 100}, src, nil); err == nil {
		t.Errorf("a window of 100 tokens is accepted: %+v", c.Plan())
	}
}
