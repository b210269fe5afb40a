package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/durationpb"

	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// listing is a model server that answers /v1/models with body, and /props, where
// llama.cpp says its context, with props.
func listing(t *testing.T, body string, props ...string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/v1/models":
			fmt.Fprint(w, body)
		case r.URL.Path == "/props" && len(props) > 0:
			fmt.Fprint(w, props[0])
		default:
			w.WriteHeader(404)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL + "/v1"
}

func props(context int) string {
	return fmt.Sprintf(`{"default_generation_settings":{"n_ctx":%d},"total_slots":4}`, context)
}

// The window of a server on this machine is what it says, or what it is known to
// have: Ollama drops the beginning of a longer prompt without a word.
func TestContextOfLocalServers(t *testing.T) {
	nobody, list := "http://127.0.0.1:1/v1", `{"data":[{"id":"g"}]}`
	for _, c := range []struct {
		at   places
		want int
	}{
		{places{listing(t, list), nobody}, 4096},
		{places{nobody, listing(t, list, props(2048))}, 2048},
		{places{nobody, listing(t, list)}, 0},
	} {
		config, _, err := new(chatting).models(t.Context(), c.at)
		if err != nil || len(config.Models) != 1 || config.Models[0].ContextTokens != c.want {
			t.Errorf("%+v, %v; want %d tokens", config.Models, err, c.want)
		}
	}
}

func TestDiscover(t *testing.T) {
	nobody := "http://127.0.0.1:1/v1"
	hung := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(hung.Close)
	ollama := listing(t, `{"object":"list","data":[{"id":"nomic-embed-text"},{"id":"qwen3:4b"}]}`)
	llama := listing(t, `{"data":[{"id":"gemma.gguf"}]}`)
	for _, c := range []struct {
		name     string
		serving  chatting
		at       places
		provider string // of the model chosen; empty: extractive
		model    string
		why      string
	}{
		{"nothing", chatting{}, places{nobody, nobody}, "", "", "no key is set"},
		{"OpenAI's key", chatting{OpenAIKey: "k", AnthropicKey: "k"}, places{ollama, nobody}, "openai", openAIModel, "OPENAI_API_KEY is set"},
		{"Anthropic's key", chatting{AnthropicKey: "k"}, places{ollama, nobody}, "anthropic", anthropicModel, "ANTHROPIC_API_KEY is set"},
		{"Ollama", chatting{}, places{ollama, llama}, "openai", "qwen3:4b", "Ollama"},
		{"llama.cpp", chatting{}, places{nobody, llama}, "openai", "gemma.gguf", "llama.cpp"},
		{"llama.cpp with a small window", chatting{}, places{nobody, listing(t, `{"data":[{"id":"g"}]}`, props(512))}, "", "", "512 tokens"},
		{"something else there", chatting{}, places{listing(t, "<html>"), listing(t, `{"data":[]}`)}, "", "", "no model server"},
		{"one that hangs", chatting{}, places{hung.URL + "/v1", nobody}, "", "", "no model server"},
		{"said to quote", chatting{Model: "extractive", OpenAIKey: "k"}, places{ollama, nobody}, "", "", "QUARRY_MODEL"},
		{"named", chatting{Model: "m", OpenAIKey: "k"}, places{ollama, nobody}, "openai", "m", "QUARRY_MODEL"},
		{"named at Anthropic", chatting{Model: "m", AnthropicKey: "k"}, places{ollama, nobody}, "anthropic", "m", "QUARRY_MODEL"},
	} {
		start := time.Now()
		config, why, err := c.serving.models(t.Context(), c.at)
		if err != nil || !strings.Contains(why, c.why) {
			t.Errorf("%s: %q, %v", c.name, why, err)
		}
		if time.Since(start) > 5*probeFor {
			t.Errorf("%s: took %v", c.name, time.Since(start))
		}
		if len(config.Models) == 0 {
			if c.model != "" {
				t.Errorf("%s: nothing chosen", c.name)
			}
		} else if m := config.Models[0]; m.Provider != c.provider || m.Model != c.model {
			t.Errorf("%s: chose %+v", c.name, m)
		}
		if err := config.Check(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestModelsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "models.yaml")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("models: [{name: a, provider: openai, model: m}, {name: b, provider: openai, model: n}]")
	config, _, err := (&chatting{Models: path, Model: "b"}).models(t.Context(), usual)
	if err != nil || len(config.Models) != 2 || config.Default != "b" {
		t.Errorf("%+v, %v", config, err)
	}
	if _, _, err := (&chatting{Models: path, Model: "c"}).models(t.Context(), usual); err == nil || !strings.Contains(err.Error(), "QUARRY_MODEL") {
		t.Errorf("a default that is not there: %v", err)
	}
	write("models: [{name: a}]")
	if _, _, err := (&chatting{Models: path}).models(t.Context(), usual); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("%v", err)
	}
	if _, _, err := (&chatting{Models: path + "x"}).models(t.Context(), usual); err == nil || !strings.Contains(err.Error(), "QUARRY_MODELS") {
		t.Errorf("%v", err)
	}
}

