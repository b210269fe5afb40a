package embed

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// OpenAIConfig says which server and model to use, and how hard. BaseURL, Model
// and Dim are required; every other zero value is the default.
type OpenAIConfig struct {
	// BaseURL is the address before "/embeddings", as in
	// "https://api.openai.com/v1". http or https, without user, password or query.
	BaseURL string
	// Key is sent as a bearer token; none is sent when it is empty.
	Key string
	// Model is the server's name for it.
	Model string
	// Dim is the length of its vectors, 1 to 16000. Another length in a
	// response is a *DimensionError.
	Dim int
	// SendDim asks the server for Dim numbers, for models that can shorten
	// their vectors. Many servers refuse the parameter.
	SendDim bool
	// Revision goes into the fingerprint. Change it when the server's weights
	// change under the same name.
	Revision string
	// MaxTokens is the longest text the model takes; longer ones are cut, by
	// estimate. 8 or more; default 512.
	MaxTokens int

	// BatchTexts is the most texts in a request; default 64.
	BatchTexts int
	// BatchTokens is the most estimated tokens in a request; default 16384. A
	// longer text travels alone.
	BatchTokens int
	// Concurrency is how many requests of large calls run at once, all calls
	// together; default 4. Calls that fit one request do not wait for them.
	Concurrency int

	// Timeout bounds each try, from connection to the response's last byte;
	// default 30 s.
	Timeout time.Duration
	// Retries is how often a request is repeated after 408, 429, 5xx, a timeout
	// or a lost connection; default 4, negative for never.
	Retries int
	// MaxWait bounds the wait before a retry; default 30 s. When the server asks
	// for a longer one with Retry-After, the call fails at once instead.
	MaxWait time.Duration
	// Transport carries the requests; default a clone of http.DefaultTransport.
	Transport http.RoundTripper
}

const (
	maxDim       = 16000 // PostgreSQL's pgvector stores no more
	minMaxTokens = 8
)

// Validate reports the first setting that is missing or out of range.
func (c OpenAIConfig) Validate() error {
	if err := validateURL(c.BaseURL); err != nil {
		return err
	}
	switch {
	case c.Model == "":
		return errors.New("model name is empty")
	case c.Dim < 1 || c.Dim > maxDim:
		return fmt.Errorf("dimension is %d, must be 1 to %d", c.Dim, maxDim)
	case c.MaxTokens != 0 && c.MaxTokens < minMaxTokens:
		return fmt.Errorf("token limit is %d, must be %d or more", c.MaxTokens, minMaxTokens)
	case c.BatchTexts < 0 || c.BatchTokens < 0 || c.Concurrency < 0:
		return fmt.Errorf("batch texts %d, batch tokens %d and concurrency %d must not be negative",
			c.BatchTexts, c.BatchTokens, c.Concurrency)
	case c.Timeout < 0 || c.MaxWait < 0:
		return fmt.Errorf("timeout %v and longest wait %v must not be negative", c.Timeout, c.MaxWait)
	case strings.ContainsAny(c.Key, "\r\n"):
		return errors.New("key holds a line break")
	}
	return nil
}

// validateURL never quotes an address that may hold a secret.
func validateURL(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return errors.New("base URL is not a URL")
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("base URL must not hold a user, password, query or fragment")
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("base URL %q is not an http or https address", address)
	}
	return nil
}

func (c OpenAIConfig) withDefaults() OpenAIConfig {
	c.BaseURL = strings.TrimRight(c.BaseURL, "/")
	c.MaxTokens = orDefault(c.MaxTokens, 512)
	c.BatchTexts = orDefault(c.BatchTexts, 64)
	c.BatchTokens = orDefault(c.BatchTokens, 16384)
	c.Concurrency = orDefault(c.Concurrency, 4)
	c.Timeout = orDefault(c.Timeout, 30*time.Second)
	c.Retries = max(0, orDefault(c.Retries, 4))
	c.MaxWait = orDefault(c.MaxWait, 30*time.Second)
	return c
}

func orDefault[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

func newClient(c OpenAIConfig) *http.Client {
	transport := c.Transport
	if transport == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxIdleConnsPerHost = c.Concurrency + 1
		transport = t
	}
	return &http.Client{
		Transport: transport,
		// A redirect could carry the texts to another host: it is an error.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
