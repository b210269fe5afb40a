//go:build llama

package llama

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/quarry-rag/quarry/retrieve/rerank"
)

// No small reranking model is to be had as a package, so the scores mean nothing
// and differ from call to call; that they are those of the server's answer, text by
// text, is what is checked, also where the model has no room for one of them.
func TestRerank(t *testing.T) {
	dir := os.Getenv("QUARRY_TEST_LLAMA")
	address, stop, err := start(dir, filepath.Join(dir, "model.gguf"), "rerank")
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	said := &answers{}
	c, err := rerank.New(rerank.Config{URL: address + "/v1", HTTP: &http.Client{Transport: said}})
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{"A river flows.", "", "Bananas are yellow.", "The Daugava is a river."}
	long := append(slices.Clone(texts), strings.Repeat("word ", 400))
	for _, tt := range []struct {
		texts    []string
		statuses []int
	}{{texts, []int{200}}, {long, []int{400, 200}}} {
		*said = answers{}
		got, err := c.Rerank(t.Context(), "river", tt.texts)
		if err != nil || !slices.Equal(said.statuses, tt.statuses) {
			t.Fatalf("%v, %v after %v, want %v", got, err, said.statuses, tt.statuses)
		}
		if want := said.scores(t, len(tt.texts)); !slices.Equal(got, want) {
			t.Errorf("scores %v, want %v", got, want)
		}
	}
}

// answers keeps what a server answered: all statuses, and the last body.
type answers struct {
	statuses []int
	last     []byte
}

func (a *answers) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	a.statuses = append(a.statuses, resp.StatusCode)
	if a.last, err = io.ReadAll(resp.Body); err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(a.last))
	return resp, nil
}

func (a *answers) scores(t *testing.T, n int) []float64 {
	var answer struct {
		Results []struct {
			Index int
			Score float64 `json:"relevance_score"`
		}
	}
	if err := json.Unmarshal(a.last, &answer); err != nil || len(answer.Results) != n {
		t.Fatalf("%d results, %v: %s", len(answer.Results), err, a.last)
	}
	out := make([]float64, n)
	for _, r := range answer.Results {
		out[r.Index] = r.Score
	}
	return out
}

// A server that does not rerank says so.
func TestRerankIsRefused(t *testing.T) {
	c, err := rerank.New(rerank.Config{URL: address + "/v1/rerank"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Rerank(t.Context(), "river", []string{"a river", "a hill"})
	if e, ok := errors.AsType[*rerank.StatusError](err); !ok || e.Code != http.StatusNotImplemented {
		t.Errorf("error %v, want status 501", err)
	}
}
