package generate

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/quarry-rag/quarry/generate/provider"
	"github.com/quarry-rag/quarry/generate/provider/openaitest"
)

func TestShort(t *testing.T) {
	for _, c := range []struct {
		name  string
		reply openaitest.Reply
		want  string
		code  string
	}{
		{"text", openaitest.Reply{Pieces: []string{" What is ", "Go?\n"}}, "What is Go?", ""},
		{"empty", openaitest.Reply{Pieces: []string{" \n"}}, "", provider.CodeEmpty},
		{"cut off", openaitest.Reply{Pieces: []string{"What"}, Finish: "length"}, "", provider.CodeTruncated},
		{"broken", openaitest.Reply{Pieces: []string{"What"}, Fault: openaitest.Truncate}, "", provider.CodeTruncated},
		{"busy", openaitest.Reply{Status: 503, Body: `{"error":{"code":"busy"}}`}, "", "busy"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := openaitest.New(t, c.reply)
			got, used, err := Short(t.Context(), modelAt(t, s.URL), provider.Prompt{System: "system", User: "user", MaxTokens: 50}, time.Minute)
			var failed *ProviderError
			if got != c.want || (err == nil) != (c.code == "") || errors.As(err, &failed) && failed.Code != c.code {
				t.Errorf("%q, %v", got, err)
			}
			if used.Code != c.code || used.Refused != (c.reply.Status != 0) || used.Estimated != (c.reply.Fault != openaitest.None) {
				t.Errorf("used %+v", used)
			}
			if whole := !used.Refused && !used.Estimated; whole && used.Usage.InputTokens != openaitest.InputTokens || used.Estimated && used.Usage.OutputTokens == 0 {
				t.Errorf("used %+v", used)
			}
			// Who was turned away pays nothing, and who broke off pays about what came.
			used.Price = &Price{1, 1, 1, "2026-11-01"}
			if _, known := used.Cost(); !known {
				t.Errorf("the cost of %+v is not known", used)
			}
		})
	}
}

func TestShortEndsWithItsContext(t *testing.T) {
	s := openaitest.New(t, openaitest.Reply{Fault: openaitest.SlowHeaders})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-s.Came
		cancel()
	}()
	if _, _, err := Short(ctx, modelAt(t, s.URL), provider.Prompt{System: "system", User: "user", MaxTokens: 50}, time.Minute); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	openaitest.Await(t, s.Gone, "end of the call")
}

func modelAt(t *testing.T, url string) *provider.Model {
	t.Helper()
	m, err := provider.New(provider.Config{BaseURL: url, Model: "m"})
	if err != nil {
		t.Fatal(err)
	}
	return m
}
