package provider_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quarry-rag/quarry/generate/provider"
	"github.com/quarry-rag/quarry/generate/provider/openaitest"
)

const key = "sk-test-0123456789"

func model(t *testing.T, s *openaitest.Server, change ...func(*provider.Config)) *provider.Model {
	t.Helper()
	c := provider.Config{Name: "test", BaseURL: s.URL, Key: key, Model: "m-1"}
	for _, f := range change {
		f(&c)
	}
	m, err := provider.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// ask collects the text of one call.
func ask(ctx context.Context, m *provider.Model) (string, provider.Result, error) {
	var b strings.Builder
	r, err := m.Stream(ctx, provider.Prompt{System: "be brief", User: "why?"}, func(s string) error {
		b.WriteString(s)
		return nil
	})
	return b.String(), r, err
}

func TestStream(t *testing.T) {
	s := openaitest.New(t, openaitest.Reply{Reasoning: []string{"hm", "m"}, Pieces: []string{"Grün", "e ", "Äpfel", "\n", "."}})
	text, r, err := ask(t.Context(), model(t, s))
	if err != nil {
		t.Fatal(err)
	}
	if text != "Grüne Äpfel\n." {
		t.Errorf("text %q", text)
	}
	want := provider.Result{FinishReason: "stop", Usage: provider.Usage{InputTokens: 123, OutputTokens: 45, CachedTokens: 67}}
	if d := cmp.Diff(want, r); d != "" {
		t.Error(d)
	}
}

// Thoughts go by two names; a model that thinks aloud longer than a first token
// may take has begun all the same.
func TestThoughtsAreTheFirstToken(t *testing.T) {
	for _, name := range []string{"reasoning_content", "reasoning"} {
		s := openaitest.New(t, openaitest.Reply{Reasoning: []string{"hm"}, ReasoningIn: name, Fault: openaitest.Stall})
		_, _, err := ask(t.Context(), model(t, s, func(c *provider.Config) {
			c.FirstTokenTimeout, c.IdleTimeout = time.Minute, 100*time.Millisecond
		}))
		var e *provider.Error
		if !errors.As(err, &e) || e.Code != provider.CodeStalled {
			t.Errorf("%s: %v, want that it fell silent", name, err)
		}
	}
}

// A model that declines says so in a member of its own, and ends with "stop". A
// filter's word is a finish reason or, before the model is asked, an error status,
// as Azure has it. Each may come without a text.
func TestRefusal(t *testing.T) {
	const no = "I can't help with that."
	azure := `{"error":{"message":"The response was filtered due to the prompt triggering Azure OpenAI's content management policy.","type":null,"param":"prompt","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":{"hate":{"filtered":true,"severity":"high"}}}}}`
	for _, c := range []struct {
		reply openaitest.Reply
		text  string
	}{
		{openaitest.Reply{Refusal: no}, no},
		{openaitest.Reply{Finish: "content_filter"}, ""},
		{openaitest.Reply{Pieces: []string{"First, "}, Finish: "content_filter"}, "First, "},
		{openaitest.Reply{Status: 400, Body: azure}, ""},
	} {
		for _, change := range []func(*provider.Config){func(*provider.Config) {}, inOnePiece} {
			text, r, err := ask(t.Context(), model(t, openaitest.New(t, c.reply), change))
			if err != nil || text != c.text || r.FinishReason != provider.FinishRefused {
				t.Errorf("%+v: %q, %+v, %v", c.reply, text, r, err)
			}
		}
	}
}

// Faults is each way in which an answer can break, and the code it must give.
// No case may pass for an answer that ended well.
func TestFaults(t *testing.T) {
	short := func(c *provider.Config) {
		c.FirstTokenTimeout, c.IdleTimeout = time.Second, 500*time.Millisecond
	}
	cases := []struct {
		name      string
		reply     openaitest.Reply
		code      string
		retryable bool
	}{
		{"closed before [DONE]", openaitest.Reply{Fault: openaitest.Truncate, Pieces: []string{"half an"}}, provider.CodeTruncated, true},
		{"no finish reason", openaitest.Reply{Fault: openaitest.NoFinish, Pieces: []string{"half an"}}, provider.CodeTruncated, true},
		{"error chunk", openaitest.Reply{Fault: openaitest.ErrorEvent, Pieces: []string{"half an"}}, "server_error", true},
		{"error event", openaitest.Reply{Fault: openaitest.NamedErrorEvent, Pieces: []string{"half an"}}, "server_error", true},
		{"garbage", openaitest.Reply{Fault: openaitest.Garbage, Pieces: []string{"half an"}}, provider.CodeBadResponse, true},
		{"stall", openaitest.Reply{Fault: openaitest.Stall, Pieces: []string{"half an"}}, provider.CodeStalled, true},
		{"stall before the first token", openaitest.Reply{Fault: openaitest.Stall}, provider.CodeTimeout, true},
		{"slow headers", openaitest.Reply{Fault: openaitest.SlowHeaders}, provider.CodeTimeout, true},
		{"no text", openaitest.Reply{}, provider.CodeEmpty, true},
		{"no text, function call", openaitest.Reply{Fault: openaitest.FunctionCall}, provider.CodeEmpty, true},
		{"reasoning only", openaitest.Reply{Reasoning: []string{"hmm"}, Finish: "length"}, provider.CodeEmpty, true},
		{"not streamed", openaitest.Reply{Fault: openaitest.WholeJSON, Pieces: []string{"whole"}}, provider.CodeBadResponse, true},
		{"a web page", openaitest.Reply{Fault: openaitest.HTML}, provider.CodeBadResponse, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, r, err := ask(t.Context(), model(t, openaitest.New(t, c.reply), short))
			var e *provider.Error
			if !errors.As(err, &e) {
				t.Fatalf("result %+v, err %v; want a *provider.Error", r, err)
			}
			if e.Code != c.code || e.Retryable != c.retryable {
				t.Errorf("got %+v, want code %q, retryable %v", e, c.code, c.retryable)
			}
		})
	}
}

