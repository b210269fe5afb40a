package provider

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// stream reads a provider's server-sent events strictly and reads as the same
// events in a form that langchaingo cannot get wrong: one short line each,
// nothing but text, the finish reason and usage.
type stream struct {
	ctx   context.Context
	call  *call
	first *time.Timer // stopped by the first token
	idle  *time.Timer // runs while a read waits, after the first token
	body  io.Closer
	lines *bufio.Reader
	out   bytes.Buffer
	err   error
	begun bool
	// refused: the model declined in a member of its own.
	refused bool
	// counted so far by a server of Anthropic's protocol.
	counted anthropicUsage
}

// newStream takes over body and the running timer first.
func newStream(ctx context.Context, c *call, first *time.Timer, body io.ReadCloser) *stream {
	s := &stream{ctx: ctx, call: c, first: first, body: body}
	limit := c.model.config.IdleTimeout
	s.idle = time.AfterFunc(limit, func() {
		c.cancel(c.model.fault(CodeStalled, "silent for %v in the middle of the answer", limit))
	})
	s.idle.Stop()
	s.lines = bufio.NewReaderSize(io.LimitReader(readFunc(func(p []byte) (int, error) {
		if s.begun {
			s.idle.Reset(limit)
			defer s.idle.Stop()
		}
		return body.Read(p)
	}), maxStream), 4<<10)
	return s
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// Close gives up the connection. It may be called while a Read waits.
func (s *stream) Close() error {
	s.first.Stop()
	return s.body.Close()
}

// Read implements io.Reader. Anything but a well ended stream is an error,
// which the call keeps too.
func (s *stream) Read(p []byte) (int, error) {
	for s.out.Len() == 0 && s.err == nil {
		if err := s.next(); err == io.EOF {
			s.err = io.EOF
		} else if err != nil {
			s.err = s.call.fail(err)
		}
	}
	if s.out.Len() > 0 {
		return s.out.Read(p)
	}
	return 0, s.err
}

// next reads one event and writes what it means to out. io.EOF is the end that
// the protocol wants.
func (s *stream) next() error {
	m := s.call.model
	data, isError, err := s.event()
	switch {
	case err == io.EOF:
		return m.fault(CodeTruncated, "the connection closed before the end of the answer")
	case errors.Is(err, errLine):
		return m.fault(CodeBadResponse, "%v", err)
	case err != nil:
		return m.transportError(s.ctx, CodeTruncated, err)
	case string(data) == "[DONE]" && m.config.Protocol == OpenAI:
		return s.end()
	case isError:
		return m.eventError(errorMember(data))
	}
	if m.config.Protocol == Anthropic {
		return s.anthropic(data)
	}
	return s.chunk(data)
}

// wireChunk is what matters of a chat.completion.chunk.
type wireChunk struct {
	Error   json.RawMessage `json:"error"`
	Choices []struct {
		Index int `json:"index"`
		Delta struct {
			Content string `json:"content"`
			// Refusal is what comes in place of content when the model refuses.
			Refusal string `json:"refusal"`
			// Thoughts, by their two names.
			ReasoningContent json.RawMessage `json:"reasoning_content"`
			Reasoning        json.RawMessage `json:"reasoning"`
		} `json:"delta"`
		FinishReason string `json:"finish_reason"`
	} `json:"choices"`
	Usage *wireUsage `json:"usage"`
}

type wireUsage struct {
	Prompt     int `json:"prompt_tokens"`
	Completion int `json:"completion_tokens"`
	Details    struct {
		Cached int `json:"cached_tokens"`
	} `json:"prompt_tokens_details"`
}

func (u wireUsage) normal() Usage {
	return Usage{InputTokens: max(u.Prompt, 0), OutputTokens: max(u.Completion, 0), CachedTokens: max(u.Details.Cached, 0)}
}

// chunk takes in one chunk of the answer.
func (s *stream) chunk(data []byte) error {
	m := s.call.model
	var w wireChunk
	if err := json.Unmarshal(data, &w); err != nil {
		return m.fault(CodeBadResponse, "a chunk that is not one")
	}
	if len(w.Error) > 0 && string(w.Error) != "null" {
		return m.eventError(w.Error)
	}
	for _, choice := range w.Choices {
		if choice.Index != 0 {
			continue
		}
		d := choice.Delta
		if d.Content != "" || d.Refusal != "" || says(d.ReasoningContent) || says(d.Reasoning) {
			s.begin()
		}
		s.text(d.Content)
		s.text(d.Refusal)
		s.refused = s.refused || d.Refusal != ""
		if reason := choice.FinishReason; reason == "stop" && s.refused {
			s.call.setFinish("content_filter")
		} else if reason != "" {
			s.call.setFinish(reason)
		}
	}
	if w.Usage != nil {
		s.call.setUsage(w.Usage.normal())
	}
	return nil
}

// says tells whether a member is there and is not empty.
func says(member json.RawMessage) bool {
	return len(member) > 0 && string(member) != "null" && string(member) != `""`
}

// begin marks the first token.
func (s *stream) begin() {
	if !s.begun {
		s.begun = true
		s.first.Stop()
	}
}

// text writes a piece of the answer, in lines well under langchaingo's limit of
// 64 KiB even when each byte is escaped to six.
func (s *stream) text(t string) {
	const limit = 8 << 10
	s.call.addBytes(len(t))
	for t != "" {
		n := len(t)
		if n > limit {
			for n = limit; !utf8.RuneStart(t[n]); n-- {
			}
		}
		b, _ := json.Marshal(t[:n]) // a string always marshals
		s.out.WriteString(`data: {"choices":[{"index":0,"delta":{"content":`)
		s.out.Write(b)
		s.out.WriteString("}}]}\n\n")
		t = t[n:]
	}
}

// end writes the end of a stream that said it.
func (s *stream) end() error {
	s.begin()
	s.call.setDone()
	s.out.WriteString(`data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\ndata: [DONE]\n\n")
	return io.EOF
}

// errorMember is an error event's error: its "error" member, or all of it.
func errorMember(data []byte) json.RawMessage {
	var w struct {
		Error json.RawMessage `json:"error"`
	}
	if json.Unmarshal(data, &w) == nil && len(w.Error) > 0 {
		return w.Error
	}
	return json.RawMessage(strings.TrimSpace(string(data)))
}

func (c *call) setFinish(reason string) { c.mu.Lock(); c.finish = reason; c.mu.Unlock() }
func (c *call) setUsage(u Usage)        { c.mu.Lock(); c.usage = u; c.mu.Unlock() }
func (c *call) setDone()                { c.mu.Lock(); c.done = true; c.mu.Unlock() }
func (c *call) addBytes(n int)          { c.mu.Lock(); c.bytes += n; c.mu.Unlock() }
