package generate

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/quarry-rag/quarry/generate/provider"
)

// shortWithin bounds a call of Short; a caller's own deadline may be nearer.
const shortWithin = 10 * time.Second

// Short asks a chat model for a text of at most maxTokens, such as a question
// rewritten. It returns the text without the white space around it, at most 10 s
// later. A model that writes nothing, or that stopped before its end, is a
// *ProviderError; what it used is returned with the error, as far as it is known.
func Short(ctx context.Context, m *provider.Model, system, user string, maxTokens int) (string, Usage, error) {
	ctx, cancel := context.WithTimeout(ctx, shortWithin)
	defer cancel()
	var text strings.Builder
	result, err := m.Stream(ctx, provider.Prompt{System: system, User: user, MaxTokens: maxTokens}, func(s string) error {
		text.WriteString(s)
		return nil
	})
	used := Usage(result.Usage)
	if err != nil {
		return "", used, fmt.Errorf("short text: %w", err)
	}
	out := strings.TrimSpace(text.String())
	switch {
	case out == "":
		err = &ProviderError{Model: m.Name(), Code: provider.CodeEmpty, Message: "no text", Retryable: true}
	case result.FinishReason != "stop":
		err = &ProviderError{Model: m.Name(), Code: provider.CodeTruncated, Message: "stopped early: " + result.FinishReason}
	}
	if err != nil {
		return "", used, fmt.Errorf("short text: %w", err)
	}
	return out, used, nil
}
