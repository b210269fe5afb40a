package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// upstream is a chat server that speaks the OpenAI protocol. Each token of its
// answers says which it is and when it was sent.
type upstream struct {
	url     string
	stop    func()
	waiting atomic.Int64 // requests of this pace that came

	mu   sync.Mutex
	pace pace
	gone []time.Time // when a client was seen to have left
}

// pace is how answers come.
type pace struct {
	tokens  int
	apart   time.Duration // between two tokens
	spread  time.Duration // over which the first ones of many answers lie
	padding string        // follows each token
	// open, closed, lets answers begin.
	open chan struct{}
}

// set changes the pace of requests to come.
func (u *upstream) set(p pace) {
	if p.open == nil {
		p.open = make(chan struct{})
		close(p.open)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.pace = p
	u.waiting.Store(0)
}

func startUpstream() (*upstream, error) {
	u := &upstream{}
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: u, ReadHeaderTimeout: time.Minute}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(lis); !errors.Is(err, http.ErrServerClosed) {
			fmt.Println("upstream:", err)
		}
	}()
	u.url = "http://" + lis.Addr().String() + "/v1"
	u.stop = func() { server.Close(); <-done }
	return u, nil
}

// ServeHTTP answers one chat completion.
func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, err := io.Copy(io.Discard, io.LimitReader(r.Body, 8<<20)); err != nil {
		return
	}
	u.mu.Lock()
	p := u.pace
	u.mu.Unlock()
	flush := w.(http.Flusher)
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	flush.Flush()
	n := u.waiting.Add(1)
	select {
	case <-p.open:
	case <-r.Context().Done():
	}
	// Knuth's multiplicative hash spreads neighbours far apart.
	next := time.NewTimer(time.Duration(float64(p.spread) * float64(uint32(n)*2654435769) / (1 << 32)))
	defer next.Stop()
	for i := range p.tokens {
		select {
		case <-next.C:
		case <-r.Context().Done():
			u.mu.Lock()
			u.gone = append(u.gone, time.Now())
			u.mu.Unlock()
			return
		}
		next.Reset(p.apart)
		u.chunk(w, fmt.Sprintf("%d.%d%s;", i, time.Now().UnixNano(), p.padding), "null")
		flush.Flush()
	}
	u.chunk(w, "", `"stop"`)
	fmt.Fprintf(w, "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":%d}}\n\ndata: [DONE]\n\n", p.tokens)
}

func (u *upstream) chunk(w io.Writer, text, finish string) {
	quoted, _ := json.Marshal(text)
	fmt.Fprintf(w, "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":%s},\"finish_reason\":%s}]}\n\n", quoted, finish)
}

// seen is how many clients were seen to have left.
func (u *upstream) seen() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.gone)
}

// left waits until n clients were seen to have left, and returns when.
func (u *upstream) left(ctx context.Context, n int) ([]time.Time, error) {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		u.mu.Lock()
		gone := append([]time.Time(nil), u.gone...)
		u.mu.Unlock()
		if len(gone) >= n {
			return gone, nil
		}
		select {
		case <-ctx.Done():
			return gone, fmt.Errorf("upstream saw %d of %d clients leave: %w", len(gone), n, ctx.Err())
		case <-tick.C:
		}
	}
}

// reader checks the tokens of one answer, however deltas cut them.
type reader struct {
	next   int
	rest   string
	delays []time.Duration
}

// take reads a delta that came at a time.
func (r *reader) take(text string, at time.Time) error {
	words := strings.SplitAfter(r.rest+text, ";")
	r.rest = words[len(words)-1]
	for _, w := range words[:len(words)-1] {
		var n int
		var sent int64
		if _, err := fmt.Sscanf(w, "%d.%d", &n, &sent); err != nil || n != r.next {
			return fmt.Errorf("token %q came where %d was due", w, r.next)
		}
		r.next++
		r.delays = append(r.delays, at.Sub(time.Unix(0, sent)))
	}
	return nil
}
