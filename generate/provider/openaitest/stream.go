package openaitest

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
)

// chunks writes one stream's chat.completion.chunk events.
type chunks struct {
	w     http.ResponseWriter
	flush http.Flusher
	model string
	usage bool // the client asked for it
}

// choice sends a chunk of one choice; finish is JSON: null or a string.
func (c chunks) choice(delta, finish string) {
	c.raw(fmt.Sprintf(`"choices":[{"index":0,"delta":%s,"logprobs":null,"finish_reason":%s}]%s`, delta, finish, c.null()))
}

func (c chunks) null() string {
	if c.usage {
		return `,"usage":null`
	}
	return ""
}

func (c chunks) raw(members string) {
	c.line(fmt.Sprintf(`data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":%s,"system_fingerprint":"fp_1",%s}`,
		quote(c.model), members))
}

func (c chunks) line(s string) {
	fmt.Fprint(c.w, s+"\n\n")
	c.flush.Flush()
}

func (s *Server) stream(w http.ResponseWriter, r *http.Request, reply Reply, body map[string]any) {
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	model, _ := body["model"].(string)
	options, _ := body["stream_options"].(map[string]any)
	c := chunks{w, w.(http.Flusher), model, options["include_usage"] == true}
	c.choice(`{"role":"assistant","content":"","refusal":null}`, "null")
	c.line(": keep-alive")
	for _, p := range reply.Reasoning {
		c.choice("{"+quote(cmp.Or(reply.ReasoningIn, "reasoning_content"))+":"+quote(p)+"}", "null")
	}
	for again := true; again; again = reply.Fault == Endless {
		for _, p := range reply.Pieces {
			if r.Context().Err() != nil {
				s.Gone <- struct{}{}
				return
			}
			c.choice(`{"content":`+quote(p)+`}`, "null")
		}
	}
	if reply.Refusal != "" {
		c.choice(`{"content":null,"refusal":`+quote(reply.Refusal)+`}`, "null")
	}
	s.end(c, r, reply)
}

// end sends what follows the text.
func (s *Server) end(c chunks, r *http.Request, reply Reply) {
	failure := `{"error":{"message":"The server had an error while processing your request","type":"server_error","param":null,"code":null}}`
	switch reply.Fault {
	case Truncate:
		panic(http.ErrAbortHandler)
	case Stall:
		s.wait(r)
		return
	case ErrorEvent:
		c.line("data: " + failure)
	case NamedErrorEvent:
		c.line("event: error\ndata: " + strings.TrimSuffix(strings.TrimPrefix(failure, `{"error":`), "}"))
	case Garbage:
		c.line(`data: {"choices":[{"delta":{"content":"lost`)
		c.choice("{}", `"stop"`)
	case FunctionCall:
		c.choice("{}", `"function_call"`)
	case NoFinish:
	default:
		c.choice("{}", quote(cmp.Or(reply.Finish, "stop")))
	}
	if c.usage {
		c.raw(fmt.Sprintf(`"choices":[],"usage":{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d,"prompt_tokens_details":{"cached_tokens":%d}}`,
			InputTokens, OutputTokens, InputTokens+OutputTokens, CachedTokens))
	}
	c.line("data: [DONE]")
}
