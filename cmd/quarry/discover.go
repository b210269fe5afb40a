package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/quarry-rag/quarry/generate"
)

// places are where servers on this machine usually listen.
type places struct{ ollama, llama string }

var usual = places{"http://127.0.0.1:11434/v1", "http://127.0.0.1:8080/v1"}

// discover takes a key of the environment, else a server on this machine.
func (s *chatting) discover(ctx context.Context, at places) (generate.Config, string, error) {
	one := func(m generate.ModelConfig, why string) (generate.Config, string, error) {
		return generate.Config{Models: []generate.ModelConfig{m}}, why + "; QUARRY_MODEL=extractive keeps answers on this machine", nil
	}
	if s.OpenAIKey != "" {
		return one(byKey("openai", openAIModel, openAIKey),
			"at api.openai.com, because OPENAI_API_KEY is set")
	}
	if s.AnthropicKey != "" {
		return one(byKey("anthropic", anthropicModel, anthropicKey),
			"at api.anthropic.com, because ANTHROPIC_API_KEY is set")
	}
	if model := probe(ctx, at.ollama); model != "" {
		return local(model, at.ollama, "Ollama", ollamaContext)
	}
	if model := probe(ctx, at.llama); model != "" {
		return local(model, at.llama, "llama.cpp", llamaContext(ctx, at.llama))
	}
	return generate.Config{}, "quotes, without a language model; no key is set and no model server listens on this machine", nil
}

// ollamaContext is the window that Ollama gives a model unless told otherwise, in
// tokens. Of a longer prompt it drops the beginning, and says nothing.
const ollamaContext = 4096

// local is a model of a server on this machine; extractive answers where its
// window is too small for passages. A window of 0 is not known.
func local(model, url, server string, window int) (generate.Config, string, error) {
	where := fmt.Sprintf("%s, found at %s, where %s listens", clean(model), host(url), server)
	if window > 0 && window < generate.MinContextTokens {
		return generate.Config{}, fmt.Sprintf("quotes, without a language model; %s, has a context of %d tokens, and %d are needed", where, window, generate.MinContextTokens), nil
	}
	m := generate.ModelConfig{
		Name: "local", Provider: "openai", Model: model, BaseURL: url, ContextTokens: window, Capabilities: []string{"json_schema"},
	}
	return generate.Config{Models: []generate.ModelConfig{m}}, where, nil
}

// probeFor is the time a server on this machine has to say which models it has.
const probeFor = 300 * time.Millisecond

// askLocal reads a small JSON response of a server on this machine, and tells whether
// there was one.
func askLocal(ctx context.Context, url string, into any) bool {
	ctx, cancel := context.WithTimeout(ctx, probeFor)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	// No proxy: what listens here is asked directly.
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	return res.StatusCode == http.StatusOK && json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(into) == nil
}

// probe returns the first chat model of an OpenAI-compatible server; empty
// without one.
func probe(ctx context.Context, base string) string {
	var list struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	if !askLocal(ctx, base+"/models", &list) {
		return ""
	}
	for _, m := range list.Data {
		if len(m.ID) <= 255 && m.ID != "" && !strings.Contains(m.ID, "embed") {
			return m.ID
		}
	}
	return ""
}

// llamaContext is the window that a llama.cpp server gives each request, in
// tokens; 0 when it does not say.
func llamaContext(ctx context.Context, base string) int {
	var props struct {
		Defaults struct {
			Context int `json:"n_ctx"`
		} `json:"default_generation_settings"`
	}
	if !askLocal(ctx, strings.TrimSuffix(base, "/v1")+"/props", &props) {
		return 0
	}
	return max(props.Defaults.Context, 0)
}
