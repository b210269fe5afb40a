package rerank

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// server speaks one of the forms, as the servers do: results come best first.
func server(t *testing.T, field, answer string) (*httptest.Server, *[]string) {
	t.Helper()
	var calls []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body map[string]any
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		calls = append(calls, r.URL.Path+" "+r.Header.Get("Authorization"))
		if _, ok := body[field]; !ok || body["query"] != "q" {
			w.WriteHeader(http.StatusUnprocessableEntity)
			return
		}
		w.Write([]byte(answer))
	}))
	t.Cleanup(s.Close)
	return s, &calls
}

func TestBadAnswers(t *testing.T) {
	for _, answer := range []string{
		``, `{}`, `[]`, `null`, `"x"`, `{"results": [{"index": 0, "relevance_score": 1}]}`,
		`{"results": [{"index": 0, "relevance_score": 1}, {"index": 0, "relevance_score": 1}]}`,
		`{"results": [{"index": 0, "relevance_score": 1}, {"index": 2, "relevance_score": 1}]}`,
		`{"results": [{"index": -1, "relevance_score": 1}, {"index": 0, "relevance_score": 1}]}`,
		`{"results": [{"index": 0}, {"index": 1, "relevance_score": 1}]}`,
		`{"results": [{"relevance_score": 1}, {"index": 1, "relevance_score": 1}]}`,
		`[` + strings.Repeat(" ", maxResponse) + `]`,
	} {
		s, _ := server(t, "documents", answer)
		c, err := New(Config{URL: s.URL})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := c.Rerank(t.Context(), "q", []string{"a", "b"}); err == nil {
			t.Errorf("%.60q gives %v", answer, got)
		}
	}
}

func TestStopsWithItsContext(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer s.Close()
	c, err := New(Config{URL: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Rerank(ctx, "q", []string{"a", "b"}); err == nil {
		t.Error("no error")
	}
}

func TestConfigRefused(t *testing.T) {
	for _, u := range []string{"", "host:80", "ftp://x/", "http://"} {
		if _, err := New(Config{URL: u}); err == nil {
			t.Errorf("%q: accepted", u)
		}
	}
}

func FuzzScores(f *testing.F) {
	f.Add([]byte(`{"results": [{"index": 0, "relevance_score": 1}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if got, err := scores(raw, 2); err == nil && len(got) != 2 {
			t.Errorf("%v", got)
		}
	})
}
