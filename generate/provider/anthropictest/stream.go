package anthropictest

import (
	"fmt"
	"net/http"
)

// events writes one stream's events.
type events struct {
	w     http.ResponseWriter
	flush http.Flusher
}

func (e events) send(name, data string) {
	fmt.Fprintf(e.w, "event: %s\ndata: %s\n\n", name, data)
	e.flush.Flush()
}

func (e events) delta(index int, kind, field, text string) {
	e.send("content_block_delta", fmt.Sprintf(`{"type":"content_block_delta","index":%d,"delta":{"type":"%s","%s":%s}}`, index, kind, field, quote(text)))
}

func (s *Server) stream(w http.ResponseWriter, r *http.Request, reply Reply, body map[string]any) {
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	e := events{w, w.(http.Flusher)}
	e.send("message_start", fmt.Sprintf(`{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":%s,"content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":%d,"cache_creation_input_tokens":%d,"cache_read_input_tokens":%d,"output_tokens":1}}}`,
		quote(body["model"]), InputTokens, CacheWritten, CacheRead))
	block := 0
	if len(reply.Thinking) > 0 {
		e.send("content_block_start", `{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}`)
		for _, t := range reply.Thinking {
			e.delta(0, "thinking_delta", "thinking", t)
		}
		e.delta(0, "signature_delta", "signature", "c2ln")
		e.send("content_block_stop", `{"type":"content_block_stop","index":0}`)
		block = 1
	}
	e.send("content_block_start", fmt.Sprintf(`{"type":"content_block_start","index":%d,"content_block":{"type":"text","text":""}}`, block))
	e.send("ping", `{"type":"ping"}`)
	for again := true; again; again = reply.Fault == Endless {
		for _, p := range reply.Pieces {
			if r.Context().Err() != nil {
				s.Gone <- struct{}{}
				return
			}
			e.delta(block, "text_delta", "text", p)
		}
	}
	s.end(e, r, reply, block)
}

// end sends what follows the text.
func (s *Server) end(e events, r *http.Request, reply Reply, block int) {
	switch reply.Fault {
	case Truncate:
		panic(http.ErrAbortHandler)
	case Stall:
		s.wait(r)
		return
	case Overloaded:
		e.send("error", `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`)
		return
	case Invalid:
		e.send("error", `{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long"}}`)
		return
	case Garbage:
		e.send("content_block_delta", `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"lost`)
	}
	e.send("content_block_stop", fmt.Sprintf(`{"type":"content_block_stop","index":%d}`, block))
	if reply.Fault != NoReason {
		reason := reply.Stop
		if reason == "" {
			reason = "end_turn"
		}
		e.send("message_delta", fmt.Sprintf(`{"type":"message_delta","delta":{"stop_reason":%s,"stop_sequence":null},"usage":{"output_tokens":%d}}`, quote(reason), OutputTokens))
	}
	if reply.Fault != NoStop {
		e.send("message_stop", `{"type":"message_stop"}`)
	}
}
