package rerank

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// wire is how one kind of server speaks, by its documentation and source.
type wire struct {
	name, path string
	// answer is the response to a body, or an error body and its status.
	answer func(body map[string]any) (status int, contentType, text string)
	// requests for 50 texts, the first time and the next.
	first, next int32
}

// scored are results as every server gives them, best first: the score of "text N"
// is N less 25.
func scored(texts []any, label string, more func(index int) string) string {
	type one struct {
		index int
		score float64
	}
	var all []one
	for i, t := range texts {
		var n float64
		fmt.Sscanf(t.(string), "text %f", &n)
		all = append(all, one{i, n - 25})
	}
	slices.SortFunc(all, func(a, b one) int { return cmp.Compare(b.score, a.score) })
	var out []string
	for _, r := range all {
		out = append(out, fmt.Sprintf(`{"index":%d,"%s":%g%s}`, r.index, label, r.score, more(r.index)))
	}
	return "[" + strings.Join(out, ",") + "]"
}

func nothing(int) string { return "" }

var wires = []wire{
	{name: "Cohere v2", path: "/v2/rerank", first: 1, next: 1, answer: func(body map[string]any) (int, string, string) {
		texts, ok := body["documents"].([]any)
		switch {
		case body["model"] == nil:
			return 400, "application/json", `{"id":"1","message":"invalid request: model is required"}`
		case !ok:
			return 400, "application/json", `{"id":"1","message":"invalid request: list of documents must not be empty"}`
		}
		return 200, "application/json", `{"id":"07734bd2-2473-4f07-94e1-0d9f0e6843cf","results":` + scored(texts, "relevance_score", nothing) +
			`,"meta":{"api_version":{"version":"2","is_experimental":false},"billed_units":{"search_units":1}}}`
	}},
	{name: "Jina", path: "/v1/rerank", first: 1, next: 1, answer: func(body map[string]any) (int, string, string) {
		texts, ok := body["documents"].([]any)
		if !ok || body["model"] == nil {
			return 422, "application/json", `{"detail":"[{\"type\":\"missing\",\"loc\":[\"body\",\"documents\"],\"msg\":\"Field required\"}]"}`
		}
		document := func(i int) string { return fmt.Sprintf(`,"document":{"text":%q}`, texts[i]) }
		return 200, "application/json", `{"model":"jina-reranker-v2-base-multilingual","object":"list","usage":{"total_tokens":815},"results":` +
			scored(texts, "relevance_score", document) + `}`
	}},
	{name: "llama.cpp", path: "/v1/rerank", first: 1, next: 1, answer: func(body map[string]any) (int, string, string) {
		texts, ok := body["documents"].([]any)
		if !ok || len(texts) == 0 {
			return 400, "application/json", `{"error":{"code":400,"message":"\"documents\" must be a non-empty string array","type":"invalid_request_error"}}`
		}
		return 200, "application/json", `{"model":"m","object":"list","usage":{"prompt_tokens":42,"total_tokens":42},"results":` +
			scored(texts, "relevance_score", nothing) + `}`
	}},
	{name: "text-embeddings-inference", path: "/rerank", first: 3, next: 2, answer: func(body map[string]any) (int, string, string) {
		texts, ok := body["texts"].([]any)
		switch {
		case !ok:
			return 422, "text/plain; charset=utf-8", "Failed to deserialize the JSON body into the target type: missing field `texts` at line 1 column 99"
		case len(texts) > 32:
			return 422, "application/json", fmt.Sprintf(`{"error":"batch size %d > maximum allowed batch size 32","error_type":"Validation"}`, len(texts))
		case body["truncate"] != true:
			return 422, "application/json", "{\"error\":\"`inputs` must have less than 512 tokens. Given: 600\",\"error_type\":\"Validation\"}"
		}
		return 200, "application/json", scored(texts, "score", nothing)
	}},
}

