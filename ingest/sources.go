package ingest

import (
	"time"

	"github.com/quarry-rag/quarry/ingest/outbound"
)

// Sources says how a worker reads what is not on its disk. They are settings of
// whoever runs it; no import can change them.
type Sources struct {
	// AllowPrivate lets it connect to private, loopback and otherwise reserved
	// addresses.
	AllowPrivate bool
	// Cache is a folder for what was fetched, so that only what is new is fetched
	// the next time. Empty: nothing is kept.
	Cache string
	// S3 reaches buckets.
	S3 S3

	pace time.Duration // between two requests to a web site, and two tries; 0: the defaults
}

// SetSources applies to imports that Run takes up. Call it before.
func (w *Worker) SetSources(s Sources) { w.in.o.Sources = s }

func (s Sources) dialer() outbound.Dialer { return outbound.Dialer{AllowPrivate: s.AllowPrivate} }
