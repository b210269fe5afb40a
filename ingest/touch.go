package ingest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// touchAtOnce is how many documents one statement touches.
const touchAtOnce = 1000

// touch is a document that is there with the same content, of which something
// else has changed at its source.
type touch struct {
	doc     *scanned
	item    item
	offer   offer // without its body
	visible bool  // metadata or principals
	moved   bool  // the source, or what it calls the content
}

// timeOnly reports that nothing but the time of change is to be written.
func (t *touch) timeOnly() bool { return !t.visible && !t.moved }

// same reports whether content of a hash is that of the document and there is
// nothing to do but to touch it.
func (d *scanned) same(hash []byte) bool {
	return d != nil && d.state != Failed && !d.attached && !d.again && bytes.Equal(d.known.hash, hash)
}

// touch notes a document of the same content, and has it touched unless nothing
// at all has changed.
func (s *scan) touch(ctx context.Context, it item, doc *scanned, o offer) error {
	o, visible := o.unchanged(known{metadata: doc.metadata, principals: doc.principals})
	o.body = nil
	t := touch{doc, it, o, visible, o.source != doc.source || o.version != doc.known.version}
	if t.timeOnly() && sameTime(o.modifiedAt, doc.known.modified) {
		s.unchanged(doc)
		return s.save(ctx, false)
	}
	s.touches = append(s.touches, t)
	if len(s.touches) < touchAtOnce {
		return nil
	}
	return s.startTouching(ctx)
}

// touching is a statement under way.
type touching struct {
	all     []touch
	touched map[int64]bool
	err     error
	done    chan struct{}
}

// startTouching has what is noted touched while the scan goes on. There is one
// such statement at a time.
func (s *scan) startTouching(ctx context.Context) error {
	if err := s.endTouching(ctx); err != nil || len(s.touches) == 0 {
		return err
	}
	t := &touching{all: s.touches, done: make(chan struct{})}
	s.touches, s.touching = nil, t
	go func() {
		defer close(t.done)
		t.touched, t.err = s.in.touchAll(ctx, s.col, t.all)
	}()
	return nil
}

// endTouching waits for the statement under way. What has changed here since it
// was listed goes the way of all documents.
func (s *scan) endTouching(ctx context.Context) error {
	t := s.touching
	if t == nil {
		return nil
	}
	<-t.done
	s.touching = nil
	if t.err != nil {
		return t.err
	}
	for _, u := range t.all {
		if t.touched[u.doc.id] {
			s.unchanged(u.doc)
			continue
		}
		c, err := u.item.read(ctx, state{})
		if err := s.taken(ctx, u.item, &scanned{}, c, err); err != nil {
			return err
		}
	}
	return s.save(ctx, false)
}

// settleTouches touches all that is noted.
func (s *scan) settleTouches(ctx context.Context) error {
	if err := s.startTouching(ctx); err != nil {
		return err
	}
	return s.endTouching(ctx)
}

// touchAll touches documents that are still as they were listed, and returns the
// ids of those. That readers can tell is counted by the trigger on document.
func (in *Ingester) touchAll(ctx context.Context, col int64, all []touch) (touched map[int64]bool, err error) {
	// In the order in which every transaction locks documents, should the plan
	// keep it; else one of two that meet starts over.
	all = slices.SortedFunc(slices.Values(all), func(a, b touch) int { return cmp.Compare(a.doc.id, b.doc.id) })
	rows := columnsOf(all)
	err = inTx(ctx, in.pool, func(tx pgx.Tx) error {
		if err := lockCollection(ctx, tx, col); err != nil {
			return err
		}
		touched = make(map[int64]bool, len(all))
		if n, err := rows.retime(ctx, tx, col); err != nil {
			return fmt.Errorf("touch documents: %w", err)
		} else if n == len(all) {
			for _, u := range all {
				touched[u.doc.id] = true
			}
			return nil
		}
		if err := rows.write(ctx, tx, col, touched); err != nil {
			return fmt.Errorf("touch documents: %w", err)
		}
		var visible []int64
		for _, u := range all {
			if u.visible && touched[u.doc.id] {
				visible = append(visible, u.doc.id)
			}
		}
		if len(visible) == 0 {
			return nil
		}
		b := &pgx.Batch{}
		queueInherit(b, col, visible)
		return tx.SendBatch(ctx, b).Close()
	})
	return touched, err
}

// touchColumns are touches by column. metadata and principals are nil where they
// stay as they are.
type touchColumns struct {
	timesOnly            bool
	ids, revisions       []int64
	updated              []time.Time
	was, source, version []string
	modified             []*time.Time
	metadata, principals []*string
}

func columnsOf(all []touch) (c touchColumns) {
	c.timesOnly = true
	for _, u := range all {
		c.timesOnly = c.timesOnly && u.timeOnly()
		c.ids, c.revisions, c.updated = append(c.ids, u.doc.id), append(c.revisions, u.doc.revision), append(c.updated, u.doc.updatedAt)
		c.was, c.source = append(c.was, u.doc.source), append(c.source, u.offer.source)
		c.version, c.modified = append(c.version, u.offer.version), append(c.modified, u.offer.modifiedAt)
		var metadata, principals *string
		if u.visible {
			m := string(u.offer.metadata)
			list, err := json.Marshal(u.offer.principals)
			if err != nil { // cannot be: they are strings
				panic(err)
			}
			p := string(list)
			metadata, principals = &m, &p
		}
		c.metadata, c.principals = append(c.metadata, metadata), append(c.principals, principals)
	}
	return c
}

// retime writes the times where they are all that there is to write, as they mostly
// are, and returns for how many documents. It need only know that they still have
// their content.
func (c *touchColumns) retime(ctx context.Context, tx pgx.Tx, col int64) (int, error) {
	if !c.timesOnly {
		return 0, nil
	}
	tag, err := tx.Exec(ctx, `
		update document d set modified_at = u.modified_at
		  from unnest($2::bigint[], $3::bigint[], $4::timestamptz[]) as u (id, revision, modified_at)
		 where d.collection_id = $1 and d.document_id = u.id and d.revision = u.revision`,
		col, c.ids, c.revisions, c.modified)
	return int(tag.RowsAffected()), err
}

// write relies on what every transaction that changes a document changes of it:
// its revision, its source, or the time at which readers could tell.
func (c *touchColumns) write(ctx context.Context, tx pgx.Tx, col int64, touched map[int64]bool) error {
	rows, err := tx.Query(ctx, `
		update document d
		   set source = u.source, modified_at = u.modified_at, source_version = u.version,
		       metadata = coalesce(u.metadata::jsonb, d.metadata),
		       principals = case when u.principals is null then d.principals else array(select jsonb_array_elements_text(u.principals::jsonb)) end,
		       updated_at = case when u.metadata is null then d.updated_at else now() end
		  from unnest($2::bigint[], $3::bigint[], $4::timestamptz[], $5::text[], $6::text[], $7::text[], $8::timestamptz[], $9::text[], $10::text[])
		       as u (id, revision, updated_at, was, source, version, modified_at, metadata, principals)
		 where d.collection_id = $1 and d.document_id = u.id and d.revision = u.revision and d.updated_at = u.updated_at and d.source = u.was
		returning d.document_id`,
		col, c.ids, c.revisions, c.updated, c.was, c.source, c.version, c.modified, c.metadata, c.principals)
	if err != nil {
		return err
	}
	var id int64
	_, err = pgx.ForEachRow(rows, []any{&id}, func() error {
		touched[id] = true
		return nil
	})
	return err
}
