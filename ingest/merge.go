package ingest

import "context"

// merge merges an ordered listing with the documents imported from it: both
// come in byte order, so neither is held in memory.
func (s *scan) merge(ctx context.Context, src ordered) error {
	root, below := src.within()
	docs := &cursor{pool: s.in.pool, col: s.col, uri: root, below: below}
	for it, err := range src.list(ctx) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			s.trouble = err.Error()
			return nil
		}
		var doc *scanned
		if it.uri != "" {
			if doc, err = s.advance(ctx, docs, it.uri); err != nil {
				return err
			}
		}
		if err := s.meet(ctx, it, doc); err != nil {
			return err
		}
	}
	_, err := s.advance(ctx, docs, "")
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
		if d.source != "" {
			s.owned++
		}
		if d.uri == uri {
			return d, nil
		}
		if d.source != "" {
			s.miss(d)
		}
	}
}
