// Package ingest writes what retrieve reads: it takes documents in, parses and
// splits them, embeds the chunks and replaces a document's rows in one
// transaction. Jobs run in River on the same Postgres; every step may be killed
// at any moment and done again.
package ingest

import (
	"errors"
	"time"
)

// Errors that callers branch on.
var (
	ErrUnknownCollection = errors.New("unknown collection")
	ErrCollectionExists  = errors.New("collection exists")
	ErrUnknownDocument   = errors.New("unknown document")
	ErrUnknownImport     = errors.New("unknown import")
	// ErrBusy: too much is queued; try again after a while.
	ErrBusy = errors.New("ingestion queue is full")
)

// Invalid is an argument that can never be accepted.
type Invalid struct{ Field, Reason string }

func (e *Invalid) Error() string { return e.Field + " " + e.Reason }

// Document is what a caller or a source hands in.
type Document struct {
	// URI names the document within its collection.
	URI string
	// Body is the document as it is; at most MaxDocumentBytes.
	Body []byte
	// MediaType is detected from Body when empty.
	MediaType string
	// Title is read from the document when empty.
	Title      string
	Metadata   map[string]any
	Principals []string
	// ModifiedAt at the source; zero when not known.
	ModifiedAt time.Time
}

// States of a document.
const (
	Pending = "pending" // accepted, its newest bytes not indexed yet
	Ready   = "ready"
	Failed  = "failed" // quarantined: Reason says why
)

// Record is what is known of a document.
type Record struct {
	ID         int64
	URI        string
	Title      string
	MediaType  string
	State      string // Pending, Ready or Failed
	Reason     string // why it failed, is tried again or has to wait, for a person
	Version    int64  // the version that searches read; 0: none yet
	Size       int64  // of the accepted bytes
	Chunks     int
	Metadata   map[string]any // as given, over what the document says of itself
	Principals []string
	UpdatedAt  time.Time
	revision   int64 // of what was last accepted
}

// MaxDocumentBytes is the largest document accepted.
const MaxDocumentBytes = 32 << 20

// Chunk is a piece of a document as it is written: Text is exactly
// canonical[Start:End], and Context + Text is what is embedded and indexed.
type Chunk struct {
	Ord         int
	Start, End  int
	Page        int
	HeadingPath []string
	Text        string
	// Context is the title, heading path and table header that place the chunk;
	// it is embedded and indexed with Text but never quoted.
	Context string
	// Header is the header row of the table that Text begins inside of, on one
	// line of at most maxHeaderBytes; it is shown with Text but never quoted.
	Header string
	// Tokens of Text by the embedding model's tokenizer.
	Tokens int
}
