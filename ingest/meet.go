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
	var known state
	if doc != nil && doc.state != Failed && doc.source != "" {
		known = doc.known
		if it.state.sameAs(known) {
			s.unchanged(doc)
			return s.save(ctx, false)
		}
	}
	return s.take(ctx, it, doc, known)
}

// take reads an item and offers it.
func (s *scan) take(ctx context.Context, it item, doc *scanned, known state) error {
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
	o := offerFrom(s.from, it.uri, c)
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
