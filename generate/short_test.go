package generate

import (
	"context"
	"errors"
	"testing"

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
	} {
		t.Run(c.name, func(t *testing.T) {
			s := openaitest.New(t, c.reply)
			got, used, err := Short(t.Context(), modelAt(t, s.URL), "system", "user", 50)
			var failed *ProviderError
			if got != c.want || (err == nil) != (c.code == "") || errors.As(err, &failed) && failed.Code != c.code {
				t.Errorf("%q, %v", got, err)
			}
			if c.reply.Fault == openaitest.None && used.InputTokens != openaitest.InputTokens {
				t.Errorf("used %+v", used)
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
	if _, _, err := Short(ctx, modelAt(t, s.URL), "system", "user", 50); !errors.Is(err, context.Canceled) {
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
