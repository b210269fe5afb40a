package provider_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quarry-rag/quarry/generate/provider"
	"github.com/quarry-rag/quarry/generate/provider/anthropictest"
	"github.com/quarry-rag/quarry/generate/provider/openaitest"
)

func claude(t *testing.T, s *anthropictest.Server, change ...func(*provider.Config)) *provider.Model {
	t.Helper()
	c := provider.Config{Protocol: provider.Anthropic, Name: "test", BaseURL: s.URL, Key: key, Model: "m-1"}
	for _, f := range change {
		f(&c)
	}
	m, err := provider.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestAnthropicStream(t *testing.T) {
	for stop, finish := range map[string]string{
		"": "stop", "stop_sequence": "stop", "max_tokens": "length", "refusal": "content_filter", "pause_turn": "pause_turn",
	} {
		s := anthropictest.New(t, anthropictest.Reply{Thinking: []string{"hm", "m"}, Pieces: []string{"Grün", "e ", "Äpfel", "\n", "."}, Stop: stop})
		text, r, err := ask(t.Context(), claude(t, s))
		if err != nil || text != "Grüne Äpfel\n." {
			t.Errorf("%q: text %q, %v", stop, text, err)
		}
		want := provider.Result{FinishReason: finish, Usage: provider.Usage{InputTokens: 123, OutputTokens: 45, CachedTokens: 67}}
		if d := cmp.Diff(want, r); d != "" {
			t.Error(d)
		}
	}
}

func TestAnthropicRefusal(t *testing.T) {
	for _, pieces := range [][]string{nil, {"First, "}} {
		for fault, change := range map[anthropictest.Fault]func(*provider.Config){
			anthropictest.None: func(*provider.Config) {}, anthropictest.WholeJSON: inOnePiece,
		} {
			s := anthropictest.New(t, anthropictest.Reply{Pieces: pieces, Stop: "refusal", Fault: fault})
			text, r, err := ask(t.Context(), claude(t, s, change))
			if err != nil || text != strings.Join(pieces, "") || r.FinishReason != provider.FinishRefused {
				t.Errorf("%q: %q, %+v, %v", pieces, text, r, err)
			}
		}
	}
}

func TestAnthropicFaults(t *testing.T) {
	short := func(c *provider.Config) {
		c.FirstTokenTimeout, c.IdleTimeout = time.Second, 500*time.Millisecond
	}
	half := []string{"half an"}
	for _, c := range []struct {
		name      string
		reply     anthropictest.Reply
		code      string
		retryable bool
	}{
		{"cut off", anthropictest.Reply{Fault: anthropictest.Truncate, Pieces: half}, provider.CodeTruncated, true},
		{"no message_stop", anthropictest.Reply{Fault: anthropictest.NoStop, Pieces: half}, provider.CodeTruncated, true},
		{"no stop reason", anthropictest.Reply{Fault: anthropictest.NoReason, Pieces: half}, provider.CodeTruncated, true},
		{"overloaded", anthropictest.Reply{Fault: anthropictest.Overloaded, Pieces: half}, "overloaded_error", true},
		{"invalid", anthropictest.Reply{Fault: anthropictest.Invalid, Pieces: half}, "invalid_request_error", false},
		{"garbage", anthropictest.Reply{Fault: anthropictest.Garbage, Pieces: half}, provider.CodeBadResponse, true},
		{"stall", anthropictest.Reply{Fault: anthropictest.Stall, Pieces: half}, provider.CodeStalled, true},
		{"stall before the first token", anthropictest.Reply{Fault: anthropictest.Stall}, provider.CodeTimeout, true},
		{"stall after thinking", anthropictest.Reply{Fault: anthropictest.Stall, Thinking: half}, provider.CodeStalled, true},
		{"slow headers", anthropictest.Reply{Fault: anthropictest.SlowHeaders}, provider.CodeTimeout, true},
		{"no text", anthropictest.Reply{}, provider.CodeEmpty, true},
		{"thinking only", anthropictest.Reply{Thinking: half, Stop: "max_tokens"}, provider.CodeEmpty, true},
		{"not streamed", anthropictest.Reply{Fault: anthropictest.WholeJSON, Pieces: half}, provider.CodeBadResponse, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, r, err := ask(t.Context(), claude(t, anthropictest.New(t, c.reply), short))
			var e *provider.Error
			if !errors.As(err, &e) {
				t.Fatalf("result %+v, err %v; want a *provider.Error", r, err)
			}
			if e.Code != c.code || e.Retryable != c.retryable {
				t.Errorf("got %+v, want code %q, retryable %v", e, c.code, c.retryable)
			}
		})
	}
}

