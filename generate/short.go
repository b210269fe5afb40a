package generate

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/quarry-rag/quarry/generate/provider"
)

// shortWithin bounds a call of Short, unless it says otherwise; a caller's own
// deadline may be nearer.
const shortWithin = 10 * time.Second

// Short asks a chat model for a text, such as a question rewritten. It returns the
// text without the white space around it, within a time, and what the call used: an
// estimate where it broke off in the middle. A model that writes nothing, or that
// stopped before its end, is a *ProviderError.
func Short(ctx context.Context, m *provider.Model, p provider.Prompt, within time.Duration) (string, Try, error) {
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	var text strings.Builder
	result, err := m.Stream(ctx, p, func(s string) error {
		text.WriteString(s)
		return nil
	})
	out, try := strings.TrimSpace(text.String()), Try{Model: m.Name(), Usage: Usage(result.Usage)}
	var failed *ProviderError
	switch {
	case err != nil && text.Len() > 0:
		try.Usage, try.Estimated = Usage{InputTokens: estimateTokens(p.System) + estimateTokens(p.User), OutputTokens: (text.Len() + 2) / 3}, true
	case err != nil:
		try.Refused = errors.As(err, &failed) && failed.Status >= 400
	case out == "":
		err = &ProviderError{Model: m.Name(), Code: provider.CodeEmpty, Message: "no text", Retryable: true}
	case result.FinishReason != "stop":
		err = &ProviderError{Model: m.Name(), Code: provider.CodeTruncated, Message: "stopped early: " + result.FinishReason}
	}
	if try.Code, try.Duration = codeOf(err), time.Since(start); err != nil {
		return "", try, fmt.Errorf("short text: %w", err)
	}
	return out, try, nil
}
