package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// ingestCmd brings documents into a collection.
type ingestCmd struct {
	Paths []string `arg:"" optional:"" type:"path" help:"Files and folders."`
	remote
	Sync             bool `env:"-" help:"Remove documents of this source that are no longer there."`
	Reparse          bool `env:"-" help:"Read and parse anew what has not changed, as after an upgrade."`
	DryRun           bool `env:"-" help:"Only show what would be added, changed, moved and removed."`
	AllowMassRemoval bool `env:"-" help:"Let --sync remove more than half of a source's documents."`
	Records          bool `env:"-" help:"The files are JSONL with a document a line, perhaps with its vectors."`
	labelFlags
	watchFlags
	Upload bool `env:"-" help:"Send the files instead of letting the server read them; the default for a server that is not on this machine."`
}

func (c *ingestCmd) Run(ctx context.Context, g *globals, term *terminal) error {
	in, upload, err := c.request(g)
	if err != nil {
		return err
	}
	return withClient(g.Server, func(cl *client) error {
		if err := cl.ensureCollection(ctx, g.Collection); err != nil {
			return err
		}
		switch {
		case upload && c.Records:
			return uploadRecords(ctx, cl, term, in)
		case upload:
			return uploadPaths(ctx, cl, term, in)
		case c.Watch:
			return keep(ctx, cl, term, c.watchFlags, in)
		}
		return importPaths(ctx, cl, term, in)
	})
}

// request is the import that is asked for, and whether the files are sent instead.
func (c *ingestCmd) request(g *globals) (in *quarryv1.StartImportRequest, upload bool, err error) {
	in = &quarryv1.StartImportRequest{
		Collection: g.Collection, Paths: c.Paths, Records: c.Records,
		Sync: c.Sync || c.Watch, Reparse: c.Reparse, DryRun: c.DryRun, AllowMassRemoval: c.AllowMassRemoval,
	}
	if err := c.remote.into(in); err != nil {
		return nil, false, err
	}
	if err := c.labelFlags.into(in); err != nil {
		return nil, false, err
	}
	if c.Upload && len(c.Paths) == 0 {
		return nil, false, errors.New("--upload is for files and folders")
	}
	upload = len(c.Paths) > 0 && (c.Upload || !loopback(g.Server))
	if upload && (c.Sync || c.DryRun || c.Reparse) {
		return nil, false, errors.New("--sync, --dry-run and --reparse need a server that reads the files itself")
	}
	if c.Reparse && c.Watch {
		return nil, false, errors.New("--reparse is for one import, --watch goes on: run them one after the other")
	}
	return in, upload, c.watchFlags.check(c.Paths, c.DryRun, upload)
}

// importPaths has the server read a source and shows how far it is.
func importPaths(ctx context.Context, cl *client, term *terminal, in *quarryv1.StartImportRequest) error {
	p := newProgress(term, time.Now)
	last, err := runImport(ctx, cl, in, p)
	p.end()
	if err != nil && last != nil && ctx.Err() != nil {
		term.note("The import goes on in the server: see `quarry imports watch %s`, or end it with `quarry imports cancel %s`", clean(last.Id), clean(last.Id))
	}
	if err != nil {
		return err
	}
	if err := term.conclude(last); err != nil {
		return err
	}
	if last.Unchanged == 0 || in.DryRun {
		return nil
	}
	return settle(ctx, cl, term, in.Collection, last.FinishedAt)
}

// runImport starts an import and follows it to its end. With an error it returns
// the last state seen, if there was one.
func runImport(ctx context.Context, cl *client, in *quarryv1.StartImportRequest, p *progress) (*quarryv1.Import, error) {
	started, err := cl.ingest.StartImport(ctx, in)
	if err != nil {
		return nil, err
	}
	return watch(ctx, cl, started.Import, p)
}

