//go:build llama

package llama

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/quarry-rag/quarry/generate"
	"github.com/quarry-rag/quarry/generate/provider"
	"github.com/quarry-rag/quarry/retrieve"
)

var address string

func TestMain(m *testing.M) {
	dir := os.Getenv("QUARRY_TEST_LLAMA")
	if dir == "" {
		fmt.Fprintln(os.Stderr, "QUARRY_TEST_LLAMA is not set: run make test-llama")
		os.Exit(1)
	}
	model, err := prepare(dir)
	if err == nil {
		var stop func()
		if address, stop, err = start(dir, model); err == nil {
			code := m.Run()
			stop()
			os.Exit(code)
		}
	}
	fmt.Fprintln(os.Stderr, "no llama.cpp server to test with:", err)
	os.Exit(1)
}

func config() provider.Config {
	zero, seed := 0.0, int64(1)
	return provider.Config{BaseURL: address + "/v1", Model: "gemma", Temperature: &zero, Seed: &seed}
}

func model(t *testing.T) *provider.Model {
	t.Helper()
	m, err := provider.New(config())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// ask returns the pieces of an answer.
func ask(ctx context.Context, m *provider.Model, prompt string, tokens int) ([]string, provider.Result, error) {
	var pieces []string
	r, err := m.Stream(ctx, provider.Prompt{System: "Go on.", User: prompt, MaxTokens: tokens}, func(s string) error {
		pieces = append(pieces, s)
		return nil
	})
	return pieces, r, err
}

const story = "Once upon a time there was a river, and on its bank stood"

func TestStreamAndUsage(t *testing.T) {
	pieces, r, err := ask(t.Context(), model(t), story, 12)
	if err != nil {
		t.Fatal(err)
	}
	if len(pieces) < 2 || strings.TrimSpace(strings.Join(pieces, "")) == "" {
		t.Errorf("pieces %q, want several with text", pieces)
	}
	if r.FinishReason != "length" || r.Usage.OutputTokens != 12 || r.Usage.InputTokens < 10 || r.Usage.CachedTokens > r.Usage.InputTokens {
		t.Errorf("%+v, want 12 tokens ended by their length", r)
	}
}

func TestCancelEndsTheServersWork(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var cancelled time.Time
	_, err := model(t).Stream(ctx, provider.Prompt{System: "Go on.", User: story, MaxTokens: 400}, func(string) error {
		if cancelled.IsZero() {
			cancelled = time.Now()
			cancel()
		}
		return nil
	})
	if took := time.Since(cancelled); !errors.Is(err, context.Canceled) || took > time.Second {
		t.Errorf("error %v after %v", err, took)
	}
	deadline := time.Now().Add(20 * time.Second)
	for busy(t) > 0 { // it looks only between two tokens
		if time.Now().After(deadline) {
			t.Fatal("the server still works 20 s after its client has gone")
		}
		time.Sleep(20 * time.Millisecond) // it tells only those who ask
	}
}

// busy is the number of requests that the server works on.
func busy(t *testing.T) (n int) {
	t.Helper()
	resp, err := http.Get(address + "/slots")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var slots []struct {
		Busy bool `json:"is_processing"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&slots); err != nil || len(slots) != 4 {
		t.Fatalf("slots: %v, %v", slots, err)
	}
	for _, s := range slots {
		if s.Busy {
			n++
		}
	}
	return n
}

func TestConcurrentRequests(t *testing.T) {
	m := model(t)
	var g errgroup.Group
	for i := range 6 { // two wait for a slot
		g.Go(func() error {
			pieces, r, err := ask(t.Context(), m, fmt.Sprintf("%d. %s", i, story), 8)
			if err == nil && (r.Usage.OutputTokens != 8 || len(pieces) == 0) {
				err = fmt.Errorf("%+v, %q", r, pieces)
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
}

// A prompt over the context is refused, with the server's words, before any text.
func TestPromptOverTheContext(t *testing.T) {
	pieces, r, err := ask(t.Context(), model(t), strings.Repeat("word ", 1000), 8)
	e, ok := errors.AsType[*provider.Error](err)
	if !ok || len(pieces) > 0 {
		t.Fatalf("%q, %+v, %v; want a *provider.Error", pieces, r, err)
	}
	if e.Status != http.StatusBadRequest || e.Retryable || !strings.Contains(e.Message, "context") {
		t.Errorf("%+v", e)
	}
}

// An answer that fills the context ends by its length, never as if it were whole.
func TestAnswerFillsTheContext(t *testing.T) {
	_, r, err := ask(t.Context(), model(t), strings.Repeat("water ", 440), 100)
	if err != nil {
		t.Fatal(err)
	}
	if used := r.Usage.InputTokens + r.Usage.OutputTokens; r.FinishReason != "length" || r.Usage.OutputTokens >= 100 || used < context512-8 || used > context512 {
		t.Errorf("%+v, want the %d tokens of the context filled and the reason \"length\"", r, context512)
	}
}

// context512 is the context of each of the server's slots, in tokens.
const context512 = 512

type held []retrieve.Passage

func (h held) Bytes(_ context.Context, p retrieve.Passage, start, end int) ([]byte, error) {
	return []byte(p.Text[start-p.Start : end-p.Start]), nil
}

// The whole way of an answer: prompt, stream, citations, support, receipt.
func TestAnswer(t *testing.T) {
	passages := []retrieve.Passage{{URI: "river.txt", Title: "Rivers", Text: "The Daugava flows into the Gulf of Riga. It is 1,020 km long."}}
	for i := range passages {
		passages[i].End = len(passages[i].Text)
	}
	chat, err := generate.NewChat(generate.ChatConfig{Config: config(), ContextTokens: 2048}, held(passages), nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := generate.Collect(chat.Answer(t.Context(), generate.Request{Question: "How long is the Daugava?", Passages: passages, MaxTokens: 24}))
	if err != nil {
		t.Fatal(err)
	}
	if a.Text == "" || a.Usage.InputTokens < 20 || a.Usage.OutputTokens < 1 || a.Verdict.Outcome == 0 || len(a.Done.Tries) != 1 {
		t.Errorf("%+v", a)
	}
	for _, c := range a.Citations {
		if !bytes.Contains([]byte(passages[0].Text), []byte(c.Quote)) {
			t.Errorf("citation %+v is not in the passage", c)
		}
	}
}

// A schema that is sent is obeyed, even by a model that babbles.
func TestSchemaIsObeyed(t *testing.T) {
	passages := []retrieve.Passage{{URI: "river.txt", Title: "Rivers", Text: "The Daugava flows into the Gulf of Riga.", End: 40}}
	schema, err := generate.ParseSchema(`{"type": "object", "properties": {"river": {"enum": ["Daugava", "Rhine"]}}, "required": ["river"], "additionalProperties": false}`)
	if err != nil {
		t.Fatal(err)
	}
	chat, err := generate.NewChat(generate.ChatConfig{Config: config(), ContextTokens: 2048, JSONSchema: true}, held(passages), nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := generate.Collect(chat.Answer(t.Context(), generate.Request{
		Question: "Which?", Passages: passages, MaxTokens: 24, Form: generate.JSON{Schema: schema},
	}))
	if err != nil || !strings.Contains(a.Object.JSON, `"river"`) {
		t.Errorf("%q, %v", a.Object.JSON, err)
	}
}

// What discovery asks of a server: the window that each request has.
func TestServerSaysItsContext(t *testing.T) {
	resp, err := http.Get(address + "/props")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var props struct {
		Defaults struct {
			Context int `json:"n_ctx"`
		} `json:"default_generation_settings"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&props); err != nil || props.Defaults.Context != context512 {
		t.Errorf("%+v, %v", props, err)
	}
}
