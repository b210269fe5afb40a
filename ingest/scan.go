package ingest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// A batch of documents is accepted in one transaction and indexed by one job: few
// enough to share the work of embedding among jobs, and more of those that come
// with their vectors, which are only written.
const (
	batchDocuments = 64
	batchPrepared  = 2048
	batchBytes     = 8 << 20
)

// scan is one run of an import over its sources.
type scan struct {
	in      *Ingester
	col, id int64
	spec    ImportSpec
	tally   tally
	plan    Plan
	saved   time.Time // when the tally was last written

	batch []offer
	bytes int
	gone  goneDocuments
	// from names the source in hand, owned counts its documents seen so far.
	from  string
	owned int
	// trouble is why the listing is not complete; empty while it is.
	trouble string
	// refused is why nothing may be removed although it is.
	refused string
}

// scan lists an import's sources, accepts what has changed, and removes what is
// gone when that is asked for. It may be killed and run again at any moment. An
// import or collection that is gone, or past scanning, is left alone.
func (in *Ingester) scan(ctx context.Context, col, id int64) error {
	m, err := readImport(ctx, in.pool, col, id)
	if errors.Is(err, ErrUnknownImport) || err == nil && m.State != Scanning {
		return nil
	}
	if err != nil {
		return err
	}
	s := &scan{in: in, col: col, id: id, spec: m.Spec, tally: tally{skipped: map[string]*Skipped{}}}
	err = s.run(ctx)
	if errors.Is(err, ErrUnknownCollection) {
		return nil
	}
	return err
}

func (s *scan) run(ctx context.Context) error {
	for _, o := range s.openers() {
		src, err := o.open(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			s.trouble = err.Error()
			continue
		}
		err = s.read(ctx, src)
		src.close()
		if err != nil {
			return fmt.Errorf("scan %s: %w", o.label, err)
		}
	}
	if err := s.flush(ctx); err != nil {
		return err
	}
	if s.spec.Sync && s.trouble == "" && s.refused == "" && !s.spec.DryRun {
		if err := s.removeGone(ctx); err != nil {
			return err
		}
	}
	return s.end(ctx)
}

// read brings in one source.
func (s *scan) read(ctx context.Context, src source) (err error) {
	s.from, s.owned = src.name(), 0
	before := len(s.gone.ids)
	if o, ok := src.(ordered); ok {
		err = s.merge(ctx, o)
	} else {
		err = s.match(ctx, src)
	}
	gone := len(s.gone.ids) - before
	if s.spec.Sync && !s.spec.AllowMassRemoval && s.owned >= massRemoval && gone > s.owned/2 {
		s.refused = fmt.Sprintf("%d of the %d documents of %s are gone; say that removing them is meant (--allow-mass-removal)",
			gone, s.owned, s.from)
	}
	return err
}

// meet decides what to do with one listed item.
func (s *scan) meet(ctx context.Context, it item, doc *scanned) error {
	if it.incomplete {
		s.trouble = it.label + ": " + it.reason
	}
	if it.nameless && s.spec.Sync {
		s.refused = it.label + ": " + it.reason
	}
	s.tally.listed++
	if it.reason != "" {
		s.tally.skip(it.reason, it.label)
		return s.save(ctx, false)
	}
	var known state
	if doc != nil && doc.state != Failed && doc.source != "" {
		known = doc.known
		if it.state.sameAs(known) {
			s.unchanged(doc)
			return s.save(ctx, false)
		}
	}
	c, err := it.read(ctx, known)
	switch {
	case err != nil:
		return err
	case c.reason != "":
		if c.incomplete {
			s.trouble = it.label + ": " + c.reason
		}
		if c.gone && doc != nil && doc.source != "" {
			s.miss(doc)
		}
		s.tally.skip(c.reason, it.label)
		return s.save(ctx, false)
	case c.unchanged:
		s.unchanged(doc)
		return s.save(ctx, false)
	}
	return s.offer(ctx, offerFrom(s.from, it.uri, c))
}

// unchanged counts a document, unless this import itself brought it in before
// its scan started over.
func (s *scan) unchanged(doc *scanned) {
	if doc.importID == nil || *doc.importID != s.id {
		s.tally.unchanged++
	}
}

func offerFrom(source, uri string, c content) offer {
	o := offer{
		uri: uri, source: source, body: c.body, mediaType: c.mediaType, title: c.title,
		hash:       contentHash(c.mediaType, c.title, c.body),
		modifiedAt: c.state.modified, version: c.state.version,
		metadata: c.metadata, principals: c.principals, keep: !c.given,
	}
	if o.metadata == nil {
		o.metadata = []byte("{}")
	}
	if o.principals == nil {
		o.principals = []string{}
	}
	return o
}

// offer adds to the batch, which is accepted when it is full.
func (s *scan) offer(ctx context.Context, o offer) error {
	if s.bytes+len(o.body) > batchBytes {
		if err := s.flush(ctx); err != nil {
			return err
		}
	}
	s.batch = append(s.batch, o)
	s.bytes += len(o.body)
	if len(s.batch) < batchPrepared && (o.mediaType == PreparedType || len(s.batch) < batchDocuments) {
		return nil
	}
	return s.flush(ctx)
}

// flush accepts the batch, once there is room in the queue.
func (s *scan) flush(ctx context.Context) error {
	if len(s.batch) == 0 {
		return nil
	}
	if s.spec.DryRun {
		n, err := s.in.plan(ctx, s.col, s.batch, &s.plan)
		if err != nil {
			return err
		}
		return s.flushed(ctx, n)
	}
	if err := s.in.room(ctx, s.col); err != nil {
		return err
	}
	var got accepted
	err := inTx(ctx, s.in.pool, func(tx pgx.Tx) (err error) {
		got, err = s.in.accept(ctx, tx, s.col, s.batch, s.id)
		return err
	})
	if err != nil {
		return err
	}
	return s.flushed(ctx, int64(got.unchanged))
}

func (s *scan) flushed(ctx context.Context, unchanged int64) error {
	s.tally.unchanged += unchanged
	clear(s.batch)
	s.batch, s.bytes = s.batch[:0], 0
	return s.save(ctx, true)
}

// end closes the scan; the import ends with it, or with its last document.
func (s *scan) end(ctx context.Context) error {
	if s.trouble != "" {
		s.plan.Removed = Planned{}
	}
	if err := s.save(ctx, true); err != nil {
		return err
	}
	failure := cmp.Or(s.trouble, s.refused)
	if failure != "" && s.spec.Sync {
		failure += "; nothing was removed"
	}
	return inTx(ctx, s.in.pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `update import set state = 'indexing', error = $3
			where collection_id = $1 and import_id = $2 and state = 'scanning'`, s.col, s.id, failure)
		if err != nil {
			return fmt.Errorf("end scan: %w", err)
		}
		return endImport(ctx, tx, s.col, s.id)
	})
}
