package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"strings"

	"github.com/quarry-rag/quarry/generate"
	"github.com/quarry-rag/quarry/generate/ledger"
)

// newAnswerers returns the answerers, the default first, and one line on why it
// is. What was configured counts; with nothing configured, what is found.
func newAnswerers(ctx context.Context, n *node, s *chatting, src generate.Source, log *slog.Logger) ([]generate.Answerer, string, error) {
	config, why, err := s.models(ctx, usual)
	if err != nil {
		return nil, "", err
	}
	parts := generate.Parts{
		Extractive: generate.NewExtractive(n.queries, src),
		Source:     src, Embed: n.queries, Log: log,
		Key:      func(ref string) (string, error) { return s.key(ref) },
		Spending: ledger.New(n.pool),
	}
	all, err := config.Build(parts)
	if err != nil && s.Models != "" {
		err = fmt.Errorf("%s: %w", s.Models, err)
	}
	if err != nil {
		return nil, "", err
	}
	return all, fmt.Sprintf("Answers: %s (%s)", all[0].Plan().Model, why), nil
}

// models is the configuration in effect and why: a file, QUARRY_MODEL, or what
// is found in the environment and at.
func (s *chatting) models(ctx context.Context, at places) (generate.Config, string, error) {
	switch {
	case s.Models != "":
		return s.modelsFile()
	case s.Model == "extractive":
		return generate.Config{}, "quotes, without a language model; chosen by QUARRY_MODEL", nil
	case s.Model != "":
		m := s.named()
		return generate.Config{Models: []generate.ModelConfig{m}}, "at " + host(cmp.Or(m.BaseURL, providerURL[m.Provider])) + ", chosen by QUARRY_MODEL", nil
	case s.OpenAIBaseURL != "":
		return generate.Config{}, "quotes, without a language model; QUARRY_MODEL does not say which model to use at the server that OPENAI_BASE_URL names", nil
	}
	return s.discover(ctx, at)
}

func (s *chatting) modelsFile() (generate.Config, string, error) {
	text, err := readLimited(s.Models, 1<<20)
	if err != nil {
		return generate.Config{}, "", fmt.Errorf("--models (QUARRY_MODELS): %w", err)
	}
	config, err := generate.ReadConfig(text)
	if err != nil {
		return config, "", fmt.Errorf("%s: %w", s.Models, err)
	}
	if s.Model == "" {
		return config, "chosen by " + s.Models, nil
	}
	config.Default = s.Model
	if err := config.Check(); err != nil {
		return config, "", fmt.Errorf("%s: QUARRY_MODEL: %w", s.Models, err)
	}
	return config, "one of " + s.Models + ", chosen by QUARRY_MODEL", nil
}

// named is the model that QUARRY_MODEL names, at the server whose key or address
// is given.
func (s *chatting) named() generate.ModelConfig {
	m := generate.ModelConfig{Name: s.Model, Provider: "openai", Model: s.Model, BaseURL: s.OpenAIBaseURL}
	switch {
	case s.OpenAIKey != "":
		m.Key = openAIKey
	case s.OpenAIBaseURL == "" && s.AnthropicKey != "":
		m.Provider, m.Key = "anthropic", anthropicKey
	}
	return m
}

const (
	openAIKey    = "env:OPENAI_API_KEY"
	anthropicKey = "env:ANTHROPIC_API_KEY"
)

// Where providers are, for people.
var providerURL = map[string]string{"openai": "https://api.openai.com", "anthropic": "https://api.anthropic.com"}

// Models that a key alone chooses: the providers' small ones, current in November
// 2026. Reading passages takes little thought, which costs time and tokens.
const (
	openAIModel    = "gpt-6-luna"
	anthropicModel = "claude-haiku-5-5"
)

func byKey(provider, model, key string) generate.ModelConfig {
	return generate.ModelConfig{
		Name: model, Provider: provider, Model: model, Key: key,
		Effort: "low", MaxTokens: 4096, Capabilities: []string{"json_schema"},
	}
}

// key resolves "env:NAME" and "file:PATH".
func (s *chatting) key(ref string) (string, error) {
	kind, name, _ := strings.Cut(ref, ":")
	value := ""
	switch {
	case ref == openAIKey && s.OpenAIKey != "":
		value = s.OpenAIKey
	case ref == anthropicKey && s.AnthropicKey != "":
		value = s.AnthropicKey
	case kind == "env":
		value = os.Getenv(name)
	case kind == "file":
		text, err := readLimited(name, 64<<10)
		if err != nil {
			return "", err
		}
		value = string(text)
	}
	if value = strings.TrimSpace(value); value == "" {
		return "", fmt.Errorf("%s is empty or not set", ref)
	}
	return value, nil
}

// readLimited reads a file of at most limit bytes.
func readLimited(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = errors.New("the file is too large")
	}
	return text, err
}

// host is a URL's host: the rest of it may hold secrets.
func host(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return "(no host)"
	}
	return u.Host
}
