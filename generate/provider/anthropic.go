package provider

import (
	"cmp"
	"encoding/json"
)

// The Messages API is spoken here rather than through langchaingo's anthropic
// provider: that writes events it does not know, with their text, to the
// process's log, always sends a temperature, reads no line over 64 KiB, and
// leaves its reading goroutine behind when a call is cancelled.

const anthropicVersion = "2023-06-01"

// anthropicStatus is the HTTP status of the protocol's error types, which an
// error event in a stream gives without it.
var anthropicStatus = map[string]int{
	"invalid_request_error": 400,
	"authentication_error":  401,
	"billing_error":         402,
	"permission_error":      403,
	"not_found_error":       404,
	"request_too_large":     413,
	"rate_limit_error":      429,
	"api_error":             500,
	"timeout_error":         504,
	"overloaded_error":      529,
}

// anthropicBody is a request of the Messages API.
func (m *Model) anthropicBody(p Prompt) map[string]any {
	body := map[string]any{
		"model":      m.config.Model,
		"max_tokens": p.MaxTokens,
		"stream":     !m.config.NoStream,
		"messages":   p.anthropicMessages(),
	}
	if p.System != "" {
		body["system"] = p.System
	}
	if len(m.config.Stop) > 0 {
		body["stop_sequences"] = m.config.Stop
	}
	m.sampling(body)
	output := map[string]any{}
	switch m.config.Effort {
	case "":
	case "none":
		body["thinking"] = map[string]any{"type": "disabled"}
	default:
		output["effort"] = m.config.Effort
	}
	if p.Schema != nil {
		output["format"] = map[string]any{"type": "json_schema", "schema": p.Schema}
	}
	if len(output) > 0 {
		body["output_config"] = output
	}
	return body
}

func (p Prompt) anthropicMessages() (out []any) {
	say := func(role, text string) { out = append(out, map[string]any{"role": role, "content": text}) }
	for _, t := range p.Examples {
		say("user", t.User)
		say("assistant", t.Assistant)
	}
	say("user", p.User)
	return out
}

// anthropicEvent is what matters of an event of the Messages API.
type anthropicEvent struct {
	Type    string          `json:"type"`
	Error   json.RawMessage `json:"error"`
	Message struct {
		Usage anthropicUsage `json:"usage"`
	} `json:"message"`
	Delta struct {
		Type       string `json:"type"`
		Text       string `json:"text"`
		StopReason string `json:"stop_reason"`
	} `json:"delta"`
	Usage anthropicUsage `json:"usage"`
}

// anthropicUsage counts cached input apart from the rest of the input. Counts
// are running totals; those of message_start may be left out later.
type anthropicUsage struct {
	Input   int `json:"input_tokens"`
	Written int `json:"cache_creation_input_tokens"`
	Read    int `json:"cache_read_input_tokens"`
	Output  int `json:"output_tokens"`
}

func (u anthropicUsage) over(before anthropicUsage) anthropicUsage {
	return anthropicUsage{
		max(u.Input, before.Input), max(u.Written, before.Written), max(u.Read, before.Read), max(u.Output, before.Output),
	}
}

func (u anthropicUsage) normal() Usage {
	return Usage{InputTokens: u.Input + u.Written + u.Read, OutputTokens: u.Output, CachedTokens: u.Read}
}

// finishReasons are the protocol's stop reasons by OpenAI's names; others stay
// as they are.
var finishReasons = map[string]string{
	"end_turn":                      "stop",
	"stop_sequence":                 "stop",
	"max_tokens":                    "length",
	"model_context_window_exceeded": "length",
	"refusal":                       FinishRefused,
}

// anthropic takes in one event. Events and blocks that it does not know may come:
// the protocol says so.
func (s *stream) anthropic(data []byte) error {
	m := s.call.model
	var e anthropicEvent
	if err := json.Unmarshal(data, &e); err != nil || e.Type == "" {
		return m.fault(CodeBadResponse, "an event that is not one")
	}
	switch e.Type {
	case "error":
		return m.eventError(errorMember(data))
	case "message_start":
		s.count(e.Message.Usage)
	case "content_block_delta":
		s.begin()
		if e.Delta.Type == "text_delta" {
			return s.call.text(e.Delta.Text)
		}
	case "message_delta":
		s.count(e.Usage)
		if e.Delta.StopReason != "" {
			s.call.finish = finishReason(e.Delta.StopReason)
		}
	case "message_stop":
		return s.end()
	}
	return nil
}

// finishReason is a stop reason by OpenAI's name.
func finishReason(reason string) string { return cmp.Or(finishReasons[reason], reason) }

func (s *stream) count(u anthropicUsage) {
	s.counted = u.over(s.counted)
	s.call.usage = s.counted.normal()
}
