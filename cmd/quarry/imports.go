package main

import (
	"context"
	"fmt"
	"time"

	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// importsCmd looks at imports, which are the server's: they go on when whoever
// began one has left, and after a restart.
type importsCmd struct {
	List   importsListCmd   `cmd:"" help:"List imports, the latest first."`
	Watch  importsWatchCmd  `cmd:"" help:"Show how far an import is, until it ends."`
	Cancel importsCancelCmd `cmd:"" help:"End an import: it reads on no further, and new documents that it has queued are not indexed."`
}

type importsListCmd struct {
	Limit int32 `env:"-" default:"20" help:"The most shown, 1 to 1000."`
}

func (c *importsListCmd) Run(ctx context.Context, g *globals, term *terminal) error {
	return withClient(g.Server, func(cl *client) error {
		page, err := cl.ingest.ListImports(ctx, &quarryv1.ListImportsRequest{Collection: g.Collection, PageSize: c.Limit})
		if err != nil {
			return err
		}
		for _, im := range page.Imports {
			if err := term.print(im, importRow(term, im)); err != nil {
				return err
			}
		}
		return nil
	})
}

type importsWatchCmd struct {
	ID string `arg:"" name:"import" help:"Its number, as list prints it."`
}

func (c *importsWatchCmd) Run(ctx context.Context, g *globals, term *terminal) error {
	return withClient(g.Server, func(cl *client) error {
		p := newProgress(term, time.Now)
		last, err := watch(ctx, cl, &quarryv1.Import{Collection: g.Collection, Id: c.ID}, p)
		p.end()
		if err != nil {
			return err
		}
		return term.conclude(last)
	})
}

type importsCancelCmd struct {
	ID string `arg:"" name:"import" help:"Its number, as list prints it."`
}

func (c *importsCancelCmd) Run(ctx context.Context, g *globals, term *terminal) error {
	return withClient(g.Server, func(cl *client) error {
		r, err := cl.ingest.CancelImport(ctx, &quarryv1.CancelImportRequest{Collection: g.Collection, Id: c.ID})
		if err != nil {
			return err
		}
		if r.Import.State != quarryv1.ImportState_IMPORT_STATE_CANCELLED {
			return fmt.Errorf("the import has ended already, as %s", importEnd(r.Import))
		}
		return term.print(r.Import, importRow(term, r.Import))
	})
}

// importRow is an import in a list.
func importRow(term *terminal, im *quarryv1.Import) string {
	s := fmt.Sprintf("%s  %-10s %s  %d/%d documents, %d unchanged, %d quarantined, %d removed  %s", clean(im.Id), importEnd(im),
		stamp(im.StartedAt), settled(im), im.Queued, im.Unchanged, im.Failed, im.Removed, term.short(im.Source))
	for _, why := range []string{im.Error, im.Waiting} {
		if why != "" {
			s += "\n        " + ends(why, 200)
		}
	}
	return s
}
