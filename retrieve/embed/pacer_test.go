package embed

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// noted is a Pacer that notes what it is told.
type noted struct {
	mu     sync.Mutex
	tokens []int
	pauses []time.Duration
	err    error
}

func (n *noted) Wait(_ context.Context, tokens int) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.tokens = append(n.tokens, tokens)
	return n.err
}

func (n *noted) Pause(_ context.Context, d time.Duration) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.pauses = append(n.pauses, d)
	return nil
}

// Every try waits for its turn, and all are told of a pause, also one that is too
// long for this call; a failure that asks for none tells nobody.
func TestPacerHearsOfPauses(t *testing.T) {
	for name, c := range map[string]struct {
		fault  func(http.ResponseWriter, *http.Request)
		tries  int
		pauses []time.Duration
	}{
		"429 with seconds": {status(429, "Retry-After", "7", ""), 2, []time.Duration{7 * time.Second}},
		"503 with seconds": {status(503, "Retry-After", "3", ""), 2, []time.Duration{3 * time.Second}},
		"too long":         {status(429, "Retry-After", "3600", ""), 1, []time.Duration{time.Hour}},
		"for ever":         {status(429, "Retry-After", "999999999", ""), 1, []time.Duration{24 * time.Hour}},
		"until 2100":       {status(429, "Retry-After", "Fri, 01 Jan 2100 00:00:00 GMT", ""), 1, []time.Duration{24 * time.Hour}},
		"500":              {status(500, "", "", ""), 2, nil},
		"none":             {nil, 1, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &server{before: func(w http.ResponseWriter, r *http.Request, try int) bool {
					if try > 1 || c.fault == nil {
						return false
					}
					c.fault(w, r)
					return true
				}}
				p := &noted{}
				_, _ = newOpenAI(t, s, OpenAIConfig{}).Paced(p).Embed(t.Context(), []string{"some text"})
				if len(p.tokens) != c.tries || p.tokens[0] != estimateTokens("some text") {
					t.Errorf("waited for %v, want %d tries", p.tokens, c.tries)
				}
				if diff := cmp.Diff(c.pauses, p.pauses); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestNothingIsSentOutOfTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		p := &noted{err: errors.New("the database is away")}
		if _, err := newOpenAI(t, s, OpenAIConfig{}).Paced(p).Embed(t.Context(), []string{"a"}); !errors.Is(err, p.err) {
			t.Errorf("error %v", err)
		}
		if len(s.requests) != 0 {
			t.Errorf("%d requests", len(s.requests))
		}
	})
}