func TestStatus(t *testing.T) {
	cases := []struct {
		reply openaitest.Reply
		want  provider.Error
	}{
		{
			openaitest.Reply{
				Status: 429, Header: map[string]string{"Retry-After": "7"},
				Body: `{"error":{"message":"Rate limit reached","type":"requests","code":"rate_limit_exceeded"}}`,
			},
			provider.Error{Status: 429, Code: "rate_limit_exceeded", Message: "Rate limit reached", RetryAfter: 7 * time.Second, Retryable: true},
		},
		{
			openaitest.Reply{Status: 429, Body: `{"error":{"message":"You exceeded your quota","type":"insufficient_quota","code":"insufficient_quota"}}`},
			provider.Error{Status: 429, Code: "insufficient_quota", Message: "You exceeded your quota"},
		},
		{
			openaitest.Reply{Status: 503, Header: map[string]string{"Content-Type": "text/html", "Retry-After": "-3"}, Body: "<b>\nbusy\x00</b>"},
			provider.Error{Status: 503, Message: "<b> busy </b>", Retryable: true},
		},
		{
			openaitest.Reply{Status: 503, Body: `{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}`},
			provider.Error{Status: 503, Code: "unavailable_error", Message: "Loading model", Retryable: true},
		},
		{
			openaitest.Reply{Status: 401, Body: `{"error":{"message":"Incorrect API key provided: ` + key + `","type":"invalid_request_error","code":"invalid_api_key"}}`},
			provider.Error{Status: 401, Code: "invalid_api_key", Message: "Incorrect API key provided: [key]"},
		},
		{
			openaitest.Reply{Status: 404, Body: `{"error":"model 'm-1' not found"}`},
			provider.Error{Status: 404, Message: "model 'm-1' not found"},
		},
		{
			openaitest.Reply{Status: 307, Header: map[string]string{"Location": "http://127.0.0.1:1/v1/chat/completions"}},
			provider.Error{Status: 307},
		},
	}
	for _, c := range cases {
		_, _, err := ask(t.Context(), model(t, openaitest.New(t, c.reply)))
		var e *provider.Error
		if !errors.As(err, &e) {
			t.Errorf("status %d: %v", c.reply.Status, err)
			continue
		}
		c.want.Model = "test"
		if d := cmp.Diff(c.want, *e); d != "" {
			t.Errorf("status %d:\n%s", c.reply.Status, d)
		}
		if strings.Contains(err.Error(), key) {
			t.Errorf("the key is in %q", err)
		}
	}
}

