// Package provider reaches chat models over HTTP through langchaingo's llms
// types. What langchaingo lets through silently is an error here: a stream cut
// off, stalled or cancelled, an error event in its middle, a line that is not
// what the protocol allows.
package provider

import (
	"encoding/json"
	"time"
)

// Prompt is what a model is asked.
type Prompt struct {
	System, User string
	// Examples are turns before User's.
	Examples []Turn
	// MaxTokens of the answer. 0 means the model's configured limit.
	MaxTokens int
	// Schema is the JSON schema that the answer must obey. nil: text.
	Schema json.RawMessage
	// Strict: the schema is one that OpenAI's strict mode takes.
	Strict bool
}

// Turn is a message and the model's answer to it.
type Turn struct{ User, Assistant string }

// Result is how a model's answer ended.
type Result struct {
	// FinishReason by OpenAI's names, whatever the protocol: "stop", "length",
	// FinishRefused, …
	FinishReason string
	// Usage as the provider counts it; zero when it does not say.
	Usage Usage
}

// FinishRefused is the finish reason of an answer that the model, or a content
// filter of its provider, declined to give or to go on with. It may have no text.
const FinishRefused = "content_filter"

// Usage is tokens, 0 or more. CachedTokens are part of InputTokens, and tokens
// of reasoning are part of OutputTokens.
type Usage struct{ InputTokens, OutputTokens, CachedTokens int }

// Limits that no configuration raises.
const (
	// maxLine is the longest line of a stream, in bytes.
	maxLine = 8 << 20
	// maxStream is the most bytes read of one answer, framing and all.
	maxStream = 256 << 20
	// maxErrorBody is how much of an error response is read, in bytes.
	maxErrorBody = 64 << 10
)

// Defaults of the times in Config.
const (
	defaultTimeout    = 5 * time.Minute
	defaultFirstToken = 90 * time.Second
	defaultIdle       = 30 * time.Second
	defaultMaxTokens  = 1024
)
