package ingest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"
)

const (
	// watchEvery is the pause between two looks at an import.
	watchEvery = 200 * time.Millisecond
	// watchShow is the longest time between two states that are shown: the rates
	// of an import that stands still fall.
	watchShow = time.Second
)

// WatchImport yields the import's progress as it changes, at most five times a
// second and at least each second, and ends with its final state or with a single
// error.
func (in *Ingester) WatchImport(ctx context.Context, collection string, id int64) iter.Seq2[Import, error] {
	return func(yield func(Import, error) bool) {
		var last Import
		var shown time.Time
		var r rates
		for {
			m, err := in.Import(ctx, collection, id)
			if err != nil {
				yield(Import{}, err)
				return
			}
			now := time.Now()
			m.Rate = r.rate(now, &m)
			if !sameProgress(m, last) || now.Sub(shown) >= watchShow {
				if !yield(m, nil) {
					return
				}
				last, shown = m, now
			}
			if m.Ended() {
				return
			}
			if err := sleep(ctx, watchEvery); err != nil {
				yield(Import{}, errors.Join(fmt.Errorf("watch import %d", id), err))
				return
			}
		}
	}
}

func sameProgress(a, b Import) bool {
	if !slices.Equal(a.Skipped, b.Skipped) {
		return false
	}
	return a.State == b.State && a.Error == b.Error && a.Waiting == b.Waiting && a.Listed == b.Listed && a.Unchanged == b.Unchanged && a.Queued == b.Queued &&
		a.Indexed == b.Indexed && a.Failed == b.Failed && a.Superseded == b.Superseded && a.Removed == b.Removed && a.Embedded == b.Embedded && a.Moved == b.Moved &&
		a.Plan.Removed.Count == b.Plan.Removed.Count
}

// Rate is how fast an import goes, over the last half minute.
type Rate struct {
	Chunks, Tokens, Bytes float64 // a second
	// Left is the time that the rest takes at this rate; 0: not known.
	Left time.Duration
}

const (
	// rateOver is the time over which rates are taken: documents come in batches.
	rateOver = 30 * time.Second
	// rateFrom is the shortest time that gives a rate.
	rateFrom = 2 * time.Second
	// sampleEvery is the time between two states that are kept.
	sampleEvery = time.Second
)

// rates keeps samples of an import of the last rateOver. The zero value is ready.
type rates struct{ seen []sample }

// sample is how far an import was at a time.
type sample struct {
	at                    time.Time
	chunks, tokens, bytes int64
}

// rate notes a state, and returns the rate up to it or nil when it is too early.
func (r *rates) rate(now time.Time, m *Import) *Rate {
	// A large document's chunks are embedded long before they are written.
	is := sample{now, max(m.Chunks, m.Embedded), m.Tokens, m.IndexedBytes}
	for len(r.seen) > 1 && now.Sub(r.seen[1].at) >= rateOver {
		r.seen = r.seen[1:]
	}
	if n := len(r.seen); n == 0 || now.Sub(r.seen[n-1].at) >= sampleEvery {
		r.seen = append(r.seen, is)
	}
	from := r.seen[0]
	seconds := now.Sub(from.at).Seconds()
	if seconds < rateFrom.Seconds() {
		return nil
	}
	a := func(from, to int64) float64 { return max(0, float64(to-from)) / seconds }
	out := &Rate{Chunks: a(from.chunks, is.chunks), Tokens: a(from.tokens, is.tokens), Bytes: a(from.bytes, is.bytes)}
	if left := m.bytesLeft(); m.State == Indexing && left > 0 && out.Bytes > 0 {
		out.Left = time.Duration(min(left/out.Bytes, 1e9) * float64(time.Second))
	}
	return out
}

// bytesLeft estimates the bytes of the documents that wait: those that were
// quarantined or replaced are taken to be as large as these.
func (m *Import) bytesLeft() float64 {
	wait := float64(m.Queued - m.Indexed - m.Failed - m.Superseded)
	if wait <= 0 {
		return 0
	}
	return float64(m.QueuedBytes-m.IndexedBytes) * wait / float64(m.Queued-m.Indexed)
}