func TestRetryAfterInMilliseconds(t *testing.T) {
	s := openaitest.New(t, openaitest.Reply{Status: 429, Header: map[string]string{"Retry-After-Ms": "1500", "Retry-After": "2"}})
	_, _, err := ask(t.Context(), model(t, s))
	var e *provider.Error
	if !errors.As(err, &e) || e.RetryAfter != 1500*time.Millisecond {
		t.Errorf("%+v", err)
	}
}

// A date in Retry-After counts from now, and one in the past is no wait.
func TestRetryAfterDate(t *testing.T) {
	s := openaitest.New(t, openaitest.Reply{Status: 429, Header: map[string]string{
		"Retry-After": time.Now().Add(time.Hour).UTC().Format(http.TimeFormat),
	}})
	_, _, err := ask(t.Context(), model(t, s))
	var e *provider.Error
	if !errors.As(err, &e) || e.RetryAfter < 58*time.Minute || e.RetryAfter > time.Hour {
		t.Errorf("%+v", err)
	}
}

// A call that the caller ends is the context's error, every time, whatever
// moment it ends at: langchaingo alone returns half an answer and no error.
func TestCancelIsAlwaysAnError(t *testing.T) {
	s := openaitest.New(t, openaitest.Reply{Fault: openaitest.Endless, Pieces: []string{"on ", "and "}})
	m := model(t, s, func(c *provider.Config) { c.MaxTokens = 1 << 20 })
	for i := range 40 {
		ctx, cancel := context.WithCancel(t.Context())
		n := 0
		_, err := m.Stream(ctx, provider.Prompt{User: "?"}, func(string) error {
			if n++; n == i+1 {
				cancel()
			}
			return nil
		})
		cancel()
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("run %d: %v", i, err)
		}
	}
}

func TestDeadline(t *testing.T) {
	for _, fault := range []openaitest.Fault{openaitest.SlowHeaders, openaitest.Stall} {
		s := openaitest.New(t, openaitest.Reply{Fault: fault, Pieces: []string{"half"}})
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		_, _, err := ask(ctx, model(t, s))
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("fault %d: %v", fault, err)
		}
	}
}

// The server sees a client that stops within 50 ms: what is spent ends there.
func TestStopReachesTheServer(t *testing.T) {
	stop := errors.New("enough")
	s := openaitest.New(t, openaitest.Reply{Fault: openaitest.Stall, Pieces: []string{"one", "two"}})
	m := model(t, s)
	d := openaitest.Quickest(50*time.Millisecond, func() time.Duration {
		_, err := m.Stream(t.Context(), provider.Prompt{User: "?"}, func(string) error { return stop })
		at := time.Now()
		if err != stop {
			t.Fatalf("got %v, want emit's error", err)
		}
		openaitest.Await(t, s.Gone, "end of the call")
		return time.Since(at)
	})
	if d > 50*time.Millisecond {
		t.Errorf("the server saw it after %v", d)
	}
}

func TestTotalTimeout(t *testing.T) {
	s := openaitest.New(t, openaitest.Reply{Fault: openaitest.Endless, Pieces: []string{"on "}})
	m := model(t, s, func(c *provider.Config) { c.Timeout, c.MaxTokens = 50*time.Millisecond, 1<<30 })
	_, _, err := ask(t.Context(), m)
	var e *provider.Error
	if !errors.As(err, &e) || e.Code != provider.CodeTimeout {
		t.Errorf("%v", err)
	}
}

// A server that ignores max_tokens is cut off by us.
func TestEndlessAnswerIsBounded(t *testing.T) {
	s := openaitest.New(t, openaitest.Reply{Fault: openaitest.Endless, Pieces: []string{strings.Repeat("spam ", 100)}})
	text, r, err := ask(t.Context(), model(t, s, func(c *provider.Config) { c.MaxTokens = 100 }))
	if err != nil || r.FinishReason != "length" || len(text) > 1024+32*100 {
		t.Errorf("%d bytes, %+v, %v", len(text), r, err)
	}
}

func TestLinesOfAnyLength(t *testing.T) {
	long := strings.Repeat("a \"quoted\" <word> é\u2028", 40_000)
	s := openaitest.New(t, openaitest.Reply{Pieces: []string{long, "!"}})
	text, _, err := ask(t.Context(), model(t, s, func(c *provider.Config) { c.MaxTokens = 1 << 20 }))
	if err != nil || text != long+"!" {
		t.Errorf("%d bytes of %d, %v", len(text), len(long)+1, err)
	}
}
