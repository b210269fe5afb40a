package main

import (
	"context"
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"

	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// collectCmd keeps collections.
type collectCmd struct {
	List   collectListCmd   `cmd:"" help:"List collections."`
	Create collectCreateCmd `cmd:"" help:"Create an empty collection."`
	Show   collectShowCmd   `cmd:"" help:"Show a collection with its settings."`
	Set    collectSetCmd    `cmd:"" help:"Change settings of a collection; those not named stay as they are."`
	Delete collectDeleteCmd `cmd:"" help:"Delete a collection with everything in it."`

	Contextualize contextualizeCmd `cmd:"" help:"Have a chat model write what places each chunk in its document, to be found by it too. Costs a call of the model for each chunk; --dry-run tells about how much."`
}

type collectListCmd struct{}

func (c *collectListCmd) Run(ctx context.Context, g *globals, term *terminal) error {
	return withClient(g.Server, func(cl *client) error {
		all, err := cl.collections.ListCollections(ctx, &quarryv1.ListCollectionsRequest{})
		if err != nil {
			return err
		}
		for _, one := range all.Collections {
			text := fmt.Sprintf("%-24s %8d documents %9d chunks  %s", clean(one.Name), one.Documents, one.Chunks, line(one.Description, 80))
			if err := term.print(one, strings.TrimSpace(text)); err != nil {
				return err
			}
		}
		return nil
	})
}

// collectSettings are the settings that people choose; nil is not chosen.
type collectSettings struct {
	Language    *string  `env:"-" help:"Language of stemming and stop words, ISO 639-1. Default en."`
	DenseWeight *float64 `env:"-" help:"Weight of vectors in fusion, 0 to 1. Default 0.55."`
	MinScore    *float64 `env:"-" help:"Score under which an answer says \"not in the documents\". Default 0.375."`
	ChunkTokens *int32   `env:"-" placeholder:"N" help:"Most tokens in a chunk. Default 220."`

	BM25K1 *float64 `env:"-" name:"bm25-k1" help:"How soon a term that is repeated counts no more, 0 to 10. Default 0.9."`
	BM25B  *float64 `env:"-" name:"bm25-b" help:"How much long chunks count less, 0 to 1. Default 0.4."`

	KeepVersionsDays *int32 `env:"-" placeholder:"DAYS" help:"How long the text of earlier versions is kept, for citations of them. Default 30."`
}

func (c *collectSettings) settings() *quarryv1.CollectionSettings {
	return &quarryv1.CollectionSettings{
		Language: c.Language, DenseWeight: c.DenseWeight, MinScore: c.MinScore, ChunkTokens: c.ChunkTokens,
		Bm25K1: c.BM25K1, Bm25B: c.BM25B, KeepVersionsDays: c.KeepVersionsDays,
	}
}

type collectCreateCmd struct {
	Name        string `arg:"" help:"Its name: at most 63 lower-case letters, digits, \".\", \"-\" and \"_\"."`
	Description string `env:"-" help:"What it is about, for people."`
	collectSettings
}

func (c *collectCreateCmd) Run(ctx context.Context, g *globals, term *terminal) error {
	return withClient(g.Server, func(cl *client) error {
		r, err := cl.collections.CreateCollection(ctx, &quarryv1.CreateCollectionRequest{
			Name: c.Name, Description: c.Description, Settings: c.settings(),
		})
		if err != nil {
			return err
		}
		return term.print(r.Collection, collectionText(r.Collection))
	})
}

type collectShowCmd struct {
	Name string `arg:"" help:"Its name."`
}

func (c *collectShowCmd) Run(ctx context.Context, g *globals, term *terminal) error {
	return withClient(g.Server, func(cl *client) error {
		r, err := cl.collections.GetCollection(ctx, &quarryv1.GetCollectionRequest{Name: c.Name})
		if err != nil {
			return err
		}
		return term.print(r.Collection, collectionText(r.Collection))
	})
}

type collectSetCmd struct {
	Name string `arg:"" help:"Its name."`
	collectSettings
}

// Help is shown below the usage line.
func (c *collectSetCmd) Help() string {
	return "Language and chunk tokens apply to what is indexed from then on."
}

func (c *collectSetCmd) Run(ctx context.Context, g *globals, term *terminal) error {
	return withClient(g.Server, func(cl *client) error {
		r, err := cl.collections.GetCollection(ctx, &quarryv1.GetCollectionRequest{Name: c.Name})
		if err != nil {
			return err
		}
		wanted := &quarryv1.CollectionSettings{}
		proto.Merge(wanted, r.Collection.GetSettings())
		proto.Merge(wanted, c.settings())
		u, err := cl.collections.UpdateCollection(ctx, &quarryv1.UpdateCollectionRequest{Name: c.Name, Settings: wanted})
		if err != nil {
			return err
		}
		return term.print(u.Collection, collectionText(u.Collection))
	})
}

type collectDeleteCmd struct {
	Name string `arg:"" help:"Its name."`
}

func (c *collectDeleteCmd) Run(ctx context.Context, g *globals, term *terminal) error {
	return withClient(g.Server, func(cl *client) error {
		if _, err := cl.collections.DeleteCollection(ctx, &quarryv1.DeleteCollectionRequest{Name: c.Name}); err != nil {
			return err
		}
		term.note("deleted %s", clean(c.Name))
		return nil
	})
}

func collectionText(c *quarryv1.Collection) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Name       %s\nDocuments  %d\nChunks     %d\nModel      %s, %d dimensions\nCreated    %s",
		clean(c.Name), c.Documents, c.Chunks, clean(c.Space.GetModel()), c.Space.GetDim(),
		stamp(c.CreatedAt))
	if c.Description != "" {
		fmt.Fprintf(&b, "\nAbout      %s", line(c.Description, 200))
	}
	if s := c.Settings; s != nil {
		set(&b, "language", s.Language)
		set(&b, "bm25_k1", s.Bm25K1)
		set(&b, "bm25_b", s.Bm25B)
		set(&b, "dense_weight", s.DenseWeight)
		set(&b, "min_score", s.MinScore)
		set(&b, "chunk_tokens", s.ChunkTokens)
		set(&b, "contextual", s.Contextual)
		set(&b, "keep_versions_days", s.KeepVersionsDays)
	}
	return b.String()
}

// set prints a setting that is not its default.
func set[T any](b *strings.Builder, name string, v *T) {
	if v != nil {
		fmt.Fprintf(b, "\n%-13s %v", name, *v)
	}
}
