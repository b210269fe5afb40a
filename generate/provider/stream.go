package provider

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// stream reads a provider's server-sent events strictly, and gives their text to
// the call: before it waits for more, so that the text of events that came
// together, as they do when this side is behind, goes on as one piece.
type stream struct {
	ctx   context.Context
	call  *call
	first *time.Timer // stopped by the first token
	idle  *time.Timer // runs while a read waits, after the first token
	lines *bufio.Reader
	begun bool
	// refused: the model declined in a member of its own.
	refused bool
	// counted so far by a server of Anthropic's protocol.
	counted anthropicUsage
}

// lineBuffer holds most lines of a stream, in bytes; there is one for each answer
// on its way.
const lineBuffer = 1 << 10

// newStream reads body. first runs.
func newStream(ctx context.Context, c *call, first *time.Timer, body io.Reader) *stream {
	s := &stream{ctx: ctx, call: c, first: first}
	limit := c.model.config.IdleTimeout
	s.idle = time.AfterFunc(limit, func() {
		c.cancel(c.model.fault(CodeStalled, "silent for %v in the middle of the answer", limit))
	})
	s.idle.Stop()
	s.lines = bufio.NewReaderSize(io.LimitReader(readFunc(func(p []byte) (int, error) {
		if err := c.flush(); err != nil {
			return 0, err
		}
		if s.begun {
			s.idle.Reset(limit)
			defer s.idle.Stop()
		}
		return body.Read(p)
	}), maxStream), lineBuffer)
	return s
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// next reads one event and does what it means. io.EOF is the end that the protocol
// wants.
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
		for _, text := range []string{d.Content, d.Refusal} {
			if err := s.call.text(text); err != nil {
				return err
			}
		}
		s.refused = s.refused || d.Refusal != ""
		if reason := choice.FinishReason; reason == "stop" && s.refused {
			s.call.finish = FinishRefused
		} else if reason != "" {
			s.call.finish = reason
		}
	}
	if w.Usage != nil {
		s.call.usage = w.Usage.normal()
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

// maxPiece is the longest text given at once, in bytes.
const maxPiece = 8 << 10

// text adds to the answer. It is given to who asked by flush, or when it is long.
func (c *call) text(t string) error {
	c.bytes += len(t)
	c.pending = append(c.pending, t...)
	if len(c.pending) < maxPiece {
		return nil
	}
	return c.flush()
}

// flush gives what has come of the answer to who asked.
func (c *call) flush() error {
	text := string(c.pending)
	c.pending = c.pending[:0]
	for text != "" {
		n := len(text)
		if n > maxPiece {
			for n = maxPiece; !utf8.RuneStart(text[n]); n-- {
			}
		}
		if err := c.emit(text[:n]); err != nil {
			return err
		}
		text = text[n:]
	}
	return nil
}

// end is that of a stream that said it.
func (s *stream) end() error {
	s.begin()
	s.call.done = true
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
