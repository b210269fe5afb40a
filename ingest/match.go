package ingest

import (
	"context"
	"fmt"
	"hash/maphash"
	"time"

	"github.com/jackc/pgx/v5"
)

// matchPage is how many listed items are looked up at a time.
const matchPage = 256

// slowSource is how long what a slow source lists may wait for company.
const slowSource = 5 * time.Second

// SecondOfName is why a document is passed over where a source has named another so.
const SecondOfName = "a second document of the same name"

// match brings in a source that lists in an order of its own. It keeps 64 bits
// of each URI listed: two that collide would only keep a document that is gone.
func (s *scan) match(ctx context.Context, src source) error {
	seed, seen := maphash.MakeSeed(), map[uint64]struct{}{}
	var page []item
	held, last := 0, time.Now()
	for it, err := range src.list(ctx) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			s.trouble = err.Error()
			break
		}
		if it.uri != "" {
			h := maphash.String(seed, it.uri)
			if _, twice := seen[h]; twice && it.reason == "" {
				it.reason = SecondOfName
			}
			seen[h] = struct{}{}
		}
		page, held = append(page, it), held+it.held
		slow := time.Since(last) > slowSource
		if len(page) == matchPage || held >= batchBytes || slow {
			if err := s.meetAll(ctx, page); err != nil {
				return err
			}
			clear(page)
			page, held = page[:0], 0
		}
		if slow {
			if err := s.flush(ctx); err != nil {
				return err
			}
			if err := s.startTouching(ctx); err != nil {
				return err
			}
			last = time.Now()
		}
	}
	if err := s.meetAll(ctx, page); err != nil {
		return err
	}
	if !s.spec.Sync || s.trouble != "" {
		return nil
	}
	return s.sweep(ctx, func(uri string) bool {
		_, ok := seen[maphash.String(seed, uri)]
		return ok
	})
}

// meetAll decides what to do with the items of a page.
func (s *scan) meetAll(ctx context.Context, page []item) error {
	uris := make([]string, 0, len(page))
	for _, it := range page {
		uris = append(uris, it.uri)
	}
	rows, err := s.in.pool.Query(ctx, `select `+scannedColumns+` from document where collection_id = $1 and uri = any($2)`, s.col, uris)
	if err != nil {
		return fmt.Errorf("look documents up: %w", err)
	}
	all, err := pgx.CollectRows(rows, scanScanned)
	if err != nil {
		return fmt.Errorf("look documents up: %w", err)
	}
	docs := map[string]*scanned{}
	for i := range all {
		docs[all[i].uri] = &all[i]
	}
	for _, it := range page {
		if err := s.meet(ctx, it, docs[it.uri]); err != nil {
			return err
		}
	}
	return nil
}

// sweep notes as gone the source's documents that are not listed.
func (s *scan) sweep(ctx context.Context, listed func(uri string) bool) error {
	for last := ""; ; {
		rows, err := s.in.pool.Query(ctx, `select `+scannedColumns+` from document
			where collection_id = $1 and source = $2 and uri > $3 order by uri limit $4`, s.col, s.from, last, cursorPage)
		if err != nil {
			return fmt.Errorf("list documents: %w", err)
		}
		page, err := pgx.CollectRows(rows, scanScanned)
		if err != nil {
			return fmt.Errorf("list documents: %w", err)
		}
		for i := range page {
			s.owned++
			if !listed(page[i].uri) {
				s.miss(&page[i])
			}
			last = page[i].uri
		}
		if len(page) < cursorPage {
			return nil
		}
	}
}
