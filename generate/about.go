package generate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// About says what an answerer is, for who chooses one.
type About struct {
	Name string
	// Provider is as in ModelConfig, or "extractive"; empty: a route.
	Provider string
	Model    string // the server's name for it
	// Members of a route, in order, and how it goes about them.
	Members       []string
	Policy        string
	ContextTokens int
	Price         *Price // nil: not known, or its members'
	// Resting is why it is not asked for RestingFor, as a Try's code; empty: it is.
	Resting    string
	RestingFor time.Duration
}

// Describe says what a is, and whether its provider is left alone at the time now.
func Describe(a Answerer, now time.Time) About {
	switch a := a.(type) {
	case *Route:
		if a.alone() {
			return a.members[0].about(now)
		}
		return a.about()
	case *Extractive:
		return About{Name: extractiveName, Provider: extractiveName, Price: free}
	}
	return About{Name: a.Plan().Model}
}

func (m *member) about(now time.Time) About {
	out := About{Name: m.name, Price: m.price}
	if chat, ok := m.Answerer.(*Chat); ok {
		out.Provider, out.Model = chat.model.Serves()
		out.ContextTokens = chat.context
	}
	out.RestingFor, out.Resting = m.breaker.resting(now)
	return out
}

func (r *Route) about() About {
	out := About{Name: r.name}
	for _, m := range r.members {
		out.Members = append(out.Members, m.name)
	}
	words := slices.Concat(r.policy.words(), r.parts)
	if r.judgedBy != nil {
		words = append(words, "sentences judged by "+r.judgedBy.name)
	}
	out.Policy = strings.Join(words, ", ")
	return out
}

// words of a policy, for people.
func (p Policy) words() (out []string) {
	if p.HedgeAfter > 0 {
		out = append(out, fmt.Sprintf("hedge after %v", p.HedgeAfter))
	}
	if p.Cascade {
		out = append(out, "cascade")
	}
	for _, b := range []struct {
		dollars float64
		of      string
	}{{p.PerRequest, "an answer"}, {p.PerDay, "a day"}, {p.PerCollectionDay, "a day and collection"}, {p.PerAccountDay, "a day and account"}} {
		if b.dollars > 0 {
			out = append(out, fmt.Sprintf("at most %s USD %s", strconv.FormatFloat(b.dollars, 'f', -1, 64), b.of))
		}
	}
	switch {
	case p.bounded() && p.Refuse:
		out = append(out, "refuse when spent")
	case p.bounded():
		out = append(out, "downgrade when spent")
	}
	return out
}

// resting says why calls are kept from the model at a time, and for how long.
func (b *breaker) resting(now time.Time) (time.Duration, string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	open, rest := max(0, b.openUntil.Sub(now)), max(0, b.restUntil.Sub(now))
	switch {
	case b.failed >= b.failures && open >= rest && (b.probing || open > 0):
		return open, CodeCircuitOpen
	case rest > 0:
		return rest, CodeRetryLater
	}
	return 0, ""
}
