package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// docsCmd reads and removes documents.
type docsCmd struct {
	List   docsListCmd   `cmd:"" help:"List documents."`
	Show   docsShowCmd   `cmd:"" help:"Show one document, with its canonical text."`
	Delete docsDeleteCmd `cmd:"" help:"Delete documents."`
	Retry  docsRetryCmd  `cmd:"" help:"Index documents again that have failed."`
}

// readBy is who reads documents.
type readBy struct {
	Principal []string `env:"-" placeholder:"NAME" help:"Only documents that this person or group may read; several may be given. Default: all documents."`
}

type docsListCmd struct {
	readBy
	State  string `env:"-" default:"all" enum:"all,pending,ready,failed" help:"Only documents in this state: ${enum}."`
	Failed bool   `env:"-" help:"Short for --state failed."`
}

func (c *docsListCmd) Run(ctx context.Context, g *globals, term *terminal) error {
	if c.Failed {
		c.State = "failed"
	}
	state := quarryv1.DocumentState(quarryv1.DocumentState_value["DOCUMENT_STATE_"+strings.ToUpper(c.State)])
	return withClient(g.Server, func(cl *client) error {
		in := &quarryv1.ListDocumentsRequest{Collection: g.Collection, PageSize: 1000, State: state, Principals: c.Principal}
		for {
			page, err := cl.ingest.ListDocuments(ctx, in)
			if err != nil {
				return err
			}
			for _, d := range page.Documents {
				if err := term.print(d, docLine(term, d)); err != nil {
					return err
				}
			}
			if in.PageToken = page.NextPageToken; in.PageToken == "" {
				return nil
			}
		}
	})
}

type docsShowCmd struct {
	readBy
	URI string `arg:"" name:"document" help:"The document's URI, or its file's path."`
}

func (c *docsShowCmd) Run(ctx context.Context, g *globals, term *terminal) error {
	return withClient(g.Server, func(cl *client) error {
		var r *quarryv1.GetDocumentResponse
		err := eitherURI(c.URI, func(uri string) (err error) {
			r, err = cl.ingest.GetDocument(ctx, &quarryv1.GetDocumentRequest{Collection: g.Collection, Uri: uri, WithText: true, Principals: c.Principal})
			return err
		})
		if err != nil {
			return err
		}
		return term.print(r, docText(r))
	})
}

// fileURI is the URI under which the file of a path is ingested.
func fileURI(path string) string { return "file://" + path }

// eitherURI calls do with a document's name as it is, and when there is none of
// that URI, with the URI of the file that it may be the path of.
func eitherURI(name string, do func(uri string) error) error {
	err := do(name)
	if status.Code(err) != codes.NotFound || strings.Contains(name, "://") {
		return err
	}
	path, absErr := filepath.Abs(name)
	if absErr != nil {
		return err
	}
	if second := do(fileURI(path)); status.Code(second) != codes.NotFound {
		return second
	}
	return err
}

type docsDeleteCmd struct {
	URIs []string `arg:"" name:"document" help:"URIs of the documents, or their files' paths."`
}

func (c *docsDeleteCmd) Run(ctx context.Context, g *globals, term *terminal) error {
	return withClient(g.Server, func(cl *client) error {
		for _, uri := range c.URIs {
			err := eitherURI(uri, func(uri string) error {
				_, err := cl.ingest.DeleteDocument(ctx, &quarryv1.DeleteDocumentRequest{Collection: g.Collection, Uri: uri})
				return err
			})
			if err != nil {
				return err
			}
			term.note("deleted %s", clean(uri))
		}
		return nil
	})
}

type docsRetryCmd struct {
	URIs   []string `arg:"" optional:"" name:"document" help:"URIs of the documents, or their files' paths."`
	Failed bool     `env:"-" help:"All that have failed."`
}

func (c *docsRetryCmd) Run(ctx context.Context, g *globals, term *terminal) error {
	if c.Failed == (len(c.URIs) > 0) {
		return errors.New("name either documents or --failed")
	}
	return withClient(g.Server, func(cl *client) error {
		if c.Failed {
			r, err := cl.ingest.RetryDocuments(ctx, &quarryv1.RetryDocumentsRequest{Collection: g.Collection, AllFailed: true})
			if err == nil {
				term.note("to be indexed again: %d", r.Retried)
			}
			return err
		}
		for _, name := range c.URIs {
			err := eitherURI(name, func(uri string) error {
				r, err := cl.ingest.RetryDocuments(ctx, &quarryv1.RetryDocumentsRequest{Collection: g.Collection, Uris: []string{uri}})
				if err == nil && r.Retried == 0 {
					return fmt.Errorf("%s has not failed", clean(uri))
				}
				return err
			})
			if err != nil {
				return err
			}
			term.note("to be indexed again: %s", clean(name))
		}
		return nil
	})
}

func docLine(term *terminal, d *quarryv1.Document) string {
	s := fmt.Sprintf("%-7s %s %10s  %s", stateName(d.State), count(int64(d.Chunks), 5, "chunk"), size(d.Size), term.short(d.Uri))
	if d.Title != "" {
		s += "  (" + line(d.Title, 60) + ")"
	}
	if d.Reason != "" {
		s += "\n        " + ends(d.Reason, 200)
	}
	return s
}

func docText(r *quarryv1.GetDocumentResponse) string {
	d := r.Document
	var b strings.Builder
	fmt.Fprintf(&b, "URI      %s\nTitle    %s\nType     %s\nState    %s", clean(d.Uri), line(d.Title, 200), clean(d.MediaType), stateName(d.State))
	if d.Reason != "" {
		fmt.Fprintf(&b, ": %s", ends(d.Reason, 200))
	}
	if m := d.Metadata.AsMap(); len(m) > 0 {
		if j, err := json.Marshal(m); err == nil { // keys in order
			fmt.Fprintf(&b, "\nMetadata %s", line(string(j), 2000))
		}
	}
	if len(d.Principals) > 0 {
		fmt.Fprintf(&b, "\nReaders  %s", line(strings.Join(d.Principals, ", "), 2000))
	}
	fmt.Fprintf(&b, "\nVersion  %d\nSize     %s\nChunks   %d\nUpdated  %s\n\n%s",
		d.Version, size(d.Size), d.Chunks, stamp(d.UpdatedAt), clean(r.Text))
	return b.String()
}

func stateName(s quarryv1.DocumentState) string {
	return strings.ToLower(strings.TrimPrefix(s.String(), "DOCUMENT_STATE_"))
}
