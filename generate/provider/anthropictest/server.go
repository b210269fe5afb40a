// Package anthropictest is a server of Anthropic's Messages API for tests. It
// speaks the wire as the real one does and misbehaves in the ways that it does.
package anthropictest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// Fault is one way to misbehave; those within the stream come after Reply.Pieces.
type Fault int

const (
	None Fault = iota
	// Truncate closes the connection before message_delta.
	Truncate
	// NoStop closes the stream well, but without message_stop.
	NoStop
	// NoReason ends with message_stop, but no message_delta gave a stop reason.
	NoReason
	// Overloaded sends an error event.
	Overloaded
	// Invalid sends an error event that another try will not cure.
	Invalid
	// Garbage sends data that is not JSON, then ends well.
	Garbage
	// Stall sends nothing more until the client goes.
	Stall
	// SlowHeaders does not even answer.
	SlowHeaders
	// Endless repeats Pieces until the client goes.
	Endless
	// WholeJSON ignores "stream": true.
	WholeJSON
)

// Reply is what the server answers.
type Reply struct {
	// Thinking is sent as a block before that of Pieces.
	Thinking []string
	Pieces   []string
	// Stop is the stop reason. Empty means "end_turn".
	Stop  string
	Fault Fault
	// Status other than 0 and 200 is answered with Header and Body, no stream.
	Status int
	Header map[string]string
	Body   string
}

// Usage is what every reply reports. Input comes apart from what the cache
// read and wrote.
const (
	InputTokens, CacheRead, CacheWritten, OutputTokens = 23, 67, 33, 45
)

// Request is one request as it came.
type Request struct {
	Path   string
	Header http.Header
	Body   map[string]any
}

// Server is a running server. Safe for concurrent use.
type Server struct {
	// URL is the base URL, up to "/v1".
	URL string
	// Gone gets one value each time a client left before its reply was over.
	Gone chan struct{}

	mu       sync.Mutex
	reply    Reply
	requests []Request
}

// New starts a server that answers everything with r, until the test ends.
func New(t testing.TB, r Reply) *Server {
	t.Helper()
	s := &Server{reply: r, Gone: make(chan struct{}, 1024)}
	h := httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(h.Close)
	s.URL = h.URL + "/v1"
	return s
}

// Requests returns all requests so far.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.requests...)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	var body map[string]any
	raw, _ := io.ReadAll(r.Body)
	err := json.Unmarshal(raw, &body)
	s.mu.Lock()
	s.requests = append(s.requests, Request{r.URL.Path, r.Header.Clone(), body})
	reply := s.reply
	s.mu.Unlock()
	_, hasTokens := body["max_tokens"].(float64)
	switch {
	case r.Method != http.MethodPost || r.URL.Path != "/v1/messages":
		fail(w, 404, "not_found_error", "Not found")
	case err != nil || !hasTokens:
		fail(w, 400, "invalid_request_error", "max_tokens: Field required")
	case r.Header.Get("Anthropic-Version") == "":
		fail(w, 400, "invalid_request_error", "anthropic-version: header is required")
	case reply.Status != 0 && reply.Status != 200:
		w.Header().Set("Content-Type", "application/json")
		for k, v := range reply.Header {
			w.Header().Set(k, v)
		}
		w.WriteHeader(reply.Status)
		io.WriteString(w, reply.Body)
	case reply.Fault == SlowHeaders:
		s.wait(r)
	case reply.Fault == WholeJSON:
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"id":"msg_1","type":"message","role":"assistant","content":[{"type":"text","text":%s}],"stop_reason":%s,"usage":{"input_tokens":1,"output_tokens":1}}`,
			quote(strings.Join(reply.Pieces, "")), quote(cmp.Or(reply.Stop, "end_turn")))
	default:
		s.stream(w, r, reply, body)
	}
}

func fail(w http.ResponseWriter, status int, kind, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"type":"error","error":{"type":%s,"message":%s},"request_id":"req_1"}`, quote(kind), quote(message))
}

// wait until the client is gone, and say so.
func (s *Server) wait(r *http.Request) {
	<-r.Context().Done()
	s.Gone <- struct{}{}
}

func quote(s any) string {
	b, _ := json.Marshal(s)
	return string(b)
}
