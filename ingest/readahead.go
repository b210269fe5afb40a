package ingest

import (
	"context"
	"runtime"
	"sync"
)

// Files are read and hashed ahead of the scan, by as many as there are
// processors, but no more than this many at once and of this many bytes.
const (
	aheadItems = 512
	aheadBytes = batchBytes
)

// Small items are handed over to the readers several at a time: handing one over
// costs as much as reading it.
const (
	handOver      = 16
	handOverBytes = 64 << 10
)

// readahead reads items at once and gives them back in their order.
type readahead struct {
	todo  chan *handful
	next  *handful   // not handed over yet; nil: none
	line  []*reading // in order
	bytes int64      // of the line as listed
	stop  func()
}

// handful is items that one reader reads.
type handful struct {
	all   []reading
	bytes int64
	done  chan struct{}
}

// reading is an item that is being read.
type reading struct {
	item    item
	doc     *scanned
	known   state
	content content
	err     error
	// grown: it is larger than it was listed, and left to its turn.
	grown bool
	with  *handful
}

// readAhead starts reading for a source; stop ends and waits for it.
func readAhead(ctx context.Context) *readahead {
	ctx, cancel := context.WithCancel(ctx)
	a := &readahead{todo: make(chan *handful, aheadItems)}
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for h := range a.todo {
				for i := range h.all {
					h.all[i].read(ctx)
				}
				close(h.done)
			}
		})
	}
	a.stop = func() {
		cancel()
		close(a.todo)
		all.Wait()
	}
	return a
}

// read reads and hashes. Of content that the document has already it keeps the
// hash only.
func (r *reading) read(ctx context.Context) {
	if r.err = ctx.Err(); r.err != nil {
		return
	}
	c, err := r.item.read(ctx, r.known)
	if err == nil && c.reason == "" && !c.unchanged {
		if c.hash == nil {
			c.hash = contentHash(c.mediaType, c.title, c.body)
		}
		switch {
		case r.doc.same(c.hash):
			c.body = nil
		case int64(len(c.body)) > r.item.state.size:
			c, r.grown = content{}, true
		}
	}
	r.content, r.err = c, err
}

// full reports whether an item of a size must wait for the first in line.
func (a *readahead) full(size int64) bool {
	return len(a.line) > 0 && (len(a.line) >= aheadItems || a.bytes+size > aheadBytes)
}

func (a *readahead) add(it item, doc *scanned, known state) {
	h := a.next
	if h == nil {
		h = &handful{all: make([]reading, 0, handOver), done: make(chan struct{})}
		a.next = h
	}
	h.all = append(h.all, reading{item: it, doc: doc, known: known, with: h})
	h.bytes += it.state.size
	a.line, a.bytes = append(a.line, &h.all[len(h.all)-1]), a.bytes+it.state.size
	if len(h.all) == handOver || h.bytes >= handOverBytes {
		a.handOver()
	}
}

func (a *readahead) handOver() {
	a.todo <- a.next
	a.next = nil
}

// first takes the first in line out, once it is read.
func (a *readahead) first() *reading {
	r := a.line[0]
	if r.with == a.next {
		a.handOver()
	}
	<-r.with.done
	a.line, a.bytes = a.line[1:], a.bytes-r.item.state.size
	return r
}