func TestKey(t *testing.T) {
	t.Setenv("SOME_KEY", "from-env")
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte("from-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &chatting{OpenAIKey: "from-flag"}
	for ref, want := range map[string]string{openAIKey: "from-flag", "env:SOME_KEY": "from-env", "file:" + path: "from-file"} {
		if got, err := s.key(ref); got != want || err != nil {
			t.Errorf("%s: %q, %v", ref, got, err)
		}
	}
	for _, ref := range []string{"env:QUARRY_TEST_NO_SUCH_KEY", "file:" + path + "x"} {
		if got, err := s.key(ref); err == nil {
			t.Errorf("%s: %q", ref, got)
		}
	}
}

func TestUsageText(t *testing.T) {
	rows := []*quarryv1.UsageRow{
		{Day: "2026-11-02", Collection: "docs", Account: "acme", Model: "a", Answers: 2, InputTokens: 10, OutputTokens: 5, Cost: .5, Hits: 3, Saved: .25, Spared: -.125},
		{Day: "2026-11-01", Collection: "docs", Model: "b", Answers: 1, Failures: 1, Unpriced: 2},
	}
	got := usageText(rows, false)
	var cells [][]string
	for _, l := range strings.Split(got, "\n") {
		cells = append(cells, strings.Fields(l)[3:])
	}
	want := [][]string{
		{"ANSWERS", "FAILURES", "TOKENS", "IN", "CACHED", "TOKENS", "OUT", "USD", "FROM", "CACHE", "USD", "SAVED", "BY", "CASCADES"},
		{"2", "0", "10", "0", "5", "0.500000", "3", "0.250000", "-0.125000"},
		{"1", "1", "0", "0", "0", "unknown", "0", "0.000000", "0.000000"},
		{"10", "0", "5", "0.500000", "+", "2", "unknown", "3", "0.250000", "-0.125000"},
	}
	if d := cmp.Diff(want, cells); d != "" {
		t.Errorf("%s\n%s", d, got)
	}
	by := strings.Split(usageText(rows, true), "\n")
	if f := strings.Fields(by[0]); f[2] != "ACCOUNT" || f[3] != "MODEL" {
		t.Error(by[0])
	}
	if f := strings.Fields(by[1]); f[2] != "acme" || f[3] != "a" {
		t.Error(by[1])
	}
}

func TestModelsText(t *testing.T) {
	got := modelsText([]*quarryv1.Model{
		{Name: "careful", Members: []string{"a", "b"}, Policy: "cascade"},
		{Name: "a\x1b[31m", Provider: "openai", Model: "m-1", ContextTokens: 8192, Price: &quarryv1.Price{Input: .1, Cached: .01, Output: 2}, PriceDate: "2026-11-01"},
		{Name: "b", Provider: "anthropic", Model: "m-2", ContextTokens: 200_000, Resting: "retry_later", RestingFor: durationpb.New(20 * time.Second)},
		{Name: "extractive", Provider: "extractive"},
	})
	var rows []string
	for _, l := range strings.Split(got, "\n")[1:] {
		rows = append(rows, strings.Join(strings.Fields(l), " "))
	}
	want := []string{
		"careful route a → b (cascade) - - default",
		"a[31m openai m-1 8192 0.1, 0.01, 2 on 2026-11-01",
		"b anthropic m-2 200000 unknown wants to be asked later: left alone for 20.0 s",
		"extractive extractive - free",
	}
	if d := cmp.Diff(want, rows); d != "" {
		t.Errorf("%s\n%s", d, got)
	}
}

func TestTriesLine(t *testing.T) {
	cost := .0123
	for _, c := range []struct {
		r    *quarryv1.Receipt
		want string
	}{
		{&quarryv1.Receipt{Tries: []*quarryv1.Try{{Model: "extractive"}}}, ""},
		{&quarryv1.Receipt{Tries: []*quarryv1.Try{
			{Model: "cheap", Purpose: "rewrite", InputTokens: 20, OutputTokens: 3},
			{Model: "busy", Code: "rate_limit_exceeded"},
			{Model: "half", Code: "truncated", InputTokens: 10, OutputTokens: 2, Estimated: true},
			{Model: "good", InputTokens: 100, CachedTokens: 60, OutputTokens: 9},
		}, Cost: &cost}, "Models: cheap to rewrite the question 20 tokens in, 3 out → busy (rate_limit_exceeded) → half (truncated) about 10 tokens in, 2 out → " +
			"good 100 tokens in, 60 of them cached, 9 out · 0.012300 USD"},
		{&quarryv1.Receipt{Tries: []*quarryv1.Try{{Model: "a", InputTokens: 1}}}, "Models: a 1 tokens in, 0 out · cost unknown"},
	} {
		if got := triesLine(c.r); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