// watch follows an import to its end, or to an error, and returns the last state
// seen. A stream that breaks because the server or its database is away for a
// moment is opened again.
func watch(ctx context.Context, cl *client, im *quarryv1.Import, p *progress) (*quarryv1.Import, error) {
	for broken := 0; ; {
		next, err := watchOnce(ctx, cl, im, p)
		if next != im {
			broken = 0
		}
		im = next
		if err == nil {
			return im, nil
		}
		if broken++; status.Code(err) != codes.Unavailable || broken > 10 {
			return im, err
		}
		select {
		case <-ctx.Done():
			return im, ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// watchOnce returns the last state seen, and no error when it is final.
func watchOnce(ctx context.Context, cl *client, im *quarryv1.Import, p *progress) (*quarryv1.Import, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := cl.ingest.WatchImport(ctx, &quarryv1.WatchImportRequest{Collection: im.Collection, Id: im.Id})
	if err != nil {
		return im, err
	}
	for {
		r, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return im, nil
		}
		if err != nil {
			return im, err
		}
		im = r.Import
		p.show(im)
	}
}

// settle waits until nothing that was accepted earlier, by a run that was killed
// perhaps, still waits to be indexed: an answer now would leave it out. It does
// not wait for what was accepted after the time; nil means for all.
func settle(ctx context.Context, cl *client, term *terminal, collection string, accepted *timestamppb.Timestamp) error {
	p := newProgress(term, time.Now)
	defer p.end()
	for first := true; ; first = false {
		waiting, err := pending(ctx, cl, collection, accepted)
		if err != nil || !waiting {
			return err
		}
		if first {
			term.note("Waiting for documents that were accepted earlier and are not indexed yet; Ctrl-C leaves them to the server")
		}
		c, err := cl.collections.GetCollection(ctx, &quarryv1.GetCollectionRequest{Name: collection})
		if err != nil {
			return err
		}
		p.say(fmt.Sprintf("  %d documents, %d chunks in the collection so far", c.Collection.Documents, c.Collection.Chunks))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// pending tells whether a document accepted by then waits to be indexed.
func pending(ctx context.Context, cl *client, collection string, by *timestamppb.Timestamp) (bool, error) {
	in := &quarryv1.ListDocumentsRequest{Collection: collection, PageSize: 1000, State: quarryv1.DocumentState_DOCUMENT_STATE_PENDING}
	for {
		page, err := cl.ingest.ListDocuments(ctx, in)
		if err != nil {
			return false, err
		}
		for _, d := range page.Documents {
			if by == nil || !d.UpdatedAt.AsTime().After(by.AsTime()) {
				return true, nil
			}
		}
		if in.PageToken = page.NextPageToken; in.PageToken == "" {
			return false, nil
		}
	}
}

// conclude prints what an import did, and gives an error when it was not all.
func (t *terminal) conclude(im *quarryv1.Import) error {
	if t.json || im.State == quarryv1.ImportState_IMPORT_STATE_DONE || didSomething(im) {
		if err := t.summarize(im); err != nil {
			return err
		}
	}
	if failure := importFailure(im); failure != "" {
		return errors.New(failure)
	}
	return nil
}

// importFailure says why an import did not do all that was asked; empty when it did.
func importFailure(im *quarryv1.Import) string {
	switch im.State {
	case quarryv1.ImportState_IMPORT_STATE_DONE:
		return ""
	case quarryv1.ImportState_IMPORT_STATE_CANCELLED:
		return "the import was cancelled"
	}
	return fmt.Sprintf("the import ended as %s: %s", importEnd(im), clean(im.Error))
}

// didSomething reports whether there is anything to say of an import.
func didSomething(im *quarryv1.Import) bool {
	return im.Unchanged+settled(im)+im.Moved+im.Removed > 0 || len(im.Skipped) > 0 || im.Plan != nil
}

// summarize prints what an import did.
func (t *terminal) summarize(im *quarryv1.Import) error {
	if t.json {
		return t.printJSON(im)
	}
	t.note("%s", importSummary(t, im))
	return nil
}
