package ingest

import "context"

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
	it.labels = s.spec.labels().over(it.labels)
	var known state
	if doc != nil {
		// Not what this import has brought in itself, before its scan started over.
		doc.again = s.spec.Reparse && (doc.importID == nil || *doc.importID != s.id)
	}
	if doc != nil && !doc.again && doc.state != Failed && doc.source != "" && it.labels.heldBy(doc) {
		known = doc.known
		if it.state.sameAs(known) {
			s.unchanged(doc)
			return s.save(ctx, false)
		}
	}
	return s.take(ctx, it, doc, known)
}

// take reads an item, ahead of its turn where that is possible, and offers it.
func (s *scan) take(ctx context.Context, it item, doc *scanned, known state) error {
	if !it.concurrent {
		if err := s.takeRead(ctx, 0); err != nil {
			return err
		}
		c, err := it.read(ctx, known)
		return s.taken(ctx, it, doc, c, err)
	}
	for s.ahead.full(it.state.size) {
		if err := s.takeRead(ctx, len(s.ahead.line)-1); err != nil {
			return err
		}
	}
	s.ahead.add(it, doc, known)
	return nil
}

// takeRead takes what has been read ahead until left are left.
func (s *scan) takeRead(ctx context.Context, left int) error {
	for len(s.ahead.line) > left {
		r := s.ahead.first()
		if r.grown {
			r.content, r.err = r.item.read(ctx, r.known)
		}
		if err := s.taken(ctx, r.item, r.doc, r.content, r.err); err != nil {
			return err
		}
	}
	return nil
}

// taken decides what to do with an item that was read.
func (s *scan) taken(ctx context.Context, it item, doc *scanned, c content, err error) error {
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
	o, err := offerFrom(s.from, it, c)
	if err != nil {
		s.tally.skip(err.Error(), it.label)
		return s.save(ctx, false)
	}
	if doc.same(o.hash) && !s.spec.DryRun {
		return s.touch(ctx, it, doc, o)
	}
	o.again = doc != nil && doc.again
	if doc == nil {
		if later, err := s.moves.hold(ctx, s, it, o); err != nil || later {
			return err
		}
	}
	return s.offer(ctx, o)
}

// unchanged counts a document, unless this import itself brought it in before
// its scan started over.
func (s *scan) unchanged(doc *scanned) {
	if doc.importID == nil || *doc.importID != s.id {
		s.tally.unchanged++
	}
}

// offerFrom is an item with what was read of it. An error is an *Invalid.
func offerFrom(source string, it item, c content) (offer, error) {
	o := offer{
		uri: it.uri, source: source, body: c.body, mediaType: c.mediaType, title: c.title,
		hash:       c.hash,
		modifiedAt: c.state.modified, version: c.state.version,
		principals: c.principals, keep: !c.given, keepPrincipals: !c.given,
		labels: it.labels,
	}
	if o.hash == nil {
		o.hash = contentHash(c.mediaType, c.title, c.body)
	}
	if it.labels.Principals != nil {
		o.principals, o.keepPrincipals = it.labels.Principals, false
	}
	if o.principals == nil {
		o.principals = []string{}
	}
	var err error
	o.metadata, err = it.labels.on(c.metadata)
	if o.metadata == nil {
		o.metadata = []byte("{}")
	}
	return o, err
}
