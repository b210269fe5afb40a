package generate

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"time"

	"go.yaml.in/yaml/v3"
)

// Config is the models that may answer and the routes over them, as read from a
// file by ReadConfig.
type Config struct {
	// Default is the model or route that answers when a question names none.
	// Empty: the first route, else the first model.
	Default string        `yaml:"default"`
	Models  []ModelConfig `yaml:"models"`
	Routes  []RouteConfig `yaml:"routes"`
	// Support names the model that judges, once an answer is whole, whether the
	// passages that its sentences cite bear them out: one call more for each answer
	// that a model wrote, of at most 20 s. What it thinks is given beside what the
	// rules say, and decides nothing. When it fails the verdict's reason says so.
	// Empty: none.
	Support string `yaml:"support"`
}

// ModelConfig is one model. Zero values take the provider's defaults.
type ModelConfig struct {
	Name string `yaml:"name"`
	// Provider is "openai" (and every compatible server) or "anthropic".
	Provider string `yaml:"provider"`
	// BaseURL up to "/v1". Empty: the provider's own.
	BaseURL string `yaml:"base_url"`
	Model   string `yaml:"model"`
	// Key is where the key is: "env:NAME" or "file:PATH". Empty: none is sent.
	Key           string `yaml:"key"`
	ContextTokens int    `yaml:"context_tokens"`
	// Tokenizer by which prompts are measured, "o200k_base" or "cl100k_base". Empty:
	// that of a model of OpenAI's whose is known, else a high estimate.
	Tokenizer   string   `yaml:"tokenizer"`
	MaxTokens   int      `yaml:"max_tokens"`
	Temperature *float64 `yaml:"temperature"`
	TopP        *float64 `yaml:"top_p"`
	Seed        *int64   `yaml:"seed"`
	Stop        []string `yaml:"stop"`
	// Effort is provider.Config's.
	Effort string `yaml:"effort"`

	FirstTokenTimeout time.Duration `yaml:"first_token_timeout"`
	IdleTimeout       time.Duration `yaml:"idle_timeout"`
	Timeout           time.Duration `yaml:"timeout"`

	Price *PriceConfig `yaml:"price"`
	// What the provider allows; 0: no limit. TokensPerMinute counts what is sent and
	// the most that may be answered, until it is known. A call waits up to MaxWait (0:
	// 2 s) for its turn, and for the time that the provider named with its last
	// refusal, else the route's next model is asked.
	RequestsPerMinute int           `yaml:"requests_per_minute"`
	TokensPerMinute   int           `yaml:"tokens_per_minute"`
	MaxWait           time.Duration `yaml:"max_wait"`
	// Capabilities: "json_schema", the server makes an answer obey a schema that it
	// is sent (without, the schema is told to the model, and checked here as always);
	// "no_streaming", its answers come in one piece.
	Capabilities []string      `yaml:"capabilities"`
	Breaker      BreakerConfig `yaml:"breaker"`
}

const (
	capabilitySchema   = "json_schema"
	capabilityNoStream = "no_streaming"
)

// PriceConfig is a Price in a file. Cached may be left out when it is not
// discounted.
type PriceConfig struct {
	Input  float64  `yaml:"input"`
	Cached *float64 `yaml:"cached"`
	Output float64  `yaml:"output"`
	Date   string   `yaml:"date"`
}

// BreakerConfig: after so many failures in a row the model is left alone for a
// while. 0 means 5 and 30 s.
type BreakerConfig struct {
	Failures int           `yaml:"failures"`
	OpenFor  time.Duration `yaml:"open_for"`
}

// RouteConfig is one route over models of the same file, or "extractive". An answer
// that is refused by a model's policy is one: only a cascade asks the next model.
type RouteConfig struct {
	Name   string   `yaml:"name"`
	Models []string `yaml:"models"`
	// Split is the part of questions, in percent, that each model is the first
	// for; together 100. Models without a part only stand in. Which it is, the
	// question's trial key decides, as of a user or a conversation.
	Split      map[string]float64 `yaml:"split"`
	HedgeAfter time.Duration      `yaml:"hedge_after"`
	Cascade    bool               `yaml:"cascade"`
	Budget     BudgetConfig       `yaml:"budget"`
	// Support is as in Config, for this route. Empty: Config's.
	Support string `yaml:"support"`
}

// maxConfig is the most bytes of a configuration.
const maxConfig = 1 << 20

// ReadConfig reads YAML, of which JSON is a part, and checks it. A field that
// nothing reads is an error.
func ReadConfig(text []byte) (Config, error) {
	var c Config
	if len(text) > maxConfig {
		return c, fmt.Errorf("models: more than %d bytes", maxConfig)
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&c); err != nil && !errors.Is(err, io.EOF) {
		return c, fmt.Errorf("models: %w", err)
	}
	if err := d.Decode(new(any)); !errors.Is(err, io.EOF) {
		return c, errors.New("models: more than one YAML document")
	}
	if err := c.Check(); err != nil {
		return c, fmt.Errorf("models: %w", err)
	}
	return c, nil
}

