package ingest

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/quarry-rag/quarry/retrieve/embed"
)

// A pause that one worker was told of holds the others, for that server only.
func TestPauseIsShared(t *testing.T) {
	b := setUp(t)
	told, other := &pacer{pool: b.pool, server: "s"}, &pacer{pool: b.pool, server: "s"}
	elsewhere := &pacer{pool: b.pool, server: "t"}
	b.ok(other.Wait(b.ctx, 10))
	b.ok(told.Pause(b.ctx, time.Hour))
	b.ok(told.Pause(b.ctx, time.Second)) // does not shorten it
	if wait, err := other.reserve(b.ctx, 10); err != nil || wait < 59*time.Minute || wait > time.Hour {
		t.Errorf("the other waits %s, %v", wait, err)
	}
	ended, cancel := context.WithCancel(b.ctx)
	cancel()
	if err := other.Wait(ended, 10); !errors.Is(err, context.Canceled) {
		t.Errorf("it does not end with its context: %v", err)
	}
	b.ok(elsewhere.Wait(b.ctx, 10))
	paid := &pacer{pool: b.pool, server: "s", perMinute: 1000}
	if wait, err := paid.reserve(b.ctx, 10); err != nil || wait < 59*time.Minute {
		t.Errorf("one with a rate waits %s, %v", wait, err)
	}
}

// All workers together keep to the rate: the turns that they take lie as far apart
// as the tokens before cost.
func TestRateIsShared(t *testing.T) {
	b := setUp(t)
	one, two := &pacer{pool: b.pool, server: "s", perMinute: 60}, &pacer{pool: b.pool, server: "s", perMinute: 60}
	began := time.Now()
	var waits []time.Duration
	for _, p := range []*pacer{one, two, one, two} {
		wait, err := p.reserve(b.ctx, 100)
		b.ok(err)
		waits = append(waits, wait)
	}
	took := time.Since(began)
	for i, wait := range waits {
		at := time.Duration(i) * 100 * time.Second
		if wait > at+time.Second || wait < at-took-time.Second {
			t.Errorf("turn %d is in %s, want %s", i, wait, at)
		}
	}
}

// A worker with a remote model tells the others what its server asks for, and
// people why documents wait.
func TestWorkerSharesItsServersPause(t *testing.T) {
	b := setUp(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3600")
		http.Error(w, `{"error":{"message":"too many tokens"}}`, http.StatusTooManyRequests)
	}))
	t.Cleanup(server.Close)
	model, err := embed.NewOpenAI(embed.OpenAIConfig{BaseURL: server.URL, Model: "m", Dim: 3})
	b.ok(err)
	_, err = NewCatalog(b.pool, b.ids, model.Info()).Create(b.ctx, "far", "", Settings{})
	b.ok(err)
	_, _, err = b.in.Put(b.ctx, "far", Document{URI: "a", Body: []byte("words")})
	b.ok(err)
	b.workWith(model, WorkerOptions{})
	b.until(`select exists (select from pace where server = $1 and free_at > now() + interval '50 minutes')`, model.Server())
	b.until(`select exists (select from document where uri = 'a' and state = 'pending' and reason like '%429%')`)
}
