package generate

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"

	"github.com/quarry-rag/quarry/generate/prompt"
	"github.com/quarry-rag/quarry/generate/provider"
	"github.com/quarry-rag/quarry/retrieve/embed"
)

// Parts are what answerers are made of.
type Parts struct {
	Extractive *Extractive
	Source     Source
	Embed      embed.Model // for Chat's checks; may be nil
	// Key resolves a reference as in ModelConfig.Key.
	Key func(reference string) (string, error)
	// Spending, for budgets; needed only by a configuration that has one.
	Spending Spending
	Log      *slog.Logger
}

// Where a provider without a base URL is.
const (
	openAIURL    = "https://api.openai.com/v1"
	anthropicURL = "https://api.anthropic.com/v1"
)

// Build makes the answerers of a checked configuration, the default first; the
// extractive one is always among them. It reaches for no server.
func (c Config) Build(p Parts) ([]Answerer, error) {
	members := map[string]*member{extractiveName: {
		Answerer: p.Extractive, name: extractiveName, price: free, breaker: newBreaker(BreakerConfig{}),
	}}
	purse := newPurse(p.Spending)
	var all, models []Answerer // routes come first, so that one is the default
	for _, m := range c.Models {
		chat, err := m.chat(p)
		if err != nil {
			return nil, err
		}
		members[m.Name] = &member{
			Answerer: chat, name: m.Name, price: chat.price, answer: chat.answer,
			breaker: newBreaker(m.Breaker), limit: newLimiter(m), seed: m.Seed,
		}
	}
	for _, m := range c.Models {
		models = append(models, c.alone(m, members))
	}
	for _, r := range c.Routes {
		r.Support = cmp.Or(r.Support, c.Support)
		route, err := r.route(members, p, purse)
		if err != nil {
			return nil, err
		}
		route.identity = identity(r, c.Models)
		all = append(all, route)
	}
	all = append(append(all, models...), p.Extractive)
	if i := slices.IndexFunc(all, func(a Answerer) bool { return a.Plan().Model == c.Default }); i > 0 {
		first := all[i]
		all = slices.Insert(slices.Delete(all, i, i+1), 0, first)
	}
	return all, nil
}

// alone is a model asked by its own name: its breaker and rate limit hold there too.
func (c Config) alone(m ModelConfig, members map[string]*member) *Route {
	return &Route{
		name: m.Name, identity: identity(m, c.Support, c.judge()), members: []*member{members[m.Name]}, judgedBy: members[c.Support],
	}
}

// judge is the settings of the model that judges; zero without one.
func (c Config) judge() ModelConfig {
	for _, m := range c.Models {
		if m.Name == c.Support {
			return m
		}
	}
	return ModelConfig{}
}

// identity is a hash of settings; keys stand in them by reference only.
func identity(settings ...any) string {
	text, err := json.Marshal(settings)
	if err != nil { // a setting that is no number
		return fmt.Sprintf("%v", settings)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

func newBreaker(c BreakerConfig) *breaker {
	return &breaker{failures: cmp.Or(c.Failures, defaultFailures), openFor: cmp.Or(c.OpenFor, defaultOpenFor)}
}

func (m ModelConfig) chat(p Parts) (*Chat, error) {
	key := ""
	if m.Key != "" {
		var err error
		if key, err = p.Key(m.Key); err != nil {
			return nil, fmt.Errorf("model %q: key: %w", m.Name, err)
		}
	}
	config := ChatConfig{ContextTokens: m.ContextTokens, Tokenizer: m.Tokenizer, Price: m.Price.price(), Embed: p.Embed}
	if m.Tokenizer == "" && m.Provider == "openai" && m.BaseURL == "" {
		config.Tokenizer = tokenizerOf(m.Model)
	}
	config.JSONSchema = slices.Contains(m.Capabilities, capabilitySchema)
	config.Config = provider.Config{
		Name: m.Name, BaseURL: cmp.Or(m.BaseURL, openAIURL), Model: m.Model, Key: key, MaxTokens: m.MaxTokens,
		NoStream:    slices.Contains(m.Capabilities, capabilityNoStream),
		Temperature: m.Temperature, TopP: m.TopP, Seed: m.Seed, Stop: m.Stop, Effort: m.Effort,
		FirstTokenTimeout: m.FirstTokenTimeout, IdleTimeout: m.IdleTimeout, Timeout: m.Timeout,
	}
	if m.Provider == "anthropic" {
		config.Protocol, config.BaseURL = provider.Anthropic, cmp.Or(m.BaseURL, anthropicURL)
	}
	return NewChat(config, p.Source, p.Log)
}

func (p *PriceConfig) price() *Price {
	if p == nil {
		return nil
	}
	cached := p.Input
	if p.Cached != nil {
		cached = *p.Cached
	}
	return &Price{Input: p.Input, Cached: cached, Output: p.Output, Date: p.Date}
}

func (r RouteConfig) route(members map[string]*member, p Parts, purse *purse) (*Route, error) {
	route := &Route{name: r.Name, policy: r.Budget.policy(), purse: purse, judgedBy: members[r.Support]}
	route.policy.HedgeAfter, route.policy.Cascade = r.HedgeAfter, r.Cascade
	if route.policy.daily() && p.Spending == nil {
		return nil, fmt.Errorf("route %q: a budget by the day needs a record of spending", r.Name)
	}
	for _, name := range r.Models {
		route.members = append(route.members, members[name])
	}
	if len(r.Split) > 0 {
		route.pick = func(key string) []*member { return split(route.members, r.Split, prompt.PercentOf(r.Name, key)) }
		for _, name := range slices.Sorted(maps.Keys(r.Split)) {
			route.parts = append(route.parts, fmt.Sprintf("%g%% %s", r.Split[name], name))
		}
	}
	return route, nil
}

// split moves the model that at, 0 to 100, falls to before the others.
func split(members []*member, parts map[string]float64, at float64) []*member {
	for i, m := range members {
		if at -= parts[m.name]; at < 0 {
			out := []*member{m}
			return append(append(out, members[:i]...), members[i+1:]...)
		}
	}
	return members
}
