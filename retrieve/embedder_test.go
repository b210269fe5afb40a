package retrieve

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// remote is a model whose server can be down: it hangs then.
type remote struct {
	hashed
	down  bool
	calls int
}

func (m *remote) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	m.calls++
	if m.down {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return m.hashed.Embed(ctx, texts)
}

// A model that is down costs the budget three times, then nothing, and is back
// soon after it is well.
func TestEmbedderGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &remote{hashed: hashed{8}, down: true}
		e := &embedder{model: m, budget: 5 * time.Second}
		took := func() (time.Duration, error) {
			began := time.Now()
			_, err := e.embed(t.Context(), []string{"dogs"})
			return time.Since(began), err
		}
		for range embedFailures {
			if d, err := took(); d != 5*time.Second || !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("first failures: %v after %v", err, d)
			}
		}
		for range 10 {
			d, err := took()
			if _, ok := errors.AsType[*legError](err); d != 0 || !ok || !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("while it is down: %v after %v", err, d)
			}
		}
		if m.calls != embedFailures {
			t.Errorf("%d calls of a model that is down", m.calls)
		}
		time.Sleep(embedRetry)
		took()
		took() // starts no second probe
		synctest.Wait()
		if m.calls != embedFailures+1 {
			t.Errorf("%d calls after the first probe", m.calls)
		}
		m.down = false
		time.Sleep(5*time.Second + embedRetry) // the probe fails, and the next is due
		if _, err := took(); err == nil {
			t.Error("the search that starts a probe waits for it")
		}
		synctest.Wait()
		if d, err := took(); d != 0 || err != nil {
			t.Errorf("once it is back: %v after %v", err, d)
		}
	})
}

// Callers that go away do not make a slow model look like one that is down.
func TestEmbedderIgnoresCallersThatLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &embedder{model: &remote{hashed: hashed{8}, down: true}, budget: 5 * time.Second}
		for range 2 * embedFailures {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			e.embed(ctx, []string{"dogs"})
			cancel()
		}
		if err := e.down(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
