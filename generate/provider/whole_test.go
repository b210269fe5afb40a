package provider_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/quarry-rag/quarry/generate/provider"
	"github.com/quarry-rag/quarry/generate/provider/anthropictest"
	"github.com/quarry-rag/quarry/generate/provider/openaitest"
)

func inOnePiece(c *provider.Config) { c.NoStream, c.Timeout = true, 2*time.Second }

// A server that cannot stream is asked for the answer in one piece.
func TestAnswersInOnePiece(t *testing.T) {
	o := openaitest.New(t, openaitest.Reply{Pieces: []string{"Grüne ", "Äpfel"}})
	a := anthropictest.New(t, anthropictest.Reply{Pieces: []string{"Grüne ", "Äpfel"}, Fault: anthropictest.WholeJSON})
	for _, m := range []*provider.Model{model(t, o, inOnePiece), claude(t, a, inOnePiece)} {
		text, r, err := ask(t.Context(), m)
		if err != nil || text != "Grüne Äpfel" || r.FinishReason != "stop" || r.Usage.OutputTokens == 0 {
			t.Errorf("%q, %+v, %v", text, r, err)
		}
	}
	for _, body := range []map[string]any{o.Requests()[0].Body, a.Requests()[0].Body} {
		if body["stream"] != false || body["stream_options"] != nil {
			t.Errorf("asked with %v", body)
		}
	}
}

func TestFaultsInOnePiece(t *testing.T) {
	for _, c := range []struct {
		reply openaitest.Reply
		code  string
	}{
		{openaitest.Reply{Fault: openaitest.HTML}, provider.CodeBadResponse},
		{openaitest.Reply{Pieces: nil}, provider.CodeEmpty},
		{openaitest.Reply{Fault: openaitest.SlowHeaders}, provider.CodeTimeout},
		{openaitest.Reply{Status: http.StatusTooManyRequests, Body: `{"error":{"code":"slow_down"}}`}, "slow_down"},
	} {
		_, _, err := ask(t.Context(), model(t, openaitest.New(t, c.reply), inOnePiece))
		var e *provider.Error
		if !errors.As(err, &e) || e.Code != c.code || !e.Retryable {
			t.Errorf("%+v: %v", c.reply, err)
		}
	}
}
