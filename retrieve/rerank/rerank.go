// Package rerank asks a rerank server to score texts: Cohere's, Jina's, llama.cpp's
// and vLLM's form of /rerank, and that of Hugging Face's text-embeddings-inference.
package rerank

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"
)

const (
	maxResponse = 4 << 20
	// maxText is how much of a text is sent, in bytes; models read less. leastText is
	// how little is still worth sending.
	maxText, leastText = 16 << 10, 256
	maxRefusal         = 4 << 10
	// textsAtOnce is the most texts that text-embeddings-inference takes in a
	// request unless it is told otherwise; it scores each by itself.
	textsAtOnce = 32
)

// Config of a Client.
type Config struct {
	// URL of the server, up to and with /rerank; a URL without it gets it.
	URL string
	// Model to name in requests; some servers have only one and need none.
	Model string
	// Key is sent as a bearer token when not empty.
	Key string
	// HTTP is the client used. nil means one that follows no redirect.
	HTTP *http.Client
}

// Client scores texts. Safe for concurrent use. It does not retry: a search does
// not wait for that.
type Client struct {
	config Config
	texts  atomic.Bool // the server wants text-embeddings-inference's form
}

// New checks the configuration; it does not call the server.
func New(c Config) (*Client, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("the rerank server needs an http or https URL")
	}
	if !strings.HasSuffix(u.Path, "/rerank") {
		u = u.JoinPath("rerank")
	}
	c.URL = u.String()
	if c.HTTP == nil {
		// A redirect would carry the key and the texts to another host.
		c.HTTP = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	return &Client{config: c}, nil
}

// StatusError is an answer that is not 200. TooLong says that it complains of the
// number of tokens.
type StatusError struct {
	Code    int
	TooLong bool
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("the rerank server answered with status %d", e.Code)
}

// Rerank returns a score for each text, in their order; higher is better. An
// answer that does not score every text exactly once is an error. It returns
// when ctx ends. llama.cpp and vLLM refuse all texts when the model has no room
// for one of them, so a text that is too long is cut by halves until it has.
func (c *Client) Rerank(ctx context.Context, query string, texts []string) ([]float64, error) {
	limit := maxText
	for {
		short, longest := make([]string, len(texts)), 0
		for i, t := range texts {
			short[i] = cut(t, limit)
			longest = max(longest, len(short[i]))
		}
		scores, err := c.score(ctx, query, short)
		if limit = longest / 2; !tooLong(err) || limit < leastText {
			return scores, err
		}
	}
}

func tooLong(err error) bool {
	status, ok := errors.AsType[*StatusError](err)
	return ok && status.TooLong
}

// score asks in the form that the server wants, which it finds out.
func (c *Client) score(ctx context.Context, query string, texts []string) ([]float64, error) {
	if c.texts.Load() {
		return c.asTexts(ctx, query, texts)
	}
	scores, err := c.request(ctx, query, texts, false)
	// A server of the other form refuses the fields.
	status, refused := errors.AsType[*StatusError](err)
	if refused && !status.TooLong && (status.Code == http.StatusBadRequest || status.Code == http.StatusUnprocessableEntity) {
		if scores, err := c.asTexts(ctx, query, texts); err == nil {
			c.texts.Store(true)
			return scores, nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("rerank: %w", err)
	}
	return scores, nil
}

// asTexts asks in text-embeddings-inference's form, in as many requests as it takes,
// at the same time.
func (c *Client) asTexts(ctx context.Context, query string, texts []string) ([]float64, error) {
	out := make([]float64, len(texts))
	g, ctx := errgroup.WithContext(ctx)
	for from := 0; from < len(texts); from += textsAtOnce {
		to := min(from+textsAtOnce, len(texts))
		g.Go(func() error {
			scores, err := c.request(ctx, query, texts[from:to], true)
			copy(out[from:], scores)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, fmt.Errorf("rerank: %w", err)
	}
	return out, nil
}

type request struct {
	Model     string   `json:"model,omitempty"`
	Query     string   `json:"query"`
	Documents []string `json:"documents,omitempty"`
	TopN      int      `json:"top_n,omitempty"`
	Texts     []string `json:"texts,omitempty"`
	Truncate  bool     `json:"truncate,omitempty"`
}

func (c *Client) request(ctx context.Context, query string, texts []string, asTexts bool) ([]float64, error) {
	body := request{Model: c.config.Model, Query: query, Documents: texts, TopN: len(texts)}
	if asTexts {
		body = request{Query: query, Texts: texts, Truncate: true}
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.config.URL, bytes.NewReader(encoded))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if c.config.Key != "" {
		req.Header.Set("Authorization", "Bearer "+c.config.Key)
	}
	resp, err := c.config.HTTP.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, refusal(resp)
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxResponse+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > maxResponse {
		return nil, fmt.Errorf("an answer of more than %d bytes", maxResponse)
	}
	return scores(raw, len(texts))
}

// refusal reads no more of an answer than whether it is about tokens, as
// llama.cpp, vLLM and text-embeddings-inference say of a text that is too long.
func refusal(resp *http.Response) error {
	said, err := io.ReadAll(io.LimitReader(resp.Body, maxRefusal))
	if err != nil {
		return err
	}
	switch resp.StatusCode {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity, http.StatusInternalServerError:
		return &StatusError{resp.StatusCode, bytes.Contains(said, []byte("tokens"))}
	}
	return &StatusError{Code: resp.StatusCode}
}

type result struct {
	Index     *int     `json:"index"`
	Relevance *float64 `json:"relevance_score"`
	Score     *float64 `json:"score"`
}

// scores reads {"results": [...]} or a bare list.
func scores(raw []byte, n int) ([]float64, error) {
	var whole struct {
		Results []result `json:"results"`
	}
	var err error
	if trimmed := bytes.TrimSpace(raw); len(trimmed) > 0 && trimmed[0] == '[' {
		err = json.Unmarshal(raw, &whole.Results)
	} else {
		err = json.Unmarshal(raw, &whole)
	}
	if err != nil {
		return nil, errors.New("the answer is not a list of results")
	}
	out, seen := make([]float64, n), make([]bool, n)
	for _, r := range whole.Results {
		score := r.Relevance
		if score == nil {
			score = r.Score
		}
		if r.Index == nil || score == nil || *r.Index < 0 || *r.Index >= n || seen[*r.Index] {
			return nil, errors.New("the answer has a result without a score, or for no text or one already scored")
		}
		out[*r.Index], seen[*r.Index] = *score, true
	}
	if len(whole.Results) != n {
		return nil, fmt.Errorf("the answer scores %d of %d texts", len(whole.Results), n)
	}
	return out, nil
}

func cut(text string, end int) string {
	if len(text) <= end {
		return text
	}
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}
