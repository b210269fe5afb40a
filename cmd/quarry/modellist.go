package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// modelsCmd lists what may answer.
type modelsCmd struct{}

func (c *modelsCmd) Run(ctx context.Context, g *globals, term *terminal) error {
	return withClient(g.Server, func(cl *client) error {
		out, err := quarryv1.NewModelServiceClient(cl.conn).ListModels(ctx, &quarryv1.ListModelsRequest{})
		if err != nil {
			return err
		}
		return term.print(out, modelsText(out.Models))
	})
}

// modelsText is a table, the default first. A price that is not known is said to be.
func modelsText(models []*quarryv1.Model) string {
	var b strings.Builder
	fmt.Fprintln(&b, "NAME\tPROVIDER\tMODEL\tCONTEXT\tUSD A MILLION: IN, CACHED, OUT\tAT PRESENT")
	for i, m := range models {
		now := restingText(m)
		if i == 0 {
			now = strings.TrimSuffix("default, "+now, ", ")
		}
		fmt.Fprintf(&b, "%s\t%s\t%s\t%s\t%s\t%s\n", clean(m.Name), providerText(m), line(servedText(m), 100), contextText(m), priceText(m), now)
	}
	return table(b.String())
}

func providerText(m *quarryv1.Model) string {
	if m.Provider == "" {
		return "route"
	}
	return clean(m.Provider)
}

func servedText(m *quarryv1.Model) string {
	if len(m.Members) == 0 {
		return m.Model
	}
	s := strings.Join(m.Members, " → ")
	if m.Policy != "" {
		s += " (" + m.Policy + ")"
	}
	return s
}

func contextText(m *quarryv1.Model) string {
	if m.ContextTokens == 0 {
		return "-"
	}
	return fmt.Sprint(m.ContextTokens)
}

func priceText(m *quarryv1.Model) string {
	switch p := m.Price; {
	case p != nil:
		return fmt.Sprintf("%g, %g, %g on %s", p.Input, p.Cached, p.Output, clean(m.PriceDate))
	case m.Provider == "extractive":
		return "free"
	case len(m.Members) > 0:
		return "-"
	}
	return "unknown"
}

func restingText(m *quarryv1.Model) string {
	why := map[string]string{"circuit_open": "failing", "retry_later": "wants to be asked later"}[m.Resting]
	if why == "" {
		return clean(m.Resting)
	}
	return fmt.Sprintf("%s: left alone for %s", why, duration(m.RestingFor.AsDuration().Round(time.Second)))
}
