package embed

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// ErrResponse marks a response of status 200 that is not the answer asked for:
// not JSON, vectors missing or doubled, or numbers that are no direction.
var ErrResponse = errors.New("embedding server gave a faulty response")

// StatusError is a response of another status than 200.
type StatusError struct {
	Code int
	// Message is what the server said in its error object, at most 300 bytes;
	// empty when it said nothing in a known form.
	Message string
	// RetryAfter is how long the server asks to wait, at most a day; 0 when it does
	// not say.
	RetryAfter time.Duration
}

func (e *StatusError) Error() string {
	s := fmt.Sprintf("embedding server: %d %s", e.Code, http.StatusText(e.Code))
	if e.Message != "" {
		s += ": " + e.Message
	}
	return s
}

// DimensionError says that a model's vectors are not as long as configured.
type DimensionError struct {
	Model     string
	Want, Got int
}

func (e *DimensionError) Error() string {
	return fmt.Sprintf("embedding model %q gave %d dimensions, configured are %d", e.Model, e.Got, e.Want)
}

// vector is an embedding in JSON. Unlike []float32 it takes no null for zero.
type vector []float32

func (v *vector) UnmarshalJSON(data []byte) error {
	text := strings.TrimSpace(string(data))
	inner, opened := strings.CutPrefix(text, "[")
	inner, closed := strings.CutSuffix(inner, "]")
	if !opened || !closed {
		return errors.New("an embedding is not a list of numbers")
	}
	*v = nil
	if strings.TrimSpace(inner) == "" {
		return nil
	}
	*v = make(vector, 0, strings.Count(inner, ",")+1)
	for number := range strings.SplitSeq(inner, ",") {
		n, err := strconv.ParseFloat(strings.TrimSpace(number), 32)
		if err != nil {
			return errors.New("an embedding holds something that is no number in range")
		}
		*v = append(*v, float32(n))
	}
	return nil
}

// decodeVectors returns the vectors of a response in the order of the texts,
// each scaled to length 1.
func decodeVectors(data []byte, texts int, info Info) ([][]float32, error) {
	var response struct {
		Data []struct {
			Index     int    `json:"index"`
			Embedding vector `json:"embedding"`
		} `json:"data"`
	}
	if err := json.Unmarshal(data, &response); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrResponse, err)
	}
	if len(response.Data) != texts {
		return nil, fmt.Errorf("%w: %d vectors for %d texts", ErrResponse, len(response.Data), texts)
	}
	vectors := make([][]float32, texts)
	for _, row := range response.Data {
		if row.Index < 0 || row.Index >= texts || vectors[row.Index] != nil {
			return nil, fmt.Errorf("%w: index %d is doubled or not below %d", ErrResponse, row.Index, texts)
		}
		if len(row.Embedding) != info.Dim {
			return nil, &DimensionError{Model: info.Name, Want: info.Dim, Got: len(row.Embedding)}
		}
		if !normalise(row.Embedding) {
			return nil, fmt.Errorf("%w: vector %d has no direction", ErrResponse, row.Index)
		}
		vectors[row.Index] = row.Embedding
	}
	return vectors, nil
}

// normalise scales v to length 1. A vector of zeros has no direction and stays.
func normalise(v []float32) bool {
	var square float64
	for _, n := range v {
		square += float64(n) * float64(n)
	}
	if square == 0 || math.IsInf(square, 0) || math.IsNaN(square) {
		return false
	}
	scale := 1 / math.Sqrt(square)
	for i, n := range v {
		v[i] = float32(float64(n) * scale)
	}
	return true
}

// errorMessage finds the message in the error objects of the common servers. Anything
// else in a body is left out, as it may repeat the texts.
func errorMessage(body []byte) string {
	var reply struct {
		Error   json.RawMessage `json:"error"`
		Message string          `json:"message"`
	}
	if json.Unmarshal(body, &reply) != nil {
		return ""
	}
	var nested struct {
		Message string `json:"message"`
	}
	var plain string
	if json.Unmarshal(reply.Error, &nested) == nil && nested.Message != "" {
		return oneLine(nested.Message)
	}
	if json.Unmarshal(reply.Error, &plain) == nil && plain != "" {
		return oneLine(plain)
	}
	return oneLine(reply.Message)
}

func oneLine(s string) string {
	const most = 300
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most-3], "") + "…"
	}
	return s
}
