package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/jackc/pgx/v5"

	"github.com/quarry-rag/quarry/ingest/web"
)

// website is a web site as a source. Listing it reads it, since pages lead to
// pages; a document's URI is its page's own address.
type website struct {
	scope string
	o     web.Options
}

// openSite takes a function that returns the version by which a source knows a
// document that is as it should be; empty: there is none.
func openSite(spec WebSpec, o Sources, known func(context.Context, string) (string, error)) (*website, error) {
	scope, err := spec.Scope()
	if err != nil {
		return nil, fmt.Errorf("%s %w", spec.URL, err)
	}
	return &website{scope, web.Options{
		Start: spec.URL, MaxPages: spec.MaxPages, MaxDepth: spec.MaxDepth, Crawl: spec.Crawl,
		MaxBytes: MaxDocumentBytes, Dialer: o.dialer(), Known: known, Pace: o.pace, Pause: o.pace,
	}}, nil
}

func (w *website) name() string { return w.scope }
func (w *website) close()       {}

func (w *website) list(ctx context.Context) iter.Seq2[item, error] {
	return func(yield func(item, error) bool) {
		for p, err := range web.Visit(ctx, w.o) {
			if err != nil {
				yield(item{}, err)
				return
			}
			if !yield(w.item(p), nil) {
				return
			}
		}
	}
}

func (w *website) item(p web.Page) item {
	it := item{uri: p.Address, label: p.Address, held: len(p.Body)}
	switch {
	case p.Address == "":
		it.label, it.reason, it.nameless = w.scope, p.Reason, true
	case p.Gone:
		it.read = func(context.Context, state) (content, error) { return content{reason: p.Reason, gone: true}, nil }
	case p.Reason != "":
		it.reason, it.incomplete = p.Reason, p.Incomplete
	case p.Unchanged:
		it.state = state{version: p.Version}
		it.read = func(context.Context, state) (content, error) {
			return content{reason: "deleted here while the site was read"}, nil
		}
	default:
		it.read = func(context.Context, state) (content, error) { return pageContent(p) }
	}
	return it
}

func pageContent(p web.Page) (content, error) {
	body, reason, err := read(bytes.NewReader(p.Body), p.Address, int64(len(p.Body)))
	return content{body: body, reason: reason, state: state{size: int64(len(body)), version: p.Version}}, err
}

// known is the version by which this import's source knows a document.
func (s *scan) known(ctx context.Context, uri string) (version string, err error) {
	if s.spec.Reparse {
		return "", nil // the page is asked for whole
	}
	err = s.in.pool.QueryRow(ctx, `
		select source_version from document where collection_id = $1 and uri = $2 and state <> 'failed' and source <> ''`,
		s.col, uri).Scan(&version)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	return version, err
}
