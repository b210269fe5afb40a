package main

import (
	"context"
	"fmt"

	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// checkCmd proves that a collection's rows agree with one another.
type checkCmd struct{}

func (c *checkCmd) Run(ctx context.Context, g *globals, term *terminal) error {
	return withClient(g.Server, func(cl *client) error {
		r, err := cl.ingest.CheckCollection(ctx, &quarryv1.CheckCollectionRequest{Collection: g.Collection})
		if err != nil {
			return err
		}
		if err := term.print(r, checkText(r)); err != nil {
			return err
		}
		if n := len(r.Findings); n > 0 {
			return fmt.Errorf("collection %q: findings above: %d", g.Collection, n)
		}
		return nil
	})
}

func checkText(r *quarryv1.CheckCollectionResponse) string {
	if len(r.Findings) == 0 {
		return "Nothing is wrong."
	}
	s := ""
	for i, f := range r.Findings {
		if i > 0 {
			s += "\n"
		}
		s += clean(f)
	}
	return s
}