// Each kind of server scores more texts than the smallest limit of any, in the
// order that they were sent.
func TestWires(t *testing.T) {
	var texts []string
	for i := range 50 {
		texts = append(texts, fmt.Sprintf("text %d", (i*37)%50))
	}
	for _, w := range wires {
		t.Run(w.name, func(t *testing.T) {
			var requests atomic.Int32
			s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				requests.Add(1)
				raw, err := io.ReadAll(r.Body)
				var body map[string]any
				if err != nil || json.Unmarshal(raw, &body) != nil || r.Method != http.MethodPost || r.URL.Path != w.path ||
					r.Header.Get("Content-Type") != "application/json" || r.Header.Get("Authorization") != "Bearer k" || body["query"] != "q" {
					t.Errorf("%s %s %v: %s", r.Method, r.URL, r.Header, raw)
				}
				if top, ok := body["top_n"]; ok && int(top.(float64)) != len(texts) {
					t.Errorf("top_n %v", top)
				}
				status, contentType, text := w.answer(body)
				rw.Header().Set("Content-Type", contentType)
				rw.WriteHeader(status)
				io.WriteString(rw, text)
			}))
			defer s.Close()
			c, err := New(Config{URL: s.URL + w.path, Model: "m", Key: "k"})
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []int32{w.first, w.next} {
				requests.Store(0)
				got, err := c.Rerank(t.Context(), "q", texts)
				if err != nil || requests.Load() != want {
					t.Fatalf("%d requests, want %d: %v", requests.Load(), want, err)
				}
				for i, score := range got {
					if wanted := float64((i*37)%50) - 25; score != wanted {
						t.Fatalf("text %d scores %v, want %v", i, score, wanted)
					}
				}
			}
		})
	}
}

// Servers that refuse all texts for one that is too long, as they say it.
func TestTooLongATextIsCut(t *testing.T) {
	for name, refusal := range map[string]struct {
		status int
		text   string
	}{
		"llama.cpp":       {400, `{"error":{"code":400,"message":"request (603 tokens) exceeds the available context size (512 tokens), try increasing it","type":"exceed_context_size_error","n_prompt_tokens":603,"n_ctx":512}}`},
		"llama.cpp, BERT": {500, `{"error":{"code":500,"message":"input (3003 tokens) is too large to process. increase the physical batch size (current batch size: 512)","type":"server_error"}}`},
		"vLLM":            {400, `{"object":"error","message":"This model's maximum context length is 512 tokens. However, you requested 603 tokens in the input for score generation.","type":"BadRequestError","code":400}`},
	} {
		t.Run(name, func(t *testing.T) {
			room := 1000
			requests := 0
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				requests++
				var body struct{ Documents []string }
				if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
					t.Error(err)
				}
				for _, d := range body.Documents {
					if len(d) > room {
						w.WriteHeader(refusal.status)
						io.WriteString(w, refusal.text)
						return
					}
				}
				io.WriteString(w, `{"results":[{"index":1,"relevance_score":2},{"index":0,"relevance_score":1}]}`)
			}))
			defer s.Close()
			c, err := New(Config{URL: s.URL})
			if err != nil {
				t.Fatal(err)
			}
			texts := []string{"short", strings.Repeat("é", 1500)} // 3,000 bytes
			if got, err := c.Rerank(t.Context(), "q", texts); err != nil || !slices.Equal(got, []float64{1, 2}) || requests != 3 {
				t.Errorf("%v, %v after %d requests, want 3", got, err, requests)
			}
			room, requests = 0, 0
			if got, err := c.Rerank(t.Context(), "q", texts); err == nil || requests > 5 {
				t.Errorf("%v after %d requests, want an error", got, requests)
			}
		})
	}
}

// A server that is busy, has no such model or wants another key is an error with
// its status, and its form is not guessed anew.
func TestRefusals(t *testing.T) {
	for _, status := range []int{401, 404, 424, 429, 500, 503, 302} {
		var requests int
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			requests++
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
			io.WriteString(w, `{"error":"Model is overloaded","error_type":"Overloaded"}`)
		}))
		c, err := New(Config{URL: s.URL + "/v1", Key: "secret"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Rerank(t.Context(), "q", []string{"a", "b"})
		if err == nil || !strings.Contains(err.Error(), fmt.Sprint(status)) || strings.Contains(err.Error(), "secret") || requests != 1 {
			t.Errorf("%d: %d requests, %v", status, requests, err)
		}
		s.Close()
	}
}
