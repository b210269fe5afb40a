package main

import (
	"context"
	"fmt"
	"strings"

	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

type promptActivateCmd struct {
	Prompt  string  `arg:"" help:"NAME or NAME@VERSION; without a version the newest."`
	Percent float64 `env:"-" default:"100" help:"Part of the questions that it answers. Under 100 it is a trial: what answered before keeps the rest."`
}

// Validate is called by kong.
func (c *promptActivateCmd) Validate() error {
	if !(c.Percent > 0 && c.Percent <= 100) {
		return fmt.Errorf("--percent must be more than 0 and at most 100")
	}
	return nil
}

func (c *promptActivateCmd) Run(ctx context.Context, g *globals, term *terminal) error {
	return prompts(g.Server, func(cl quarryv1.PromptServiceClient) error {
		r, err := cl.ActivatePrompt(ctx, &quarryv1.ActivatePromptRequest{
			Collection: g.Collection, Prompt: c.Prompt, Percent: c.Percent, By: me(),
		})
		if err != nil {
			return err
		}
		return term.print(r.Activation, inEffect(g.Collection, r.Activation))
	})
}

type promptRollbackCmd struct{}

func (c *promptRollbackCmd) Run(ctx context.Context, g *globals, term *terminal) error {
	return prompts(g.Server, func(cl quarryv1.PromptServiceClient) error {
		r, err := cl.RollbackPrompt(ctx, &quarryv1.RollbackPromptRequest{Collection: g.Collection, By: me()})
		if err != nil {
			return err
		}
		return term.print(r.Activation, inEffect(g.Collection, r.Activation))
	})
}

// inEffect says what answers from now on.
func inEffect(collection string, a *quarryv1.Activation) string {
	if a.Trial == "" {
		return fmt.Sprintf("%s: %s answers", clean(collection), clean(a.Prompt))
	}
	return fmt.Sprintf("%s: %s answers %g%% of the questions, %s the rest", clean(collection), clean(a.Trial), a.TrialPercent, clean(a.Prompt))
}

type promptHistoryCmd struct{}

func (c *promptHistoryCmd) Run(ctx context.Context, g *globals, term *terminal) error {
	return prompts(g.Server, func(cl quarryv1.PromptServiceClient) error {
		r, err := cl.ListActivations(ctx, &quarryv1.ListActivationsRequest{Collection: g.Collection})
		if err != nil {
			return err
		}
		for _, a := range r.Activations {
			what := clean(a.Prompt)
			if a.Trial != "" {
				what += fmt.Sprintf(", %g%% %s", a.TrialPercent, clean(a.Trial))
			}
			text := fmt.Sprintf("%3d  %s  %-8s  %s%s", a.Sequence, stamp(a.At), a.Action, what, by(a.By))
			if err := term.print(a, text); err != nil {
				return err
			}
		}
		return nil
	})
}

// lineDiff compares two texts line by line: lines of both after "  ", of a after
// "- ", of b after "+ ". Long stretches that both have are left out. Equal texts
// give nothing.
func lineDiff(nameA, nameB, a, b string) string {
	if a == b {
		return ""
	}
	x, y := strings.Split(strings.TrimSuffix(a, "\n"), "\n"), strings.Split(strings.TrimSuffix(b, "\n"), "\n")
	return fmt.Sprintf("--- %s\n+++ %s\n%s", nameA, nameB, context3(editScript(x, y)))
}

// maxDiff bounds the table of a comparison, in cells; over it, all lines differ.
const maxDiff = 16 << 20

// editScript turns x into y by their longest common subsequence.
func editScript(x, y []string) (lines []string) {
	common := func(i, j int) int32 { return 0 }
	if len(x)*len(y) <= maxDiff {
		common = commonLines(x, y)
	}
	for i, j := 0, 0; i < len(x) || j < len(y); {
		switch {
		case i < len(x) && j < len(y) && x[i] == y[j]:
			lines = append(lines, "  "+x[i])
			i, j = i+1, j+1
		case j == len(y) || i < len(x) && common(i+1, j) >= common(i, j+1):
			lines = append(lines, "- "+x[i])
			i++
		default:
			lines = append(lines, "+ "+y[j])
			j++
		}
	}
	return lines
}

// commonLines is the length of the longest common subsequence of x[i:] and y[j:].
func commonLines(x, y []string) func(i, j int) int32 {
	width := len(y) + 1
	table := make([]int32, (len(x)+1)*width)
	for i := len(x) - 1; i >= 0; i-- {
		for j := len(y) - 1; j >= 0; j-- {
			if x[i] == y[j] {
				table[i*width+j] = table[(i+1)*width+j+1] + 1
			} else {
				table[i*width+j] = max(table[(i+1)*width+j], table[i*width+j+1])
			}
		}
	}
	return func(i, j int) int32 { return table[i*width+j] }
}

// context3 keeps three lines around each change.
func context3(lines []string) string {
	keep := make([]bool, len(lines))
	for i, l := range lines {
		if l[0] != ' ' {
			for j := max(0, i-3); j < min(len(lines), i+4); j++ {
				keep[j] = true
			}
		}
	}
	var b strings.Builder
	for i, l := range lines {
		switch {
		case keep[i]:
			b.WriteString(strings.TrimRight(l, " ") + "\n")
		case i == 0 || keep[i-1]:
			b.WriteString("…\n")
		}
	}
	return b.String()
}