func TestAnthropicStatus(t *testing.T) {
	for _, c := range []struct {
		reply anthropictest.Reply
		want  provider.Error
	}{
		{
			anthropictest.Reply{Status: 429, Header: map[string]string{"Retry-After": "12"}, Body: `{"type":"error","error":{"type":"rate_limit_error","message":"Slow down"}}`},
			provider.Error{Model: "test", Status: 429, Code: "rate_limit_error", Message: "Slow down", RetryAfter: 12 * time.Second, Retryable: true},
		},
		{
			anthropictest.Reply{Status: 529, Body: `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`},
			provider.Error{Model: "test", Status: 529, Code: "overloaded_error", Message: "Overloaded", Retryable: true},
		},
		{
			anthropictest.Reply{Status: 401, Body: `{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key ` + key + `"}}`},
			provider.Error{Model: "test", Status: 401, Code: "authentication_error", Message: "invalid x-api-key [key]"},
		},
	} {
		_, _, err := ask(t.Context(), claude(t, anthropictest.New(t, c.reply)))
		var e *provider.Error
		if !errors.As(err, &e) {
			t.Fatalf("%v", err)
		}
		if d := cmp.Diff(c.want, *e); d != "" {
			t.Error(d)
		}
	}
}

// What is configured is sent, in the protocol's own words, and nothing else.
func TestAnthropicRequest(t *testing.T) {
	s := anthropictest.New(t, anthropictest.Reply{Pieces: []string{"{}"}})
	zero, half := 0.0, 0.5
	m := claude(t, s, func(c *provider.Config) {
		c.Temperature, c.TopP, c.Stop, c.MaxTokens, c.Effort = &zero, &half, []string{"END"}, 77, "low"
	})
	schema := json.RawMessage(`{"type":"object"}`)
	prompt := provider.Prompt{System: "be brief", User: "why?", Schema: schema}
	if _, err := m.Stream(t.Context(), prompt, func(string) error { return nil }); err != nil {
		t.Fatal(err)
	}
	for _, effort := range []string{"", "none"} {
		if _, _, err := ask(t.Context(), claude(t, s, func(c *provider.Config) { c.Effort = effort })); err != nil {
			t.Fatal(err)
		}
	}
	user := []any{map[string]any{"role": "user", "content": "why?"}}
	all := s.Requests()
	for i, want := range []map[string]any{
		{
			"model": "m-1", "stream": true, "max_tokens": 77.0, "system": "be brief", "messages": user,
			"temperature": 0.0, "top_p": 0.5, "stop_sequences": []any{"END"},
			"output_config": map[string]any{"effort": "low", "format": map[string]any{"type": "json_schema", "schema": map[string]any{"type": "object"}}},
		},
		{"model": "m-1", "stream": true, "max_tokens": 1024.0, "system": "be brief", "messages": user},
		{
			"model": "m-1", "stream": true, "max_tokens": 1024.0, "system": "be brief", "messages": user,
			"thinking": map[string]any{"type": "disabled"},
		},
	} {
		if d := cmp.Diff(want, all[i].Body); d != "" {
			t.Error(d)
		}
		if h := all[i].Header; h.Get("X-Api-Key") != key || h.Get("Authorization") != "" || h.Get("Anthropic-Version") != "2023-06-01" {
			t.Errorf("headers %v", h)
		}
	}
}

