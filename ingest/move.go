package ingest

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"path"
	"slices"

	"github.com/jackc/pgx/v5"
)

// A file that has moved is a document that is gone under one URI and new under
// another, with the same content. It keeps its id and its version, and so what
// cites it; only its URI changes.
//
// A new item may turn out to be one only at the end of the listing, when it is
// known what is gone. Until then those are held, without their content, whose
// content a document of the source had when the scan began.

// moves are a source's items that may have moved.
type moves struct {
	// contents are 64 bits each of the contents that documents of the source
	// had; nil until the first new item. Two that collide cost a second read.
	contents map[uint64]struct{}
	held     []held
}

// held is an item with what was read of it, but for the content.
type held struct {
	item  item
	offer offer // without its body
}

// hold keeps a new item for later if it may have moved.
func (m *moves) hold(ctx context.Context, s *scan, it item, o offer) (bool, error) {
	// What lists with its content has it in memory anyway.
	if !s.spec.Sync || it.held > 0 || s.trouble != "" {
		return false, nil
	}
	if m.contents == nil {
		contents, err := s.contents(ctx)
		if err != nil {
			return false, err
		}
		m.contents = contents
	}
	if _, ok := m.contents[binary.BigEndian.Uint64(o.hash)]; !ok {
		return false, nil
	}
	o.body = nil
	m.held = append(m.held, held{it, o})
	return true, nil
}

func (s *scan) contents(ctx context.Context) (map[uint64]struct{}, error) {
	rows, err := s.in.pool.Query(ctx, `select content_hash from document
		where collection_id = $1 and source = $2 and state = 'ready' and parent_id is null`, s.col, s.from)
	if err != nil {
		return nil, fmt.Errorf("list contents: %w", err)
	}
	all, hash := map[uint64]struct{}{}, []byte(nil)
	_, err = pgx.ForEachRow(rows, []any{&hash}, func() error {
		all[binary.BigEndian.Uint64(hash)] = struct{}{}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list contents: %w", err)
	}
	return all, nil
}

// settleMoves moves what has moved, of the documents gone since the first, and
// offers the other items that were held.
func (s *scan) settleMoves(ctx context.Context, first int) error {
	items := s.moves.held
	s.moves = moves{}
	if len(items) == 0 {
		return nil
	}
	var left []held
	if s.trouble != "" { // what is missing may not be gone
		left = items
	} else {
		pairs, others, err := s.pair(ctx, items, s.gone.ids[first:])
		if err != nil {
			return err
		}
		moved := map[int64]bool{}
		for batch := range slices.Chunk(pairs, batchDocuments) {
			if err := s.moveAll(ctx, batch, moved); err != nil {
				return err
			}
		}
		for _, p := range pairs {
			if !moved[p.id] {
				others = append(others, p.held)
			}
		}
		left = others
		s.gone.keep(first, func(id int64) bool { return !moved[id] })
	}
	for _, h := range left {
		if err := s.take(ctx, h.item, &scanned{}, state{}); err != nil { // as one that is known, or it would be held again
			return err
		}
	}
	return nil
}

// pair is a document that is gone and the item that it has become.
type pair struct {
	id, revision int64
	from         string
	held
}

// pair finds for each item a document with its content among the gone ones.
func (s *scan) pair(ctx context.Context, items []held, gone []int64) (pairs []pair, others []held, err error) {
	byContent := map[[sha256.Size]byte][]pair{}
	for ids := range slices.Chunk(gone, cursorPage) {
		// A document's attachments have URIs that begin with its own.
		rows, err := s.in.pool.Query(ctx, `
			select document_id, revision, uri, content_hash from document d
			 where collection_id = $1 and document_id = any($2) and state = 'ready'
			   and not exists (select from document a where a.collection_id = d.collection_id and a.parent_id = d.document_id)
			 order by uri`, s.col, ids)
		if err != nil {
			return nil, nil, fmt.Errorf("look moved documents up: %w", err)
		}
		var p pair
		var hash []byte
		_, err = pgx.ForEachRow(rows, []any{&p.id, &p.revision, &p.from, &hash}, func() error {
			key := [sha256.Size]byte(hash)
			byContent[key] = append(byContent[key], p)
			return nil
		})
		if err != nil {
			return nil, nil, fmt.Errorf("look moved documents up: %w", err)
		}
	}
	for _, h := range items {
		key := [sha256.Size]byte(h.offer.hash)
		i := slices.IndexFunc(byContent[key], func(p pair) bool { return sameFormat(p.from, h.offer.uri) })
		if i < 0 {
			others = append(others, h)
			continue
		}
		p := byContent[key][i]
		byContent[key] = slices.Delete(byContent[key], i, i+1)
		p.held = h
		pairs = append(pairs, p)
	}
	return pairs, others, nil
}

// sameFormat reports whether the names cannot make the same bytes be read in
// different ways.
func sameFormat(a, b string) bool {
	return path.Ext(a) == path.Ext(b) && (path.Ext(a) != "" || path.Base(a) == path.Base(b))
}

// moveAll gives the documents of pairs their new URIs, and notes which it did: not
// one that has been changed or removed since it was listed.
func (s *scan) moveAll(ctx context.Context, pairs []pair, moved map[int64]bool) error {
	if s.spec.DryRun {
		for _, p := range pairs {
			s.plan.Moved.add(p.from + " → " + p.offer.uri)
			moved[p.id] = true
		}
		return nil
	}
	// In the order in which every transaction locks documents.
	slices.SortFunc(pairs, func(a, b pair) int { return cmp.Compare(a.id, b.id) })
	var done []int64
	err := inTx(ctx, s.in.pool, func(tx pgx.Tx) error {
		done = nil
		if err := lockCollection(ctx, tx, s.col); err != nil {
			return err
		}
		for _, p := range pairs {
			o := p.offer
			tag, err := tx.Exec(ctx, `
				update document
				   set uri = $4, source = $5, modified_at = $6, source_version = $7, metadata = metadata || $8, import_id = $9, updated_at = now(),
				       principals = case when $10 then principals else $11 end
				 where collection_id = $1 and document_id = $2 and revision = $3 and state = 'ready'`,
				s.col, p.id, p.revision, o.uri, o.source, o.modifiedAt, o.version, o.metadata, s.id, o.keepPrincipals, o.principals)
			if err != nil {
				return err
			}
			if tag.RowsAffected() == 1 {
				done = append(done, p.id)
			}
		}
		if _, err := tx.Exec(ctx, `update import set moved = moved + $3 where collection_id = $1 and import_id = $2`, s.col, s.id, len(done)); err != nil {
			return err
		}
		return bumpVersion(ctx, tx, s.col)
	})
	if err != nil {
		return fmt.Errorf("move documents: %w", err)
	}
	for _, id := range done {
		moved[id] = true
	}
	return nil
}
