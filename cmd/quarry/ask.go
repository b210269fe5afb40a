package main

import (
	"context"
	"errors"
	"io"
	"strings"

	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// askCmd asks one question.
type askCmd struct {
	Question     []string          `arg:"" help:"The question; several words are joined."`
	Model        string            `env:"-" help:"One of the server's models; empty: its default."`
	Limit        int32             `env:"-" placeholder:"N" help:"Passages to draw the answer from. 0: the server's default."`
	Prompt       string            `env:"-" placeholder:"NAME[@V]" help:"Prompt to ask a chat model with; empty: what the collection uses."`
	Var          map[string]string `env:"-" mapsep:"none" placeholder:"NAME=VALUE" help:"Value of a variable of the prompt; may be repeated."`
	Conversation string            `env:"-" placeholder:"ID" xor:"conversation" help:"Continue this conversation; \"new\" begins one."`
	Continue     bool              `env:"-" xor:"conversation" help:"Continue the last conversation, or begin one."`
	NoCache      bool              `env:"-" help:"Have the answer made anew."`
	TrialKey     string            `env:"-" placeholder:"KEY" help:"What decides the prompt on trial and the model of a split, as a user: the same key always gets the same. Default: the conversation, or the question."`
	AnswerTokens int32             `env:"-" placeholder:"N" help:"Most tokens of the answer. 0: the model's default."`
	AllowRestart bool              `env:"-" help:"When a model fails in the middle, begin anew with the next rather than give up."`
	askForm
	searching
}

// Validate is called by kong.
func (c *askCmd) Validate() error { return errors.Join(c.askForm.check(), c.searching.Validate()) }

func (c *askCmd) Run(ctx context.Context, g *globals, term *terminal) error {
	return withClient(g.Server, func(cl *client) error {
		in := &quarryv1.AskRequest{
			Collection:   g.Collection,
			Question:     strings.Join(c.Question, " "),
			Model:        c.Model,
			Options:      c.options(c.Limit),
			Conversation: c.Conversation,
			NoCache:      c.NoCache,
			AllowRestart: c.AllowRestart,
			TrialKey:     c.TrialKey,

			MaxAnswerTokens: c.AnswerTokens,
			Prompt:          c.Prompt,
			Variables:       c.Var,
		}
		if err := c.setForm(in); err != nil {
			return err
		}
		if c.Continue {
			last, err := lastConversation(ctx, cl, g.Collection, c.Principal)
			if err != nil {
				return err
			}
			in.Conversation, in.StartConversation = last, last == ""
		} else if c.Conversation == "new" {
			in.Conversation, in.StartConversation = "", true
		}
		return ask(ctx, cl, term, in)
	})
}

// ask prints the answer as it streams, and after it what it rests on.
func ask(ctx context.Context, cl *client, term *terminal, in *quarryv1.AskRequest) error {
	stream, err := cl.query.Ask(ctx, in)
	if err != nil {
		return err
	}
	view := &answerView{term: term}
	for {
		event, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil && term.json {
			err = term.printJSON(event)
		} else if err == nil {
			err = view.show(event)
		}
		if err != nil {
			view.breakOff()
			return err
		}
	}
}
