package main

import (
	"context"
	"fmt"
	"strings"

	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// contextualizeCmd turns contexts of chunks on or off.
type contextualizeCmd struct {
	Name   string `arg:"" help:"The collection's name."`
	DryRun bool   `env:"-" help:"Only say what is left to do and about what it costs."`
	Off    bool   `env:"-" help:"Write no more; what is written stays until its document changes."`
}

func (c *contextualizeCmd) Run(ctx context.Context, g *globals, term *terminal) error {
	return withClient(g.Server, func(cl *client) error {
		r, err := cl.collections.ContextualizeCollection(ctx, &quarryv1.ContextualizeCollectionRequest{
			Name: c.Name, DryRun: c.DryRun, Off: c.Off,
		})
		if err != nil {
			return err
		}
		return term.print(r, contextualizeText(r, c.DryRun, c.Off))
	})
}

func contextualizeText(r *quarryv1.ContextualizeCollectionResponse, dry, off bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %d chunks have no context yet", r.Waiting, r.Chunks)
	switch {
	case off:
		b.WriteString("; none is written from now on.")
		return b.String()
	case r.Waiting == 0:
		b.WriteString(".")
	case r.Cost == nil:
		fmt.Fprintf(&b, ".\nAbout %d tokens for %s to read and %d to write; its price is not known.", r.InputTokens, clean(r.Model), r.OutputTokens)
	default:
		fmt.Fprintf(&b, ".\nAbout %d tokens for %s to read and %d to write: $%.2f by the prices of %s.",
			r.InputTokens, clean(r.Model), r.OutputTokens, *r.Cost, clean(r.PriceDate))
	}
	switch {
	case !dry && r.Waiting > 0:
		b.WriteString("\nThey are being written, as those of new documents will be; --dry-run says how far that is.")
	case !dry:
		b.WriteString("\nThose of new documents are written as they come.")
	}
	return b.String()
}
