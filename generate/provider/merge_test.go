package provider_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/quarry-rag/quarry/generate/provider"
)

// The first text is given while the server has said no more, and what comes
// together later is given in fewer pieces, in order, with nothing lost.
func TestStreamMergesWhatCameTogether(t *testing.T) {
	const tokens = 500
	heard := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		say := func(text string) string {
			return fmt.Sprintf("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":%q}}]}\n\n: still here\n\n", text)
		}
		fmt.Fprint(w, say("0;"))
		w.(http.Flusher).Flush()
		select {
		case <-heard:
		case <-r.Context().Done():
			return
		}
		var rest strings.Builder
		for i := range tokens - 1 {
			rest.WriteString(say(fmt.Sprintf("%d;", i+1)))
		}
		fmt.Fprint(w, rest.String(), "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
	}))
	defer s.Close()
	m, err := provider.New(provider.Config{BaseURL: s.URL + "/v1", Model: "m"})
	if err != nil {
		t.Fatal(err)
	}
	var got, want strings.Builder
	pieces := 0
	_, err = m.Stream(t.Context(), provider.Prompt{User: "count"}, func(text string) error {
		if pieces++; pieces == 1 {
			close(heard)
		}
		got.WriteString(text)
		return nil
	})
	for i := range tokens {
		fmt.Fprintf(&want, "%d;", i)
	}
	if err != nil || got.String() != want.String() {
		t.Fatalf("%q, %v", got.String(), err)
	}
	if pieces < 2 || pieces > tokens*2/3 {
		t.Errorf("%d tokens in %d pieces", tokens, pieces)
	}
}

// Text that came together with an error is given before it.
func TestStreamGivesWhatCameBeforeAnError(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"half\"}}]}\n\ndata: {\"error\":{\"message\":\"overloaded\"}}\n\n")
	}))
	defer s.Close()
	m, err := provider.New(provider.Config{BaseURL: s.URL + "/v1", Model: "m"})
	if err != nil {
		t.Fatal(err)
	}
	text, _, err := ask(t.Context(), m)
	if _, ok := errors.AsType[*provider.Error](err); !ok || text != "half" {
		t.Errorf("%q, %v", text, err)
	}
}
