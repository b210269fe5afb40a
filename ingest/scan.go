package ingest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// scan is one run of an import over its sources.
type scan struct {
	in      *Ingester
	col, id int64
	spec    ImportSpec
	tally   tally
	plan    Plan
	saved   time.Time // when the tally was last written

	batch    []offer
	bytes    int
	accepted int // documents of earlier batches
	gone     goneDocuments
	moves    moves
	// ahead reads the source in hand; touches wait to be made, touching are.
	ahead    *readahead
	touches  []touch
	touching *touching
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
	if errors.Is(err, ErrUnknownCollection) || errors.Is(err, errCancelled) {
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
	s.from, s.owned, s.moves = src.name(), 0, moves{}
	before := len(s.gone.ids)
	s.ahead = readAhead(ctx)
	defer s.leave()
	if o, ok := src.(ordered); ok {
		err = s.merge(ctx, o)
	} else {
		err = s.match(ctx, src)
	}
	if err == nil {
		err = s.settle(ctx, before)
	}
	gone := len(s.gone.ids) - before
	if s.spec.Sync && !s.spec.AllowMassRemoval && s.owned >= massRemoval && gone > s.owned/2 {
		s.refused = fmt.Sprintf("%d of the %d documents of %s are gone; say that removing them is meant (--allow-mass-removal)",
			gone, s.owned, s.from)
	}
	return err
}

// settle does what is left to do of the listing of one source, whose missing
// documents are those gone since the first.
func (s *scan) settle(ctx context.Context, first int) error {
	err := s.takeRead(ctx, 0)
	if err == nil {
		err = s.settleMoves(ctx, first)
	}
	if err == nil {
		err = s.takeRead(ctx, 0)
	}
	if err == nil {
		err = s.settleTouches(ctx)
	}
	return err
}

// leave waits for all that still uses the source.
func (s *scan) leave() {
	s.ahead.stop()
	if s.touching != nil { // after an error
		<-s.touching.done
		s.touching = nil
	}
}

// end closes the scan; the import ends with it, or with its last document.
func (s *scan) end(ctx context.Context) error {
	if s.trouble == "" {
		for _, uri := range s.gone.uris {
			s.plan.Removed.add(uri)
		}
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
