package embed

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// hanging is a model whose server can be down: it does not answer then.
type hanging struct {
	down  bool
	calls int
}

func (m *hanging) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	m.calls++
	if m.down {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	vectors := make([][]float32, len(texts))
	for i := range vectors {
		vectors[i] = []float32{1}
	}
	return vectors, nil
}

func (m *hanging) Tokens(text string) int { return len(text) }
func (m *hanging) Info() Info             { return Info{Dim: 1} }

// A model that is down costs its time three times, then nothing, and is back soon
// after it is well.
func TestBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &hanging{down: true}
		b := NewBreaker(m)
		took := func() (time.Duration, error) {
			began := time.Now()
			_, err := b.Within(t.Context(), 5*time.Second, []string{"dogs"})
			return time.Since(began), err
		}
		for range breakerFailures {
			if d, err := took(); d != 5*time.Second || !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrDown) {
				t.Fatalf("first failures: %v after %v", err, d)
			}
		}
		for range 10 {
			if d, err := took(); d != 0 || !errors.Is(err, ErrDown) || !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("while it is down: %v after %v", err, d)
			}
			if _, err := b.Embed(t.Context(), []string{"dogs"}); !errors.Is(err, ErrDown) {
				t.Fatalf("others who share the breaker: %v", err)
			}
		}
		if m.calls != breakerFailures {
			t.Errorf("%d calls of a model that is down", m.calls)
		}
		time.Sleep(breakerRetry)
		took()
		took() // starts no second probe
		synctest.Wait()
		if m.calls != breakerFailures+1 {
			t.Errorf("%d calls after the first probe", m.calls)
		}
		m.down = false
		time.Sleep(probeWithin + breakerRetry) // the probe fails, and the next is due
		if _, err := took(); err == nil {
			t.Error("the call that starts a probe waits for it")
		}
		synctest.Wait()
		if d, err := took(); d != 0 || err != nil {
			t.Errorf("once it is back: %v after %v", err, d)
		}
	})
}

// Callers that go away, and texts that are too many for the time there is, do not
// make a slow model look like one that is down.
func TestBreakerIgnoresCallersThatLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBreaker(&hanging{down: true})
		for range 2 * breakerFailures {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			if _, err := b.Within(ctx, 5*time.Second, []string{"dogs"}); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("within: %v", err)
			}
			if _, err := b.Embed(ctx, []string{"dogs"}); errors.Is(err, ErrDown) {
				t.Errorf("embed: %v", err)
			}
			cancel()
		}
	})
}

// A vector that cannot be searched by is a failure.
func TestBreakerChecksVectors(t *testing.T) {
	b := NewBreaker(&hanging{})
	b.Model = twoNumbers{b.Model}
	for range breakerFailures {
		if _, err := b.Embed(t.Context(), []string{"dogs"}); err == nil || errors.Is(err, ErrDown) {
			t.Fatalf("got %v", err)
		}
	}
	if _, err := b.Embed(t.Context(), []string{"dogs"}); !errors.Is(err, ErrDown) {
		t.Errorf("got %v", err)
	}
}

// twoNumbers is not what its vectors have.
type twoNumbers struct{ Model }

func (twoNumbers) Info() Info { return Info{Dim: 2} }

// Where nothing listens the first call fails at once and the next does not ask;
// others than a breaker's calls try again.
func TestBreakerRefused(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	free.Close()
	synctest.Test(t, func(t *testing.T) {
		dials := 0
		o := newOpenAI(t, &server{}, OpenAIConfig{})
		transport := o.config.Transport.(*http.Transport)
		up := transport.DialContext
		transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			dials++
			return (&net.Dialer{}).DialContext(ctx, network, address)
		}
		b, began := NewBreaker(o), time.Now()
		if _, err := b.Within(t.Context(), 5*time.Second, []string{"dogs"}); !errors.Is(err, ErrUnreachable) || errors.Is(err, ErrDown) {
			t.Fatalf("first: %v", err)
		}
		for range 10 {
			if _, err := b.Within(t.Context(), 5*time.Second, []string{"dogs"}); !errors.Is(err, ErrDown) || !errors.Is(err, ErrUnreachable) {
				t.Fatalf("then: %v", err)
			}
		}
		if took := time.Since(began); took != 0 || dials != 1 {
			t.Errorf("%d connections in %v", dials, took)
		}
		if _, err := o.Embed(t.Context(), []string{"dogs"}); !errors.Is(err, ErrUnreachable) || dials != 6 {
			t.Errorf("who can wait: %v after %d connections", err, dials)
		}
		transport.DialContext = up
		time.Sleep(breakerRetry)
		b.Embed(t.Context(), []string{"dogs"}) // has it tried
		synctest.Wait()
		if _, err := b.Embed(t.Context(), []string{"dogs"}); err != nil {
			t.Errorf("once it listens: %v", err)
		}
	})
}

// speaking is a hanging model that gives its tokens' vectors.
type speaking struct{ hanging }

func (m *speaking) EmbedTokens(ctx context.Context, texts []string) ([]Tokens, error) {
	vectors, err := m.Embed(ctx, texts)
	if err != nil {
		return nil, err
	}
	return []Tokens{{Whole: vectors[0], Each: vectors}}, nil
}

// A breaker gives the tokens' vectors of a model that has them, and says so of no other.
func TestBreakerTokens(t *testing.T) {
	if _, ok := WithTokens(NewBreaker(&hanging{})); ok {
		t.Error("a model without vectors of tokens is said to have them")
	}
	m, ok := WithTokens(NewBreaker(&speaking{}))
	if !ok {
		t.Fatal("a model with vectors of tokens is said to have none")
	}
	tokens, err := m.EmbedTokens(t.Context(), []string{"dogs"})
	if err != nil || len(tokens) != 1 || len(tokens[0].Whole) != 1 || len(tokens[0].Each) != 1 {
		t.Errorf("%v, %v", tokens, err)
	}
	synctest.Test(t, func(t *testing.T) {
		b := NewBreaker(&speaking{hanging{down: true}})
		for range breakerFailures {
			b.Within(t.Context(), time.Second, []string{"dogs"})
		}
		if _, err := b.EmbedTokens(t.Context(), []string{"dogs"}); !errors.Is(err, ErrDown) {
			t.Errorf("while it is down: %v", err)
		}
	})
}
