package main

import (
	"errors"

	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// askForm is the form of an answer; without a flag it is text.
type askForm struct {
	Schema    string  `env:"-" type:"existingfile" placeholder:"FILE" help:"Answer with JSON that obeys the JSON schema in this file; needs a chat model."`
	Quotes    bool    `env:"-" help:"Answer with quotes only."`
	MaxQuotes int32   `env:"-" placeholder:"N" help:"Most quotes. 0: the server's default, 10."`
	Summary   bool    `env:"-" help:"Answer over many documents, from notes that are taken on a part at a time."`
	MaxCalls  int32   `env:"-" placeholder:"N" help:"Most calls of the model for a summary. 0: the server's default, 16."`
	MaxCost   float64 `env:"-" placeholder:"USD" help:"Most that a summary may cost, in US dollars. 0: no bound of its own."`
}

// check says what of the flags does not go together.
func (c *askForm) check() error {
	asked := 0
	for _, on := range []bool{c.Schema != "", c.Quotes, c.Summary} {
		if on {
			asked++
		}
	}
	switch {
	case asked > 1:
		return errors.New("--schema, --quotes and --summary: want one of them")
	case !c.Quotes && c.MaxQuotes != 0:
		return errors.New("--max-quotes bounds quotes: add --quotes")
	case !c.Summary && (c.MaxCalls != 0 || c.MaxCost != 0):
		return errors.New("--max-calls and --max-cost bound a summary: add --summary")
	}
	return nil
}

// setForm writes the flags into a request.
func (c *askForm) setForm(in *quarryv1.AskRequest) error {
	switch {
	case c.Schema != "":
		text, err := readLimited(c.Schema, maxPrompt)
		if err != nil {
			return err
		}
		in.Form = &quarryv1.AskRequest_Json{Json: &quarryv1.JsonForm{Schema: string(text)}}
	case c.Quotes:
		in.Form = &quarryv1.AskRequest_Quotes{Quotes: &quarryv1.QuotesForm{Max: c.MaxQuotes}}
	case c.Summary:
		in.Form = &quarryv1.AskRequest_Summary{Summary: &quarryv1.SummaryForm{MaxCalls: c.MaxCalls, MaxCost: c.MaxCost}}
	}
	return nil
}
