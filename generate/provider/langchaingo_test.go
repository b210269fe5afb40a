package provider_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/tmc/langchaingo/llms"
	"github.com/tmc/langchaingo/llms/openai"

	"github.com/quarry-rag/quarry/generate/provider"
	"github.com/quarry-rag/quarry/generate/provider/openaitest"
)

// TestLangchaingoAlone puts side by side what langchaingo's own client makes of
// each fault and what Quarry's makes of it; `make bench-langchaingo` prints the
// table. It fails when Quarry takes a broken answer for a whole one, or does not
// take a whole one.
func TestLangchaingoAlone(t *testing.T) {
	const half = "half an"
	long := strings.Repeat("x", 70<<10)
	cases := []struct {
		name   string
		reply  openaitest.Reply
		cancel bool // by the client, after the first text
		whole  string
	}{
		{"a whole answer", openaitest.Reply{Pieces: []string{half, " answer"}}, false, "half an answer"},
		{"a line over 64 KiB", openaitest.Reply{Pieces: []string{long}}, false, long},
		{"closed before [DONE]", openaitest.Reply{Fault: openaitest.Truncate, Pieces: []string{half}}, false, ""},
		{"no finish reason", openaitest.Reply{Fault: openaitest.NoFinish, Pieces: []string{half}}, false, ""},
		{"error chunk in the stream", openaitest.Reply{Fault: openaitest.ErrorEvent, Pieces: []string{half}}, false, ""},
		{"error event in the stream", openaitest.Reply{Fault: openaitest.NamedErrorEvent, Pieces: []string{half}}, false, ""},
		{"a line that is not JSON", openaitest.Reply{Fault: openaitest.Garbage, Pieces: []string{half}}, false, ""},
		{"stall in the middle", openaitest.Reply{Fault: openaitest.Stall, Pieces: []string{half}}, false, ""},
		{"stall before the headers", openaitest.Reply{Fault: openaitest.SlowHeaders}, false, ""},
		{"cancelled by the client", openaitest.Reply{Fault: openaitest.Stall, Pieces: []string{half}}, true, ""},
		{"status 429, Retry-After", openaitest.Reply{Status: 429, Header: map[string]string{"Retry-After": "7"}, Body: `{"error":{"message":"slow down","code":"rate_limit_exceeded"}}`}, false, ""},
		{"status 503", openaitest.Reply{Status: 503, Body: "busy"}, false, ""},
		{"no text", openaitest.Reply{}, false, ""},
		{"a web page", openaitest.Reply{Fault: openaitest.HTML}, false, ""},
	}
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nfault\tlangchaingo alone\tQuarry")
	for _, c := range cases {
		s := openaitest.New(t, c.reply)
		alone, aloneErr := alone(t, s, c.cancel)
		m := model(t, s, func(c *provider.Config) {
			c.FirstTokenTimeout, c.IdleTimeout, c.MaxTokens = 300*time.Millisecond, 300*time.Millisecond, 4000
		})
		ctx, cancel := context.WithCancel(t.Context())
		var text strings.Builder
		_, err := m.Stream(ctx, provider.Prompt{System: "be brief", User: "why?"}, func(piece string) error {
			text.WriteString(piece)
			if c.cancel {
				cancel()
			}
			return nil
		})
		cancel()
		if (err == nil) != (c.whole != "") || c.whole != "" && text.String() != c.whole {
			t.Errorf("%s: %.40q, error %v", c.name, text.String(), err)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", c.name, outcome(alone, aloneErr), outcome(text.String(), err))
	}
	w.Flush()
	t.Log(table.String())
}

// alone asks by langchaingo's own client, within the time that Quarry's takes.
func alone(t *testing.T, s *openaitest.Server, cancelled bool) (string, error) {
	t.Helper()
	llm, err := openai.New(openai.WithBaseURL(s.URL), openai.WithModel("m-1"), openai.WithToken(key))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	r, err := llm.GenerateContent(ctx, []llms.MessageContent{llms.TextParts(llms.ChatMessageTypeHuman, "why?")},
		llms.WithStreamingFunc(func(context.Context, []byte) error {
			if cancelled {
				cancel()
			}
			return nil
		}))
	if err != nil || len(r.Choices) == 0 {
		return "", err
	}
	return r.Choices[0].Content, nil
}

// outcome is a cell of the table.
func outcome(text string, err error) string {
	short := func(s string, n int) string {
		if len(s) > n {
			return s[:n] + "…"
		}
		return s
	}
	if err == nil {
		return fmt.Sprintf("no error, text %q", short(text, 20))
	}
	e, ok := errors.AsType[*provider.Error](err)
	switch {
	case ok && e.RetryAfter > 0:
		return fmt.Sprintf("error %s, status %d, retry after %v", e.Code, e.Status, e.RetryAfter)
	case ok && e.Status > 0:
		return fmt.Sprintf("error %s, status %d, retryable %v", e.Code, e.Status, e.Retryable)
	case ok:
		return fmt.Sprintf("error %s, retryable %v", e.Code, e.Retryable)
	case errors.Is(err, context.Canceled):
		return "context.Canceled"
	case errors.Is(err, context.DeadlineExceeded):
		return "context.DeadlineExceeded"
	}
	return fmt.Sprintf("%T: %s", err, short(strings.ReplaceAll(err.Error(), "\n", " "), 70))
}
