package main

import (
	"context"
	"fmt"

	"github.com/quarry-rag/quarry/internal/eval"
)

// promptTryCmd compares prompts and models over a golden set: the release gate
// of a prompt or a model.
type promptTryCmd struct {
	Prompt      string   `arg:"" optional:"" help:"NAME or NAME@VERSION. Empty: what the collection uses."`
	Against     []string `env:"-" placeholder:"NAME@V" help:"Others to compare it with; may be repeated."`
	Golden      string   `env:"-" required:"" type:"existingfile" help:"Questions with what is expected, a JSON object a line, as quarry eval reads them."`
	Model       []string `env:"-" placeholder:"MODEL" help:"Models of the server to ask; each prompt is tried with each. Default: the server's default."`
	Concurrency int      `env:"-" default:"2" help:"Questions at once, 1 to 32."`
	Min         []string `env:"-" placeholder:"answered=0.9" help:"Exit with 1 when a row is below: verdict, answered, cited, refused or support."`
}

// Validate is called by kong.
func (c *promptTryCmd) Validate() error {
	if c.Concurrency < 1 || c.Concurrency > 32 {
		return fmt.Errorf("--concurrency must be 1 to 32")
	}
	_, err := c.bounds()
	return err
}

func (c *promptTryCmd) bounds() (out []eval.Bound, err error) {
	for _, text := range c.Min {
		b, err := eval.ParseTrialBound(text)
		if err != nil {
			return nil, fmt.Errorf("--min: %w", err)
		}
		out = append(out, b)
	}
	return out, nil
}

func (c *promptTryCmd) settings() (out []eval.TrialSetting) {
	models := c.Model
	if len(models) == 0 {
		models = []string{""}
	}
	for _, p := range append([]string{c.Prompt}, c.Against...) {
		for _, m := range models {
			out = append(out, eval.TrialSetting{Prompt: p, Model: m})
		}
	}
	return out
}

func (c *promptTryCmd) Run(ctx context.Context, g *globals, term *terminal) error {
	d, err := eval.ReadGolden(c.Golden)
	if err != nil {
		return err
	}
	bounds, err := c.bounds()
	if err != nil {
		return err
	}
	return withClient(g.Server, func(cl *client) error {
		s := eval.NewServer(cl.conn, g.Collection)
		rows, err := eval.RunTrial(ctx, d, c.settings(), c.Concurrency, s.Answer)
		if err != nil {
			return err
		}
		if term.json {
			err = eval.TrialJSON(term.out, rows)
		} else {
			err = eval.WriteTrial(term.out, d, rows)
		}
		if err != nil {
			return err
		}
		return eval.CheckTrial(rows, bounds)
	})
}
