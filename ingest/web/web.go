// Package web visits the pages of a web site as a polite and careful stranger:
// it obeys robots.txt, asks for little at a time, asks for a page it has seen
// only if it has changed, and trusts nothing that the site says to be small,
// quick, finite or on the public internet.
package web

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"golang.org/x/time/rate"

	"github.com/quarry-rag/quarry/ingest/outbound"
)

// Options of a visit.
type Options struct {
	// Start is the http or https address where it begins. What lies in the same
	// folder of the same host and below belongs to the site.
	Start string
	// MaxPages is the most pages asked for. 0 means 1000.
	MaxPages int
	// MaxDepth is the most links followed from Start to a page. 0 means 10.
	MaxDepth int
	// Crawl follows links also where there is a sitemap.
	Crawl bool
	// MaxBytes is the most bytes of a page. Required.
	MaxBytes int64
	Dialer   outbound.Dialer
	// Known returns the Version of a page that the caller still has; empty: none.
	Known func(ctx context.Context, address string) (version string, err error)

	// Pace is the least time between two requests, which robots.txt may raise.
	// 0 means 250 ms.
	Pace time.Duration
	// Timeout of one request, body and all. 0 means 30 s.
	Timeout time.Duration
	// Pause before a second try; the third waits twice as long. 0 means 1 s.
	Pause time.Duration
}

func (o Options) withDefaults() Options {
	fill := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	fill(&o.Pace, 250*time.Millisecond)
	fill(&o.Timeout, 30*time.Second)
	fill(&o.Pause, time.Second)
	if o.MaxPages == 0 {
		o.MaxPages = 1000
	}
	if o.MaxDepth == 0 {
		o.MaxDepth = 10
	}
	return o
}

// Page is what an address gave.
type Page struct {
	// Address is the page's own, in its plain form; no two pages share one. Empty
	// for what was not read because a limit was reached.
	Address string
	// Reason is why there is no Body; empty if there is one or Unchanged is set.
	Reason string
	// Incomplete: it should have been readable, and might have led to others.
	Incomplete bool
	// Gone: the site says that it does not exist, or is not to be indexed.
	Gone bool
	// Unchanged: it is what Known's version was of.
	Unchanged bool
	Version   string
	Body      []byte
}

// patience is how many requests in a row may fail before the site is given up.
const patience = 8

// Visit yields the pages of a site. An error ends it: the site cannot be read,
// or not to its end.
func Visit(ctx context.Context, o Options) iter.Seq2[Page, error] {
	o = o.withDefaults()
	return func(yield func(Page, error) bool) {
		v := &visit{o: o, seen: map[string]bool{}, named: map[string]bool{}}
		defer v.close()
		if err := v.begin(ctx); err != nil {
			yield(Page{}, err)
			return
		}
		for _, p := range v.troubles {
			if !yield(p, nil) {
				return
			}
		}
		v.run(ctx, yield)
	}
}

// visit is the state of one.
type visit struct {
	o       Options
	site    site
	client  *client
	rules   rules
	queue   []target
	seen    map[string]bool // addresses queued or asked for
	named   map[string]bool // addresses that a page gave as its canonical one
	held    int             // bytes of addresses
	dropped bool            // addresses that would have been too many
	follow  bool            // links
	asked   int
	// troubles are what went wrong with the sitemap.
	troubles []Page
}

// target is an address to ask for.
type target struct {
	address string
	depth   int // links from the start
}

// maxHeld bounds the bytes of addresses kept of a site.
const maxHeld = 64 << 20

func (v *visit) close() {
	if v.client != nil {
		v.client.close()
	}
}

// begin reads robots.txt and the sitemap.
func (v *visit) begin(ctx context.Context) (err error) {
	if v.site, err = newSite(v.o.Start); err != nil {
		return err
	}
	v.client = newClient(v.o)
	if v.rules, err = v.robots(ctx); err != nil {
		return err
	}
	v.client.limiter = rate.NewLimiter(rate.Every(max(v.o.Pace, v.rules.delay)), 1)
	v.follow = true
	listed, err := v.sitemaps(ctx)
	if err != nil {
		return err
	}
	if listed > 0 && !v.o.Crawl {
		v.follow = false
		return nil
	}
	v.add(target{address: v.site.start})
	return nil
}

// add queues an address unless it was queued before.
func (v *visit) add(t target) {
	if v.seen[t.address] {
		return
	}
	if v.held += len(t.address); v.held > maxHeld {
		v.dropped = true
		return
	}
	v.seen[t.address] = true
	v.queue = append(v.queue, t)
}

func (v *visit) run(ctx context.Context, yield func(Page, error) bool) {
	failed := 0
	for len(v.queue) > 0 && v.asked < v.o.MaxPages {
		t := v.queue[0]
		v.queue = v.queue[1:]
		p, err := v.page(ctx, t)
		if err != nil {
			yield(Page{}, err)
			return
		}
		if failed++; !p.Incomplete {
			failed = 0
		}
		if !yield(p, nil) {
			return
		}
		if failed == patience {
			yield(Page{}, fmt.Errorf("%s: %d pages in a row could not be read, the last because: %s", v.site.start, failed, p.Reason))
			return
		}
	}
	if len(v.queue) > 0 || v.dropped {
		yield(Page{Reason: fmt.Sprintf("the limit of %d pages was reached", v.o.MaxPages)}, nil)
	}
}

// errStart is what is wrong with an address to begin at.
var errStart = errors.New("is not an address that begins with http:// or https://")
