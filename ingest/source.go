package ingest

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"time"
)

// source is where an import's documents come from.
type source interface {
	// name is what documents remember of where they came from; a sync removes
	// those of the same name that are not listed any more.
	name() string
	// list yields what the source holds, no URI twice. An error ends it and
	// means that the listing is not complete.
	list(ctx context.Context) iter.Seq2[item, error]
	close()
}

// ordered is a source that lists in byte order of URIs, so that its listing can
// be merged with the documents there are.
type ordered interface {
	source
	// within returns the URI of the root and what begins the URIs below it.
	within() (root, below string)
}

// item is a document as a source lists it, unread.
type item struct {
	// uri is empty for one that can never be a document.
	uri   string
	label string // for people: a path or a line
	// reason is why it is skipped; empty for a document to read.
	reason string
	// incomplete: other documents may be missing from the listing.
	incomplete bool
	// nameless: it may be any document, so that none can be taken for gone.
	nameless bool
	// held is the bytes that the item keeps in memory.
	held int
	// labels are the folder's.
	labels labels
	// state tells a document that has not changed without reading it.
	state state
	// concurrent: read may be called at any time, also while others are read.
	concurrent bool
	// read returns the content. An error is one that another try may mend.
	read func(ctx context.Context, known state) (content, error)
}

// state is what a source says of a document's content without its bytes.
type state struct {
	size     int64
	modified *time.Time // nil: not known, or too young to prove anything
	version  string     // names the content, where the source does that; else empty
	hash     []byte     // of the content as it is stored; nil: not known. No source says it
}

// sameAs reports whether the content is the known one for sure.
func (s state) sameAs(known state) bool {
	if s.version != "" || known.version != "" {
		return s.version == known.version
	}
	return s.modified != nil && s.size == known.size && sameTime(s.modified, known.modified)
}

// content is a document as it was read.
type content struct {
	// reason is why it is skipped; then only the next two count.
	reason string
	// incomplete: it should have been readable, so nothing is to be removed.
	incomplete bool
	// gone: its source says that it is not there any more, or is not to be kept.
	gone bool
	// unchanged: it is what known says; there is no body.
	unchanged        bool
	state            state
	body             []byte
	hash             []byte // nil: not computed yet
	mediaType, title string
	// given says that metadata and principals are the source's to decide; else
	// those of a document that exists are left as they are, but for the keys of
	// metadata.
	given      bool
	metadata   json.RawMessage
	principals []string
}

// Source says what is read, for people.
func (s ImportSpec) Source() string {
	switch {
	case s.Git != nil:
		return s.Git.Repository
	case s.Web != nil:
		return s.Web.URL
	case s.Bucket != "":
		return s.Bucket
	case len(s.Paths) > 1:
		return fmt.Sprintf("%s and %d more", s.Paths[0], len(s.Paths)-1)
	}
	return strings.Join(s.Paths, "")
}

// opener opens one source of an import.
type opener struct {
	label string
	open  func(context.Context) (source, error)
}

func (s *scan) openers() []opener {
	if g := s.spec.Git; g != nil {
		return []opener{{g.Repository, func(ctx context.Context) (source, error) { return openGit(ctx, *g, s.in.o.Sources) }}}
	}
	if w := s.spec.Web; w != nil {
		return []opener{{w.URL, func(context.Context) (source, error) { return openSite(*w, s.in.o.Sources, s.known) }}}
	}
	if b := s.spec.Bucket; b != "" {
		return []opener{{b, func(context.Context) (source, error) { return openBucket(b, s.in.o.Sources.S3) }}}
	}
	var all []opener
	for _, path := range s.spec.Paths {
		if s.spec.Records {
			all = append(all, opener{path, func(context.Context) (source, error) { return openRecords(path) }})
			continue
		}
		all = append(all, opener{path, func(context.Context) (source, error) { return openTree(path) }})
	}
	return all
}
