// Package embed turns text into vectors. Its implementations are onnx (in
// process, the only part of Quarry that needs cgo) and OpenAI (HTTP).
package embed

import (
	"context"
	"math"
)

// Model is one embedding model. ingest and retrieve must use the same one for a
// collection; Info.Fingerprint tells whether they do. Safe for concurrent use.
type Model interface {
	// Embed returns a vector of Info().Dim numbers and length 1 for each text,
	// in order. Equal texts give equal vectors, whatever shares the call. A text
	// of more than Info().MaxTokens is cut at its end. No text is no vector and
	// no error. It stops early, with ctx's error, when ctx ends.
	Embed(ctx context.Context, texts []string) ([][]float32, error)
	// Tokens counts a text's tokens, special ones not included. For models
	// whose tokenizer is not known here it is a safe (high) estimate.
	Tokens(text string) int
	Info() Info
}

// TokenModel is a model that gives its tokens' vectors too, for late interaction.
// WithTokens tells whether a Model is one.
type TokenModel interface {
	Model
	// EmbedTokens is Embed with the tokens' vectors.
	EmbedTokens(ctx context.Context, texts []string) ([]Tokens, error)
}

// Tokens is a text's vector and, of its tokens without special ones, in order, the
// vectors, each of length 1, and the places in the text: token i is
// text[Spans[i][0]:Spans[i][1]]. Places may overlap where one character makes
// several tokens.
type Tokens struct {
	Whole []float32
	Each  [][]float32
	Spans [][2]int
}

// WithTokens returns m, if it gives its tokens' vectors.
func WithTokens(m Model) (TokenModel, bool) {
	within := m
	if b, ok := m.(*Breaker); ok {
		within = b.Model
	}
	if _, ok := within.(TokenModel); !ok {
		return nil, false
	}
	t, ok := m.(TokenModel)
	return t, ok
}

// Info describes a model.
type Info struct {
	// Name, for people and for configuration, as in "all-MiniLM-L6-v2".
	Name string
	// Dim is the length of its vectors.
	Dim int
	// MaxTokens is the longest text it reads, special tokens included.
	MaxTokens int
	// Fingerprint changes whenever equal text could give another vector: it
	// covers weights, tokenizer and MaxTokens.
	Fingerprint string
}

// Cosine of two vectors, of whatever lengths; 0 where it is no number, or where their
// dimensions differ.
func Cosine(a, b []float32) float64 {
	if len(a) != len(b) {
		return 0
	}
	var dot, x, y float64
	for i := range a {
		dot += float64(a[i]) * float64(b[i])
		x += float64(a[i]) * float64(a[i])
		y += float64(b[i]) * float64(b[i])
	}
	if c := dot / math.Sqrt(x*y); !math.IsNaN(c) && !math.IsInf(c, 0) {
		return c
	}
	return 0
}
