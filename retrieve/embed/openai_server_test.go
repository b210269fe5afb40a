package embed

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// pipeListener serves HTTP without sockets, so that a synctest bubble owns all
// that waits and time passes at once.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

func (l *pipeListener) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- server:
		return client, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// server speaks OpenAI's embeddings protocol. before, if set, may answer in its
// place; it is given the number of the try, from 1, and reports whether it did.
type server struct {
	before func(w http.ResponseWriter, r *http.Request, try int) bool

	mu       sync.Mutex
	requests []map[string]any
	headers  []http.Header
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body map[string]any
	if r.Method != http.MethodPost || r.URL.Path != "/v1/embeddings" || json.NewDecoder(r.Body).Decode(&body) != nil {
		http.Error(w, `{"error":{"message":"bad request"}}`, http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	s.requests = append(s.requests, body)
	s.headers = append(s.headers, r.Header)
	try := len(s.requests)
	s.mu.Unlock()
	if s.before != nil && s.before(w, r, try) {
		return
	}
	type row struct {
		Object    string    `json:"object"`
		Index     int       `json:"index"`
		Embedding []float64 `json:"embedding"`
	}
	rows := []row{}
	for i, text := range body["input"].([]any) {
		rows = append([]row{{"embedding", i, rawVector(text.(string))}}, rows...) // last first
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]any{
		"object": "list", "model": body["model"], "data": rows,
		"usage": map[string]int{"prompt_tokens": 1, "total_tokens": 1},
	})
}

// rawVector tells texts apart by length and first byte.
func rawVector(text string) []float64 {
	return []float64{float64(len(text)), float64(text[0]), -2.5}
}

// newOpenAI returns an embedder of s; config needs no address, model or dimension.
func newOpenAI(t *testing.T, s *server, config OpenAIConfig) *OpenAI {
	t.Helper()
	l := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
	hs := &http.Server{Handler: s}
	done := make(chan struct{})
	go func() {
		defer close(done)
		hs.Serve(l)
	}()
	config.BaseURL = "http://embedder.test/v1/"
	config.Model = "test-embedding"
	config.Dim = 3
	config.Transport = &http.Transport{DialContext: l.dial, IdleConnTimeout: time.Minute}
	o, err := NewOpenAI(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		o.Close()
		hs.Close()
		<-done
	})
	return o
}
