package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"strings"

	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// promptCmd keeps the words with which chat models are asked.
type promptCmd struct {
	List     promptListCmd     `cmd:"" help:"List prompts and what the collection uses."`
	Pull     promptPullCmd     `cmd:"" help:"Print a prompt's file, or write it."`
	Push     promptPushCmd     `cmd:"" help:"Check a file and store it as its prompt's next version."`
	Diff     promptDiffCmd     `cmd:"" help:"Compare two prompts, or files."`
	Activate promptActivateCmd `cmd:"" help:"Answer the collection's questions, or a part of them, with a prompt."`
	Rollback promptRollbackCmd `cmd:"" help:"Return to what the collection used before."`
	History  promptHistoryCmd  `cmd:"" help:"Show who activated what in the collection."`
	Try      promptTryCmd      `cmd:"" help:"Compare prompts and models over a golden set."`
}

// prompts runs a client command on PromptService.
func prompts(server string, do func(quarryv1.PromptServiceClient) error) error {
	return withClient(server, func(cl *client) error { return do(quarryv1.NewPromptServiceClient(cl.conn)) })
}

// me names who changes something, for the history.
func me() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return line(u.Username, 255)
}

type promptListCmd struct{}

func (c *promptListCmd) Run(ctx context.Context, g *globals, term *terminal) error {
	return prompts(g.Server, func(cl quarryv1.PromptServiceClient) error {
		all, err := cl.ListPrompts(ctx, &quarryv1.ListPromptsRequest{})
		if err != nil {
			return err
		}
		history, err := cl.ListActivations(ctx, &quarryv1.ListActivationsRequest{Collection: g.Collection})
		if err != nil {
			return err
		}
		for _, p := range all.Prompts {
			text := strings.TrimSpace(fmt.Sprintf("%-28s %-36s %s", promptRef(p), promptOrigin(p), promptUse(p, history.Activations, g.Collection)))
			if err := term.print(p, text); err != nil {
				return err
			}
		}
		return nil
	})
}

func promptRef(p *quarryv1.Prompt) string { return clean(fmt.Sprintf("%s@%d", p.Name, p.Version)) }

func promptOrigin(p *quarryv1.Prompt) string {
	if p.BuiltIn {
		return "built in"
	}
	return stamp(p.CreatedAt) + by(p.CreatedBy)
}

func by(name string) string {
	if name == "" {
		return ""
	}
	return " by " + line(name, 40)
}

// promptUse says what part of a collection's questions a prompt answers.
func promptUse(p *quarryv1.Prompt, history []*quarryv1.Activation, collection string) string {
	now := &quarryv1.Activation{}
	if len(history) > 0 {
		now = history[0]
	}
	rest := ""
	if now.Trial != "" {
		rest = fmt.Sprintf("%g%% of ", 100-now.TrialPercent)
	}
	switch ref := promptRef(p); {
	case ref == now.Prompt, now.Prompt == "" && p.BuiltIn:
		return fmt.Sprintf("answers %s%s", rest, clean(collection))
	case ref == now.Trial:
		return fmt.Sprintf("answers %g%% of %s, on trial", now.TrialPercent, clean(collection))
	}
	return ""
}

type promptPullCmd struct {
	Prompt string `arg:"" help:"NAME or NAME@VERSION; without a version the newest."`
	Out    string `short:"o" env:"-" type:"path" placeholder:"FILE" help:"Write it here instead of printing it."`
}

func (c *promptPullCmd) Run(ctx context.Context, g *globals, term *terminal) error {
	return prompts(g.Server, func(cl quarryv1.PromptServiceClient) error {
		r, err := cl.GetPrompt(ctx, &quarryv1.GetPromptRequest{Prompt: c.Prompt})
		switch {
		case err != nil:
			return err
		case c.Out != "":
			return os.WriteFile(c.Out, []byte(r.Prompt.Source), 0o644)
		case term.json:
			return term.printJSON(r.Prompt)
		}
		_, err = fmt.Fprint(term.out, clean(r.Prompt.Source))
		return err
	})
}

type promptPushCmd struct {
	File   string `arg:"" type:"path" help:"The file."`
	DryRun bool   `env:"-" help:"Only check it."`
}

// maxPrompt is more than a server takes, so that its own message says so.
const maxPrompt = 1 << 20

func (c *promptPushCmd) Run(ctx context.Context, g *globals, term *terminal) error {
	source, err := readLimited(c.File, maxPrompt)
	if err != nil {
		return err
	}
	return prompts(g.Server, func(cl quarryv1.PromptServiceClient) error {
		r, err := cl.PushPrompt(ctx, &quarryv1.PushPromptRequest{Source: strings.ToValidUTF8(string(source), "\uFFFD"), By: me(), DryRun: c.DryRun})
		if err != nil {
			return err
		}
		text := promptRef(r.Prompt) + " is stored; `quarry prompt activate` makes it answer"
		switch {
		case c.DryRun:
			text = clean(r.Prompt.Name) + " passes the checks"
		case !r.Created:
			text = promptRef(r.Prompt) + " is the same; nothing was stored"
		}
		return term.print(r, text)
	})
}

type promptDiffCmd struct {
	A string `arg:"" help:"NAME, NAME@VERSION, or a file."`
	B string `arg:"" help:"The same; what it has more is marked with +."`
}

func (c *promptDiffCmd) Run(ctx context.Context, g *globals, term *terminal) error {
	return prompts(g.Server, func(cl quarryv1.PromptServiceClient) error {
		var sources [2]string
		for i, name := range []string{c.A, c.B} {
			var err error
			if sources[i], err = promptSource(ctx, cl, name); err != nil {
				return err
			}
		}
		_, err := fmt.Fprint(term.out, clean(lineDiff(c.A, c.B, sources[0], sources[1])))
		return err
	})
}

// promptSource is a file's text, or where there is no such file, a prompt's.
func promptSource(ctx context.Context, cl quarryv1.PromptServiceClient, name string) (string, error) {
	text, err := readLimited(name, maxPrompt)
	if !errors.Is(err, fs.ErrNotExist) {
		return string(text), err
	}
	r, err := cl.GetPrompt(ctx, &quarryv1.GetPromptRequest{Prompt: name})
	return r.GetPrompt().GetSource(), err
}
