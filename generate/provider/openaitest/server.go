// Package openaitest is an OpenAI-compatible chat server for tests. It speaks
// the wire as the real ones do and misbehaves in the ways that they do.
package openaitest

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

// Fault is one way to misbehave. All but those before the stream come after
// Reply.Pieces were sent.
type Fault int

const (
	None Fault = iota
	// Truncate closes the connection before the finish reason and "[DONE]".
	Truncate
	// NoFinish ends with "[DONE]", but no chunk gave a finish reason.
	NoFinish
	// ErrorEvent sends {"error": …} as a chunk, then "[DONE]".
	ErrorEvent
	// NamedErrorEvent sends it as "event: error".
	NamedErrorEvent
	// Garbage sends data that is not JSON, then goes on well.
	Garbage
	// Stall says nothing more until the client goes.
	Stall
	// SlowHeaders does not even answer.
	SlowHeaders
	// Endless repeats Pieces until the client goes.
	Endless
	// FunctionCall finishes with "function_call" and no function.
	FunctionCall
	// WholeJSON ignores "stream": true.
	WholeJSON
	// HTML answers 200 with a page, as a captive portal does.
	HTML
)

// Reply is what the server answers.
type Reply struct {
	Pieces []string
	// Reasoning is sent before Pieces, in the member ReasoningIn; empty means
	// "reasoning_content".
	Reasoning   []string
	ReasoningIn string
	// Refusal is sent after Pieces, in the member that OpenAI's models decline in.
	Refusal string
	// Finish is the finish reason. Empty means "stop".
	Finish string
	Fault  Fault
	// Status other than 0 and 200 is answered with Header and Body, no stream.
	Status int
	Header map[string]string
	Body   string
}

// Usage is what every reply reports when it is asked to.
const (
	InputTokens, OutputTokens, CachedTokens = 123, 45, 67
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
	// Came gets one value for each request, once it has been read.
	Came chan struct{}
	// Gone gets one value each time a client left before its reply was over.
	Gone chan struct{}

	mu       sync.Mutex
	reply    Reply
	queue    []Reply
	requests []Request
}

// New starts a server that answers everything with r, until the test ends.
func New(t testing.TB, r Reply) *Server {
	t.Helper()
	s := &Server{reply: r, Came: make(chan struct{}, 1<<16), Gone: make(chan struct{}, 1<<16)}
	h := httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(h.Close)
	s.URL = h.URL + "/v1"
	return s
}

// Set changes the reply of requests to come.
func (s *Server) Set(r Reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reply = r
}

// Queue gives the next requests a reply each; those after get the usual one.
func (s *Server) Queue(r ...Reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = append(s.queue, r...)
}

// Requests returns all requests so far.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.requests...)
}

// LastUser returns the user message of the last request; empty without one.
func (s *Server) LastUser() string {
	all := s.Requests()
	if len(all) == 0 {
		return ""
	}
	messages, _ := all[len(all)-1].Body["messages"].([]any)
	for _, m := range messages {
		if m, ok := m.(map[string]any); ok && m["role"] == "user" {
			text, _ := m["content"].(string)
			return text
		}
	}
	return ""
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	var body map[string]any
	raw, _ := io.ReadAll(r.Body)
	err := json.Unmarshal(raw, &body)
	s.mu.Lock()
	s.requests = append(s.requests, Request{r.URL.Path, r.Header.Clone(), body})
	reply := s.reply
	if len(s.queue) > 0 {
		reply, s.queue = s.queue[0], s.queue[1:]
	}
	s.mu.Unlock()
	s.Came <- struct{}{}
	switch {
	case r.Method != http.MethodPost || r.URL.Path != "/v1/chat/completions":
		writeError(w, 404, `{"error":{"message":"Unknown request URL","type":"invalid_request_error","code":"unknown_url"}}`)
	case err != nil:
		writeError(w, 400, `{"error":{"message":"could not parse the JSON body","type":"invalid_request_error","code":null}}`)
	case reply.Status != 0 && reply.Status != 200:
		for k, v := range reply.Header {
			w.Header().Set(k, v)
		}
		writeError(w, reply.Status, reply.Body)
	case reply.Fault == SlowHeaders:
		s.wait(r)
	case reply.Fault == HTML:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(w, "<html><body>Please log in</body></html>")
	case reply.Fault == WholeJSON || body["stream"] != true:
		w.Header().Set("Content-Type", "application/json")
		writeWhole(w, reply)
	default:
		s.stream(w, r, reply, body)
	}
}

// writeWhole answers in one piece; a refusal stands in place of the content.
func writeWhole(w io.Writer, r Reply) {
	content, refusal := quote(strings.Join(r.Pieces, "")), "null"
	if r.Refusal != "" {
		content, refusal = "null", quote(r.Refusal)
	}
	fmt.Fprintf(w, `{"id":"chatcmpl-1","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":%s,"refusal":%s},"finish_reason":%s}],"usage":{"prompt_tokens":123,"completion_tokens":45,"total_tokens":168}}`,
		content, refusal, quote(cmp.Or(r.Finish, "stop")))
}

func writeError(w http.ResponseWriter, status int, body string) {
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(status)
	io.WriteString(w, body)
}

// wait until the client is gone, and say so.
func (s *Server) wait(r *http.Request) {
	<-r.Context().Done()
	s.Gone <- struct{}{}
}

func quote(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}
