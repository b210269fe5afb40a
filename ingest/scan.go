package ingest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// A batch of documents is accepted in one transaction and indexed by one job.
const (
	batchDocuments = 64
	batchBytes     = 8 << 20
)

// maxReasons bounds the reasons kept of an import; files skipped for further
// ones are counted together.
const maxReasons = 100

// tally is what a scan counts. It starts again when the scan does.
type tally struct {
	listed, unchanged int64
	skipped           map[string]*Skipped
}

func (t *tally) skip(reason, example string) {
	if _, ok := t.skipped[reason]; !ok && len(t.skipped) >= maxReasons {
		reason = "other reasons"
	}
	s, ok := t.skipped[reason]
	if !ok {
		s = &Skipped{Example: example}
		t.skipped[reason] = s
	}
	s.Count++
}

// scan is one run of an import over its roots.
type scan struct {
	in      *Ingester
	col, id int64
	spec    ImportSpec
	tally   tally
	saved   time.Time // when the tally was last written

	batch []offer
	bytes int
	gone  goneDocuments
	// trouble is why the listing is not complete; empty while it is.
	trouble string
}

// goneDocuments were imported before and are not listed any more.
type goneDocuments struct{ ids, revisions []int64 }

// scan lists an import's files, accepts the changed ones, and removes what is
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
	for _, root := range s.spec.Paths {
		if err := s.root(ctx, root); err != nil {
			return fmt.Errorf("scan %s: %w", root, err)
		}
	}
	if err := s.flush(ctx); err != nil {
		return err
	}
	if s.spec.Sync && s.trouble == "" {
		if err := s.removeGone(ctx); err != nil {
			return err
		}
	}
	return s.end(ctx)
}

// root merges the listing of one root with the documents imported from it: both
// come in byte order, so neither is held in memory.
func (s *scan) root(ctx context.Context, root string) error {
	t, err := openTree(root)
	if err != nil {
		s.trouble = err.Error()
		return nil
	}
	defer t.close()
	docs := &cursor{pool: s.in.pool, col: s.col, uri: uriOf(root), below: uriOf(folder(root))}
	for l := range t.walk() {
		if err := ctx.Err(); err != nil {
			return err
		}
		doc, err := s.advance(ctx, docs, uriOf(l.path))
		if err != nil {
			return err
		}
		if err := s.meet(ctx, t, root, l, doc); err != nil {
			return err
		}
	}
	_, err = s.advance(ctx, docs, "")
	return err
}

// advance moves docs to uri, or to their end when uri is empty, and notes those
// passed over as gone. It returns the document of that URI, if there is one.
func (s *scan) advance(ctx context.Context, docs *cursor, uri string) (*scanned, error) {
	for {
		d, err := docs.peek(ctx)
		if err != nil || d == nil || uri != "" && d.uri > uri {
			return nil, err
		}
		docs.next()
		if d.uri == uri {
			return d, nil
		}
		if d.source != "" {
			s.gone.ids = append(s.gone.ids, d.id)
			s.gone.revisions = append(s.gone.revisions, d.revision)
		}
	}
}

// meet decides what to do with one listed path.
func (s *scan) meet(ctx context.Context, t *tree, root string, l listed, doc *scanned) error {
	if l.incomplete {
		s.trouble = l.path + ": " + l.reason
	}
	s.tally.listed++
	if l.reason != "" {
		s.tally.skip(l.reason, l.path)
		return s.save(ctx, false)
	}
	if doc != nil && doc.state != Failed && doc.source != "" && doc.size == l.info.Size() && doc.modifiedAt != nil {
		if at := l.info.ModTime(); sameTime(&at, doc.modifiedAt) {
			if doc.importID == nil || *doc.importID != s.id {
				s.tally.unchanged++
			}
			return s.save(ctx, false)
		}
	}
	body, modified, reason := t.readFile(l.rel)
	if reason != "" {
		s.tally.skip(reason, l.path)
		return s.save(ctx, false)
	}
	return s.offer(ctx, offer{uri: uriOf(l.path), source: uriOf(root), body: body, hash: contentHash("", "", body),
		modifiedAt: modified, metadata: []byte("{}"), principals: []string{}, keep: true})
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
	if len(s.batch) < batchDocuments {
		return nil
	}
	return s.flush(ctx)
}

// flush accepts the batch, once there is room in the queue.
func (s *scan) flush(ctx context.Context) error {
	if len(s.batch) == 0 {
		return nil
	}
	for {
		busy, err := s.in.busy(ctx, s.col)
		if err != nil {
			return err
		}
		if !busy {
			break
		}
		if err := sleep(ctx, 500*time.Millisecond); err != nil {
			return err
		}
	}
	var got accepted
	err := inTx(ctx, s.in.pool, func(tx pgx.Tx) (err error) {
		got, err = s.in.accept(ctx, tx, s.col, s.batch, s.id)
		return err
	})
	if err != nil {
		return err
	}
	s.tally.unchanged += int64(got.unchanged)
	clear(s.batch)
	s.batch, s.bytes = s.batch[:0], 0
	return s.save(ctx, true)
}

// save writes the tally: when now is set, else at most twice a second.
func (s *scan) save(ctx context.Context, now bool) error {
	if !now && time.Since(s.saved) < 500*time.Millisecond {
		return nil
	}
	s.saved = time.Now()
	_, err := s.in.pool.Exec(ctx, `update import set listed = $3, unchanged = $4, skipped = $5
		where collection_id = $1 and import_id = $2`, s.col, s.id, s.tally.listed, s.tally.unchanged, s.tally.skipped)
	if err != nil {
		return fmt.Errorf("save progress: %w", err)
	}
	return nil
}

// removeGone removes the documents whose files are gone, unless someone has put
// them anew since the listing.
func (s *scan) removeGone(ctx context.Context) error {
	for ids, revisions := s.gone.ids, s.gone.revisions; len(ids) > 0; {
		n := min(len(ids), batchDocuments)
		err := inTx(ctx, s.in.pool, func(tx pgx.Tx) error {
			_, err := remove(ctx, tx, s.col, ids[:n], revisions[:n], s.id)
			return err
		})
		if err != nil {
			return fmt.Errorf("remove documents: %w", err)
		}
		ids, revisions = ids[n:], revisions[n:]
	}
	return nil
}

// end closes the scan; the import ends with it, or with its last document.
func (s *scan) end(ctx context.Context) error {
	if err := s.save(ctx, true); err != nil {
		return err
	}
	failure := ""
	if s.trouble != "" {
		failure = s.trouble
		if s.spec.Sync {
			failure += "; nothing was removed"
		}
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
