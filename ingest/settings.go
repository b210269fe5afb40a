package ingest

import (
	"fmt"

	"github.com/quarry-rag/quarry/retrieve/lexical"
)

// Settings of a collection. A nil field means its default. retrieve decodes the
// same keys from collection.settings.
type Settings struct {
	// Language of stemming and stop words, ISO 639-1. Default "en". A change
	// applies to documents indexed afterwards.
	Language *string `json:"language,omitempty"`
	// BM25K1 is BM25's term frequency saturation, 0 to 10.
	BM25K1 *float64 `json:"bm25_k1,omitempty"`
	// BM25B is BM25's length normalisation, 0 to 1.
	BM25B *float64 `json:"bm25_b,omitempty"`
	// DenseWeight of the dense leg in fusion, 0 to 1.
	DenseWeight *float64 `json:"dense_weight,omitempty"`
	// MinScore is the coverage, 0 to 1, under which an answer says that the
	// documents do not hold it.
	MinScore *float64 `json:"min_score,omitempty"`
	// ChunkTokens is the most tokens in a chunk, 32 to 8192. Default 220. A
	// change applies to documents indexed afterwards.
	ChunkTokens *int `json:"chunk_tokens,omitempty"`
	// Contextual: a chat model writes what places each chunk in its document, which
	// is embedded and indexed with it. Default false.
	Contextual *bool `json:"contextual,omitempty"`
	// KeepVersionsDays is how long the text of a changed document's earlier
	// versions is kept for those who follow a citation, 0 to 3650. Default 30. A
	// document that is deleted takes all of its versions along at once.
	KeepVersionsDays *int `json:"keep_versions_days,omitempty"`
}

const (
	defaultLanguage         = "en"
	defaultChunkTokens      = 220
	defaultKeepVersionsDays = 30
)

// Validate returns an *Invalid for the first setting out of its range.
func (s Settings) Validate() error {
	ranges := []struct {
		field string
		v     *float64
		hi    float64
	}{
		{"bm25_k1", s.BM25K1, 10},
		{"bm25_b", s.BM25B, 1},
		{"dense_weight", s.DenseWeight, 1},
		{"min_score", s.MinScore, 1},
	}
	for _, r := range ranges {
		if r.v != nil && !(*r.v >= 0 && *r.v <= r.hi) {
			return &Invalid{"settings." + r.field, fmt.Sprintf("must be from 0 to %g", r.hi)}
		}
	}
	if n := s.ChunkTokens; n != nil && (*n < 32 || *n > 8192) {
		return &Invalid{"settings.chunk_tokens", "must be from 32 to 8192"}
	}
	if n := s.KeepVersionsDays; n != nil && (*n < 0 || *n > 3650) {
		return &Invalid{"settings.keep_versions_days", "must be from 0 to 3650"}
	}
	if s.Language != nil {
		if _, err := lexical.For(*s.Language); err != nil {
			return &Invalid{"settings.language", err.Error()}
		}
	}
	return nil
}

func (s Settings) language() string {
	if s.Language == nil {
		return defaultLanguage
	}
	return *s.Language
}

func (s Settings) contextual() bool { return s.Contextual != nil && *s.Contextual }

func (s Settings) chunkTokens() int {
	if s.ChunkTokens == nil {
		return defaultChunkTokens
	}
	return *s.ChunkTokens
}

func (s Settings) keepVersionsDays() int {
	if s.KeepVersionsDays == nil {
		return defaultKeepVersionsDays
	}
	return *s.KeepVersionsDays
}