var validName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$`)

// Check says what is wrong with c.
func (c Config) Check() error {
	models := map[string]*ModelConfig{extractiveName: nil}
	for i := range c.Models {
		m := &c.Models[i]
		if _, twice := models[m.Name]; twice {
			return fmt.Errorf("model %q: the name is taken", m.Name)
		}
		if err := m.check(); err != nil {
			return fmt.Errorf("model %q: %w", m.Name, err)
		}
		models[m.Name] = m
	}
	routes := map[string]bool{}
	for _, r := range c.Routes {
		if _, taken := models[r.Name]; taken || routes[r.Name] {
			return fmt.Errorf("route %q: the name is taken", r.Name)
		}
		routes[r.Name] = true
	}
	if c.Support != "" && models[c.Support] == nil {
		return fmt.Errorf("support %q: want a model of the file", c.Support)
	}
	for _, r := range c.Routes {
		r.Support = cmp.Or(r.Support, c.Support)
		if err := r.check(models, routes); err != nil {
			return fmt.Errorf("route %q: %w", r.Name, err)
		}
	}
	if _, model := models[c.Default]; c.Default != "" && !model && !routes[c.Default] {
		return fmt.Errorf("default %q: no model or route of that name", c.Default)
	}
	return nil
}

func (m *ModelConfig) check() error {
	switch {
	case !validName.MatchString(m.Name):
		return errors.New("name: want 1 to 100 letters, digits, and ._:/-")
	case m.Provider != "openai" && m.Provider != "anthropic":
		return fmt.Errorf("provider %q: want openai or anthropic", m.Provider)
	case m.Model == "":
		return errors.New("model: empty")
	case m.Tokenizer != "" && tokenizers[m.Tokenizer] == nil:
		return fmt.Errorf("tokenizer %q: want o200k_base or cl100k_base", m.Tokenizer)
	case m.Key != "" && !keyReference.MatchString(m.Key):
		return errors.New("key: want env:NAME or file:PATH, not the key itself")
	case m.RequestsPerMinute < 0 || m.TokensPerMinute < 0 || m.MaxWait < 0 || m.Breaker.Failures < 0 || m.Breaker.OpenFor < 0:
		return errors.New("limits: negative")
	}
	for _, capability := range m.Capabilities {
		if capability != capabilitySchema && capability != capabilityNoStream {
			return fmt.Errorf("capability %q: not known; known are %s and %s", capability, capabilitySchema, capabilityNoStream)
		}
	}
	return m.Price.check()
}

var keyReference = regexp.MustCompile(`^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$`)

func (p *PriceConfig) check() error {
	if p == nil {
		return nil
	}
	prices := []float64{p.Input, p.Output}
	if p.Cached != nil {
		prices = append(prices, *p.Cached)
	}
	for _, v := range prices {
		if !(v > 0 && v <= math.MaxFloat32) {
			return errors.New("price: want more than 0; leave it out when it is not known")
		}
	}
	if _, err := time.Parse(time.DateOnly, p.Date); err != nil {
		return fmt.Errorf("price: date %q: want YYYY-MM-DD", p.Date)
	}
	return nil
}

func (r RouteConfig) check(models map[string]*ModelConfig, routes map[string]bool) error {
	if !validName.MatchString(r.Name) {
		return errors.New("name: want 1 to 100 letters, digits, and ._:/-")
	}
	if len(r.Models) == 0 {
		return errors.New("no models")
	}
	seen := map[string]bool{}
	for _, name := range r.Models {
		m, ok := models[name]
		switch {
		case name == r.Name:
			return errors.New("names itself")
		case routes[name]:
			return fmt.Errorf("names the route %q: want models", name)
		case !ok:
			return fmt.Errorf("no model %q", name)
		case seen[name]:
			return fmt.Errorf("names %q twice", name)
		case r.Budget.policy().bounded() && m != nil && m.Price == nil:
			return fmt.Errorf("has a budget, but the price of %q is not known", name)
		}
		seen[name] = true
	}
	return errors.Join(r.checkSplit(seen), r.Budget.check(), r.checkTimes(), r.checkSupport(models[r.Support]))
}

func (r RouteConfig) checkSupport(judge *ModelConfig) error {
	switch {
	case r.Support == "":
	case judge == nil:
		return fmt.Errorf("support %q: want a model of the file", r.Support)
	case r.Budget.policy().bounded() && judge.Price == nil:
		return fmt.Errorf("has a budget, but the price of %q is not known", r.Support)
	}
	return nil
}

func (r RouteConfig) checkTimes() error {
	if r.HedgeAfter < 0 {
		return errors.New("hedge_after: negative")
	}
	if r.Cascade && r.HedgeAfter > 0 {
		return errors.New("cascade and hedge_after: want one of them")
	}
	return nil
}

func (r RouteConfig) checkSplit(models map[string]bool) error {
	total := 0.0
	for name, percent := range r.Split {
		if !models[name] || !(percent > 0) {
			return fmt.Errorf("split: %q: want a model of the route and more than 0 percent", name)
		}
		total += percent
	}
	if len(r.Split) > 0 && (total < 99.99 || total > 100.01) {
		return fmt.Errorf("split: %v percent together, want 100", total)
	}
	return nil
}