func TestOpenAISchema(t *testing.T) {
	s := openaitest.New(t, openaitest.Reply{Pieces: []string{"{}"}})
	p := provider.Prompt{User: "why?", Schema: json.RawMessage(`{"type":"object"}`), Strict: true}
	if _, err := model(t, s).Stream(t.Context(), p, func(string) error { return nil }); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"type": "json_schema", "json_schema": map[string]any{
		"name": "answer", "strict": true, "schema": map[string]any{"type": "object"},
	}}
	if d := cmp.Diff(want, s.Requests()[0].Body["response_format"]); d != "" {
		t.Error(d)
	}
}

func TestAnthropicCancel(t *testing.T) {
	s := anthropictest.New(t, anthropictest.Reply{Fault: anthropictest.Endless, Pieces: []string{"on ", "and "}})
	m := claude(t, s, func(c *provider.Config) { c.MaxTokens = 1 << 20 })
	for i := range 20 {
		ctx, cancel := context.WithCancel(t.Context())
		n := 0
		_, err := m.Stream(ctx, provider.Prompt{User: "?"}, func(string) error {
			if n++; n == i+1 {
				cancel()
			}
			return nil
		})
		cancel()
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("run %d: %v", i, err)
		}
	}
	stalled := anthropictest.New(t, anthropictest.Reply{Fault: anthropictest.Stall, Pieces: []string{"one"}})
	stop := errors.New("enough")
	d := openaitest.Quickest(50*time.Millisecond, func() time.Duration {
		_, err := claude(t, stalled).Stream(t.Context(), provider.Prompt{User: "?"}, func(string) error { return stop })
		at := time.Now()
		if err != stop {
			t.Fatalf("got %v, want emit's error", err)
		}
		openaitest.Await(t, stalled.Gone, "end of the call")
		return time.Since(at)
	})
	if d > 50*time.Millisecond {
		t.Errorf("the server saw it after %v", d)
	}
}

func TestAnthropicLongLines(t *testing.T) {
	long := strings.Repeat("a \"quoted\" <word> é\u2028", 10_000)
	s := anthropictest.New(t, anthropictest.Reply{Pieces: []string{long, "!"}})
	text, _, err := ask(t.Context(), claude(t, s, func(c *provider.Config) { c.MaxTokens = 1 << 20 }))
	if err != nil || text != long+"!" {
		t.Errorf("%d bytes of %d, %v", len(text), len(long)+1, err)
	}
}

func TestAnthropicHasNoSeed(t *testing.T) {
	seed := int64(1)
	if _, err := provider.New(provider.Config{Protocol: provider.Anthropic, Model: "m", BaseURL: "http://h/v1", Seed: &seed}); err == nil {
		t.Error("a seed that cannot be sent is accepted")
	}
}

// Examples reach both protocols as turns before the question.
func TestExamplesAreTurns(t *testing.T) {
	anthropic, openai := anthropictest.New(t, anthropictest.Reply{Pieces: []string{"ok"}}), openaitest.New(t, openaitest.Reply{Pieces: []string{"ok"}})
	p := provider.Prompt{System: "be brief", Examples: []provider.Turn{{User: "1+1?", Assistant: "2"}}, User: "why?"}
	turn := func(role, text string) any { return map[string]any{"role": role, "content": text} }
	want := []any{turn("user", "1+1?"), turn("assistant", "2"), turn("user", "why?")}
	for _, m := range []*provider.Model{claude(t, anthropic), model(t, openai)} {
		if _, err := m.Stream(t.Context(), p, func(string) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff(want, anthropic.Requests()[0].Body["messages"]); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(append([]any{turn("system", "be brief")}, want...), openai.Requests()[0].Body["messages"]); d != "" {
		t.Error(d)
	}
}
