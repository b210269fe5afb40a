package provider_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quarry-rag/quarry/generate/provider"
	"github.com/quarry-rag/quarry/generate/provider/openaitest"
)

// The request holds what is configured and nothing else: langchaingo drops
// top_p, always sends a temperature, and reads the environment.
func TestRequest(t *testing.T) {
	t.Setenv("OPENAI_API_KEY", "sk-of-the-environment")
	t.Setenv("OPENAI_ORGANIZATION", "org-of-the-environment")
	t.Setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
	s := openaitest.New(t, openaitest.Reply{Pieces: []string{"x"}})
	zero, half, seed := 0.0, 0.5, int64(0)
	full := func(c *provider.Config) {
		c.Temperature, c.TopP, c.Seed, c.Stop, c.MaxTokens, c.Effort = &zero, &half, &seed, []string{"END"}, 77, "low"
	}
	messages := []any{
		map[string]any{"role": "system", "content": "be brief"},
		map[string]any{"role": "user", "content": "why?"},
	}
	base := map[string]any{
		"model": "m-1", "stream": true, "messages": messages,
		"stream_options": map[string]any{"include_usage": true},
	}
	with := func(more map[string]any) map[string]any {
		out := map[string]any{}
		for _, m := range []map[string]any{base, more} {
			for k, v := range m {
				out[k] = v
			}
		}
		return out
	}
	for _, c := range []struct {
		change func(*provider.Config)
		want   map[string]any
		auth   string
	}{
		{func(*provider.Config) {}, with(map[string]any{"max_tokens": 1024.0}), "Bearer " + key},
		{full, with(map[string]any{"max_tokens": 77.0, "temperature": 0.0, "top_p": 0.5, "seed": 0.0, "stop": []any{"END"}, "reasoning_effort": "low"}), "Bearer " + key},
		{func(c *provider.Config) { c.Key = "" }, with(map[string]any{"max_tokens": 1024.0}), ""},
	} {
		if _, _, err := ask(t.Context(), model(t, s, c.change)); err != nil {
			t.Fatal(err)
		}
		all := s.Requests()
		got := all[len(all)-1]
		if d := cmp.Diff(c.want, got.Body); d != "" {
			t.Error(d)
		}
		if got.Header.Get("Authorization") != c.auth || got.Header.Get("OpenAI-Organization") != "" {
			t.Errorf("headers %v", got.Header)
		}
	}
}

// A query of the base URL stays at the end, as old servers of Azure's want it.
func TestBaseURLWithAQuery(t *testing.T) {
	var asked string
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { asked = r.URL.String() }))
	defer h.Close()
	for base, want := range map[string]string{
		"/openai/deployments/d?api-version=1": "/openai/deployments/d/chat/completions?api-version=1",
		"/v1/":                                "/v1/chat/completions",
		"":                                    "/chat/completions",
	} {
		m, err := provider.New(provider.Config{Model: "m", BaseURL: h.URL + base})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := ask(t.Context(), m); err == nil || asked != want {
			t.Errorf("%s: asked %q, want %q (%v)", base, asked, want, err)
		}
	}
}

// A kept connection that the server has closed meanwhile costs another one, not
// the answer.
func TestKeptConnectionThatWasClosed(t *testing.T) {
	s := openaitest.New(t, openaitest.Reply{Pieces: []string{"x"}})
	there, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: there.Scheme, Host: there.Host})
	used := map[string]bool{}
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if used[r.RemoteAddr] {
			panic(http.ErrAbortHandler) // closes the connection without a word
		}
		used[r.RemoteAddr] = true
		proxy.ServeHTTP(w, r)
	}))
	defer h.Close()
	m, err := provider.New(provider.Config{Model: "m", BaseURL: h.URL + "/v1"})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if text, _, err := ask(t.Context(), m); err != nil || text != "x" {
			t.Errorf("%q, %v", text, err)
		}
	}
	if len(used) < 2 {
		t.Error("no connection was kept, so nothing was shown")
	}
}

func TestUnreachable(t *testing.T) {
	s := openaitest.New(t, openaitest.Reply{})
	m := model(t, s, func(c *provider.Config) { c.BaseURL = "http://user:" + key + "@127.0.0.1:1/v1" })
	_, _, err := ask(t.Context(), m)
	var e *provider.Error
	if !errors.As(err, &e) || e.Code != provider.CodeUnreachable || !e.Retryable || strings.Contains(err.Error(), key) {
		t.Errorf("%v", err)
	}
}

func TestConfig(t *testing.T) {
	nan := -1.0
	for _, c := range []provider.Config{
		{BaseURL: "http://localhost/v1"},
		{Model: "m", BaseURL: "localhost:8080"},
		{Model: "m", BaseURL: "file:///etc"},
		{Model: "m", BaseURL: "http://h/v1#x"},
		{Model: "m", BaseURL: "http://h/v1", Key: "a\nb"},
		{Model: "m", BaseURL: "http://h/v1", MaxTokens: -1},
		{Model: "m", BaseURL: "http://h/v1", Temperature: &nan},
		{Model: "m", BaseURL: "http://h/v1", IdleTimeout: -1},
	} {
		c.Name = "mine"
		if m, err := provider.New(c); err == nil || !strings.Contains(err.Error(), `"mine"`) {
			t.Errorf("%+v: %v, %v", c, m, err)
		}
	}
}
