package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/tmc/langchaingo/llms"
	"github.com/tmc/langchaingo/llms/openai"
)

// Protocol is what a server speaks.
type Protocol uint8

const (
	// OpenAI is chat completions, which most servers speak.
	OpenAI Protocol = iota
	// Anthropic is the Messages API.
	Anthropic
)

// Config describes one model on one server.
type Config struct {
	Protocol Protocol
	// Name for people and logs. Empty means Model.
	Name string
	// BaseURL up to "/v1", as in "http://127.0.0.1:8080/v1". A query, as Azure's
	// "?api-version=…", stays at the end of what is asked.
	BaseURL string
	// Key is sent as the protocol wants it. Empty: none is sent.
	Key string
	// Model is the server's name for it.
	Model string
	// MaxTokens of an answer. 0 means 1024.
	MaxTokens int
	// Temperature (0 to 2), TopP (0 to 1) and Seed are sent when not nil. The
	// Anthropic protocol has no seed.
	Temperature, TopP *float64
	Seed              *int64
	// Effort is how much a model that reasons may think before it answers, in the
	// server's word, as "low"; its thoughts count towards MaxTokens. "none" turns
	// thinking off. Empty: nothing is said, and the model does as it does.
	Effort string
	// NoStream asks for answers in one piece, of servers that cannot stream.
	NoStream bool
	// Stop ends the answer where one of these would come.
	Stop []string
	// FirstTokenTimeout bounds the wait for the first token, from the request
	// on; IdleTimeout any later silence; Timeout the whole answer. 0 means
	// 90 s, 30 s and 5 min.
	FirstTokenTimeout, IdleTimeout, Timeout time.Duration
}

// validate says what is wrong with c, and fills in its defaults.
func (c *Config) validate() error {
	u, err := url.Parse(c.BaseURL)
	switch {
	case c.Model == "":
		return errors.New("model: empty")
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.Fragment != "":
		// The URL itself is not shown: it may hold a password.
		return errors.New("base URL: want http:// or https://, a host, and no fragment")
	case strings.ContainsAny(c.Key, "\r\n"):
		return errors.New("key: holds a line break")
	case c.MaxTokens < 0 || c.FirstTokenTimeout < 0 || c.IdleTimeout < 0 || c.Timeout < 0:
		return errors.New("limits: negative")
	case c.Temperature != nil && !(*c.Temperature >= 0 && *c.Temperature <= 2):
		return fmt.Errorf("temperature %v: want 0 to 2", *c.Temperature)
	case c.Protocol > Anthropic:
		return fmt.Errorf("protocol %d: not known", c.Protocol)
	case !effort.MatchString(c.Effort):
		return fmt.Errorf("effort %.40q: want a word as low, medium or none", c.Effort)
	case c.Seed != nil && c.Protocol == Anthropic:
		return errors.New("seed: the Anthropic protocol has none")
	case c.TopP != nil && !(*c.TopP >= 0 && *c.TopP <= 1):
		return fmt.Errorf("top_p %v: want 0 to 1", *c.TopP)
	}
	if c.Name == "" {
		c.Name = c.Model
	}
	c.MaxTokens = orDefault(c.MaxTokens, defaultMaxTokens)
	c.FirstTokenTimeout = orDefault(c.FirstTokenTimeout, defaultFirstToken)
	c.IdleTimeout = orDefault(c.IdleTimeout, defaultIdle)
	c.Timeout = orDefault(c.Timeout, defaultTimeout)
	return nil
}

// effort leaves the words to the servers: which there are differs by model.
var effort = regexp.MustCompile(`^[a-z]{0,20}$`)

func orDefault[T int | time.Duration](v, d T) T {
	if v == 0 {
		return d
	}
	return v
}

// Model is a chat model on a server. Safe for concurrent use.
type Model struct {
	config Config
	base   *url.URL
	client *http.Client
	llm    llms.Model
}

// New returns the model that c describes. It does not reach for the server.
func New(c Config) (*Model, error) {
	if err := c.validate(); err != nil {
		return nil, fmt.Errorf("model %q: %w", cmp.Or(c.Name, c.Model), err)
	}
	base, err := url.Parse(c.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("model %q: base URL: not one", c.Name) // validated; its error would show it
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 64
	m := &Model{config: c, base: base, client: &http.Client{
		Transport: transport,
		// A redirect would send the prompt somewhere nobody configured.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	llm, err := openai.New(
		openai.WithBaseURL("http://unused"), // the doer knows where
		openai.WithModel(c.Model),
		// Any token but the empty one, which langchaingo refuses: the doer
		// sets the header itself.
		openai.WithToken("unused"),
		openai.WithHTTPClient(doer{m}),
	)
	if err != nil {
		return nil, fmt.Errorf("model %q: %w", cmp.Or(c.Name, c.Model), err)
	}
	m.llm = llm
	return m, nil
}

// Name of the model, for people.
func (m *Model) Name() string { return m.config.Name }

// Serves is what the server speaks, and its name for the model.
func (m *Model) Serves() (protocol, model string) {
	if m.config.Protocol == Anthropic {
		return "anthropic", m.config.Model
	}
	return "openai", m.config.Model
}

// Stream asks the model and gives each piece of its answer to emit, in order and
// in the caller's goroutine. It returns when the answer has ended as the
// protocol says it must; else with an *Error, ctx's error, or emit's, which ends
// the call at once. An answer that outgrows its tokens by far is cut off, with
// FinishReason "length" and no usage. Whatever the return, the connection has
// been given up.
func (m *Model) Stream(ctx context.Context, p Prompt, emit func(text string) error) (Result, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(context.Canceled)
	maxTokens := orDefault(p.MaxTokens, m.config.MaxTokens)
	late := time.AfterFunc(m.config.Timeout, func() {
		cancel(m.fault(CodeTimeout, "no end of the answer within %v", m.config.Timeout))
	})
	defer late.Stop()
	p.MaxTokens = maxTokens
	var emitErr error
	received, limit := 0, answerBytes(maxTokens)
	c := &call{model: m, cancel: cancel, prompt: p, emit: func(text string) error {
		if received += len(text); received > limit {
			emitErr = errTooLong
		} else {
			emitErr = emit(text)
		}
		return emitErr
	}}
	_, err := m.llm.GenerateContent(context.WithValue(ctx, callKey{}, c), p.messages(),
		llms.WithMaxTokens(maxTokens), llms.WithStopWords(m.config.Stop),
		llms.WithStreamingFunc(func(context.Context, []byte) error { return nil })) // asks for a stream
	switch {
	case errors.Is(emitErr, errTooLong):
		return Result{FinishReason: "length"}, nil
	case emitErr != nil:
		return Result{}, emitErr
	}
	return c.result(ctx, err)
}

func (p Prompt) messages() []llms.MessageContent {
	out := []llms.MessageContent{llms.TextParts(llms.ChatMessageTypeSystem, p.System)}
	for _, t := range p.Examples {
		out = append(out, llms.TextParts(llms.ChatMessageTypeHuman, t.User), llms.TextParts(llms.ChatMessageTypeAI, t.Assistant))
	}
	return append(out, llms.TextParts(llms.ChatMessageTypeHuman, p.User))
}

// errTooLong ends a call whose answer has no end.
var errTooLong = errors.New("answer too long")

// answerBytes is more than any honest answer of so many tokens: text runs to
// about 4 bytes a token, and to 12 in runs of white space or of one letter.
func answerBytes(tokens int) int {
	if tokens > math.MaxInt/32 {
		return math.MaxInt
	}
	return 1024 + 32*tokens
}
