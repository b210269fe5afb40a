package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
)

// callKey finds the call in a request's context.
type callKey struct{}

// call is what is known of one model call. langchaingo drops or flattens most
// errors, so what really happened is kept here.
type call struct {
	model  *Model
	cancel context.CancelCauseFunc
	prompt Prompt
	emit   func(text string) error

	err     error  // the first failure
	done    bool   // the answer said its end
	bytes   int    // of text
	pending []byte // the end of it, not given to emit yet
	finish  string
	usage   Usage
}

func (c *call) fail(err error) error {
	if c.err == nil {
		c.err = err
	}
	return c.err
}

// result judges a call that langchaingo returned from with err.
func (c *call) result(ctx context.Context, err error) (Result, error) {
	m := c.model
	switch {
	case c.err != nil:
		return Result{}, c.err
	case ctx.Err() != nil:
		return Result{}, m.transportError(ctx, CodeTruncated, ctx.Err())
	case err != nil:
		return Result{}, m.fault(CodeBadResponse, "%v", err)
	case !c.done:
		return Result{}, m.fault(CodeTruncated, "the stream ended early")
	case c.finish == "":
		return Result{}, m.fault(CodeTruncated, "the stream ended without a finish reason")
	case c.bytes == 0 && c.finish != FinishRefused:
		return Result{}, m.fault(CodeEmpty, "no text, finish reason %q", oneLine(c.finish, 64))
	}
	return Result{FinishReason: oneLine(c.finish, 64), Usage: c.usage}, nil
}

// doer is langchaingo's way out. It sends what langchaingo leaves out, turns
// each failure into the call's error, and gives the text to the call as it comes:
// langchaingo would parse it once more in a goroutine of its own, copy all of the
// answer for each piece, and mistake what is broken off for whole.
type doer struct{ model *Model }

// Do implements openai's Doer. The request's context must hold a call. It returns
// when the answer has ended, with one of no text, which is all that langchaingo
// needs to see.
func (d doer) Do(req *http.Request) (*http.Response, error) {
	m := d.model
	c, ok := req.Context().Value(callKey{}).(*call)
	if !ok {
		return nil, errors.New("provider: request outside of a call")
	}
	out, err := m.request(req, c.prompt)
	if err != nil {
		return nil, c.fail(fmt.Errorf("model %q: request: %w", m.config.Name, err))
	}
	wait := m.config.FirstTokenTimeout
	if m.config.NoStream { // the first token comes with the last
		wait = m.config.Timeout
	}
	first := time.AfterFunc(wait, func() { c.cancel(m.fault(CodeTimeout, "no token within %v", wait)) })
	defer first.Stop()
	res, err := m.client.Do(out)
	if err != nil {
		return nil, c.fail(m.transportError(req.Context(), CodeUnreachable, err))
	}
	defer res.Body.Close()
	err = m.read(req.Context(), c, first, res)
	if filtered(err) {
		c.done, c.finish, err = true, FinishRefused, nil
	}
	if broken := c.flush(); broken != nil { // what came before an error goes on too
		err = broken
	}
	if err != nil {
		return nil, c.fail(err)
	}
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(noText))}, nil
}

// noText is a stream of an answer that ended well.
const noText = `data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\ndata: [DONE]\n\n"

// read takes in a response to its end; the timer is stopped by the first token.
func (m *Model) read(ctx context.Context, c *call, first *time.Timer, res *http.Response) error {
	if m.config.NoStream {
		return m.whole(ctx, c, res)
	}
	if err := m.check(ctx, res); err != nil {
		return err
	}
	s := newStream(ctx, c, first, res.Body)
	defer s.idle.Stop()
	for {
		if err := s.next(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// check reads a response that is not a stream, and says why.
func (m *Model) check(ctx context.Context, res *http.Response) error {
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if res.StatusCode == http.StatusOK && kind != "application/json" && kind != "text/html" {
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxErrorBody))
	if err != nil && ctx.Err() != nil {
		return m.transportError(ctx, CodeUnreachable, err)
	}
	if res.StatusCode != http.StatusOK {
		return m.statusError(res.StatusCode, res.Header, body)
	}
	var wire struct {
		Error json.RawMessage `json:"error"`
	}
	if json.Unmarshal(body, &wire) == nil && len(wire.Error) > 0 && string(wire.Error) != "null" {
		return m.eventError(wire.Error)
	}
	return m.fault(CodeBadResponse, "want an event stream, got %q", oneLine(kind, 64))
}

// request is the request as it should have been: sampling parameters exactly as
// configured, and headers that come from nowhere but the configuration.
func (m *Model) request(req *http.Request, p Prompt) (*http.Request, error) {
	path, body, err := "chat/completions", map[string]any(nil), error(nil)
	if m.config.Protocol == Anthropic {
		path, body = "messages", m.anthropicBody(p)
	} else {
		body, err = m.openAIBody(req, p)
	}
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	out, err := http.NewRequestWithContext(req.Context(), http.MethodPost, m.base.JoinPath(path).String(), bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	out.Header.Set("Content-Type", "application/json")
	out.Header.Set("Accept", "text/event-stream")
	m.authorize(out.Header)
	// A kept connection that the server closed before it answered is replaced by
	// another, as for a GET; nothing is sent of this header.
	out.Header["Idempotency-Key"] = nil
	return out, nil
}

func (m *Model) authorize(h http.Header) {
	switch {
	case m.config.Protocol == Anthropic:
		h.Set("Anthropic-Version", anthropicVersion)
		if m.config.Key != "" {
			h.Set("X-Api-Key", m.config.Key)
		}
	case m.config.Key == "":
	case m.azure():
		h.Set("Api-Key", m.config.Key)
	default:
		h.Set("Authorization", "Bearer "+m.config.Key)
	}
}

// azure tells whether the server is Azure's, which wants keys in a header of its
// own: a bearer there is a token of its directory.
func (m *Model) azure() bool { return strings.HasSuffix(m.base.Hostname(), ".azure.com") }

// openAIBody is langchaingo's body with what it gets wrong set right.
func (m *Model) openAIBody(req *http.Request, p Prompt) (map[string]any, error) {
	raw, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	var body map[string]any
	if err := json.Unmarshal(raw, &body); err != nil {
		return nil, err
	}
	for _, field := range []string{"temperature", "top_p", "seed", "max_tokens", "max_completion_tokens"} {
		delete(body, field)
	}
	if m.config.NoStream {
		body["stream"] = false
		delete(body, "stream_options")
	}
	if m.config.Seed != nil {
		body["seed"] = *m.config.Seed
	}
	m.sampling(body)
	if m.config.Effort != "" {
		body["reasoning_effort"] = m.config.Effort
	}
	if p.Schema != nil {
		body["response_format"] = map[string]any{"type": "json_schema", "json_schema": map[string]any{
			"name": "answer", "strict": p.Strict, "schema": p.Schema,
		}}
	}
	body[m.maxTokensField()] = p.MaxTokens
	return body, nil
}

// sampling sets what both protocols call the same.
func (m *Model) sampling(body map[string]any) {
	if m.config.Temperature != nil {
		body["temperature"] = *m.config.Temperature
	}
	if m.config.TopP != nil {
		body["top_p"] = *m.config.TopP
	}
}

// maxTokensField: OpenAI's newer models refuse the old name; most compatible
// servers know only that.
func (m *Model) maxTokensField() string {
	if m.base.Hostname() == "api.openai.com" || strings.HasSuffix(m.base.Hostname(), ".openai.azure.com") {
		return "max_completion_tokens"
	}
	return "max_tokens"
}
