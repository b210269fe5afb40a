package embed

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func wantVector(text string) []float32 {
	v := make([]float32, 3)
	raw := rawVector(text)
	length := math.Sqrt(raw[0]*raw[0] + raw[1]*raw[1] + raw[2]*raw[2])
	for i, n := range raw {
		v[i] = float32(n / length)
	}
	return v
}

var nearly = cmpopts.EquateApprox(0, 1e-6)

func TestOpenAIBatchesAndOrders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		o := newOpenAI(t, s, OpenAIConfig{Key: "sk-1", MaxTokens: 20, BatchTexts: 7, BatchTokens: 60})
		var texts []string
		for i := range 100 {
			texts = append(texts, fmt.Sprintf("%c line\nbreak", 'a'+i%26)+strings.Repeat("x", i))
		}
		before := slices.Clone(texts)
		got, err := o.Embed(t.Context(), texts)
		if err != nil {
			t.Fatal(err)
		}
		var want [][]float32
		for _, text := range texts {
			cut, _ := cutTokens(text, 20)
			want = append(want, wantVector(cut))
		}
		if diff := cmp.Diff(want, got, nearly); diff != "" {
			t.Errorf("vectors (-want +got):\n%s", diff)
		}
		if !slices.Equal(before, texts) {
			t.Error("Embed changed its input")
		}
		checkRequests(t, s)
	})
}

func checkRequests(t *testing.T, s *server) {
	t.Helper()
	for i, r := range s.requests {
		inputs := r["input"].([]any)
		tokens := 0
		for _, text := range inputs {
			tokens += estimateTokens(text.(string))
		}
		if len(inputs) > 7 || tokens > 60 {
			t.Errorf("request of %d texts and %d tokens, want at most 7 and 60", len(inputs), tokens)
		}
		delete(r, "input")
		want := map[string]any{"model": "test-embedding", "encoding_format": "float"}
		if diff := cmp.Diff(want, r); diff != "" {
			t.Errorf("request (-want +got):\n%s", diff)
		}
		if got := s.headers[i].Get("Authorization"); got != "Bearer sk-1" {
			t.Errorf("Authorization: %q", got)
		}
	}
}

func TestOpenAISendsDimensions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		o := newOpenAI(t, s, OpenAIConfig{SendDim: true})
		if _, err := o.Embed(t.Context(), []string{"a"}); err != nil {
			t.Fatal(err)
		}
		if got := s.requests[0]["dimensions"]; got != 3.0 {
			t.Errorf("dimensions: %v, want 3", got)
		}
		if s.headers[0].Get("Authorization") != "" {
			t.Error("sent a key that is not configured")
		}
	})
}

func TestOpenAINoText(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		got, err := newOpenAI(t, s, OpenAIConfig{}).Embed(t.Context(), nil)
		if got != nil || err != nil || len(s.requests) != 0 {
			t.Errorf("no text: %v, %v after %d requests", got, err, len(s.requests))
		}
	})
}

func TestOpenAICancelEndsRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ended atomic.Bool
		s := &server{before: func(_ http.ResponseWriter, r *http.Request, _ int) bool {
			<-r.Context().Done()
			ended.Store(true)
			return true
		}}
		o := newOpenAI(t, s, OpenAIConfig{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := o.Embed(ctx, []string{"a"})
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("got %v after %v, want the deadline after 1s", err, time.Since(start))
		}
		synctest.Wait()
		if !ended.Load() {
			t.Error("the request goes on at the server")
		}
	})
}

func TestOpenAIBoundsConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var running atomic.Int32
		release := make(chan struct{})
		s := &server{before: func(_ http.ResponseWriter, _ *http.Request, _ int) bool {
			running.Add(1)
			<-release
			return false
		}}
		o := newOpenAI(t, s, OpenAIConfig{BatchTexts: 1, Concurrency: 3})
		failed := make(chan error, 3)
		for range 2 {
			go func() {
				_, err := o.Embed(t.Context(), strings.Split("abcdefgh", ""))
				failed <- err
			}()
		}
		synctest.Wait()
		if n := running.Load(); n != 3 {
			t.Errorf("two large calls run %d requests at once, want 3", n)
		}
		go func() {
			_, err := o.Embed(t.Context(), []string{"question"})
			failed <- err
		}()
		synctest.Wait()
		if n := running.Load(); n != 4 {
			t.Error("a question waits behind the large calls")
		}
		close(release)
		for range 3 {
			if err := <-failed; err != nil {
				t.Error(err)
			}
		}
	})
}

func TestOpenAIConfigRefused(t *testing.T) {
	good := OpenAIConfig{BaseURL: "https://host/v1", Model: "m", Dim: 3}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*OpenAIConfig){
		"no address":      func(c *OpenAIConfig) { c.BaseURL = "" },
		"other scheme":    func(c *OpenAIConfig) { c.BaseURL = "file:///etc/passwd" },
		"user in address": func(c *OpenAIConfig) { c.BaseURL = "https://u:secret@host/v1" },
		"query":           func(c *OpenAIConfig) { c.BaseURL = "https://host/v1?key=secret" },
		"not a URL":       func(c *OpenAIConfig) { c.BaseURL = "https://u:secret@host:port\x7f" },
		"no model":        func(c *OpenAIConfig) { c.Model = "" },
		"no dimension":    func(c *OpenAIConfig) { c.Dim = 0 },
		"huge dimension":  func(c *OpenAIConfig) { c.Dim = 1 << 30 },
		"tiny limit":      func(c *OpenAIConfig) { c.MaxTokens = 2 },
		"negative batch":  func(c *OpenAIConfig) { c.BatchTexts = -1 },
		"negative time":   func(c *OpenAIConfig) { c.Timeout = -1 },
		"key of 2 lines":  func(c *OpenAIConfig) { c.Key = "secret\r\nX-Evil: 1" },
	} {
		c := good
		change(&c)
		_, err := NewOpenAI(c)
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: error %v, want one without the secret", name, err)
		}
	}
}

func TestOpenAIFingerprint(t *testing.T) {
	base := OpenAIConfig{BaseURL: "https://host/v1", Model: "m", Dim: 3}
	seen := map[string]string{}
	for name, change := range map[string]func(*OpenAIConfig){
		"base":      func(*OpenAIConfig) {},
		"model":     func(c *OpenAIConfig) { c.Model = "n" },
		"dimension": func(c *OpenAIConfig) { c.Dim = 4 },
		"tokens":    func(c *OpenAIConfig) { c.MaxTokens = 100 },
		"revision":  func(c *OpenAIConfig) { c.Revision = "2" },
	} {
		c := base
		change(&c)
		o, err := NewOpenAI(c)
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := seen[o.Info().Fingerprint]; ok {
			t.Errorf("%s and %s have one fingerprint", name, other)
		}
		seen[o.Info().Fingerprint] = name
	}
}
