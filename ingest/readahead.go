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

// readahead reads items at once and gives them back in their order.
type readahead struct {
	todo chan *reading
	line []*reading // in order
	size int64      // of the line as listed
	stop func()
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
	done  chan struct{}
}

// readAhead starts reading for a source; stop ends and waits for it.
func readAhead(ctx context.Context) *readahead {
	ctx, cancel := context.WithCancel(ctx)
	a := &readahead{todo: make(chan *reading, aheadItems)}
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for r := range a.todo {
				r.read(ctx)
				close(r.done)
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
		c.hash = contentHash(c.mediaType, c.title, c.body)
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
	return len(a.line) > 0 && (len(a.line) >= aheadItems || a.size+size > aheadBytes)
}

func (a *readahead) add(r *reading) {
	r.done = make(chan struct{})
	a.line, a.size = append(a.line, r), a.size+r.item.state.size
	a.todo <- r
}

// first takes the first in line out, once it is read.
func (a *readahead) first() *reading {
	r := a.line[0]
	a.line, a.size = a.line[1:], a.size-r.item.state.size
	<-r.done
	return r
}
