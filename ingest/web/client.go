package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/time/rate"

	"github.com/quarry-rag/quarry/ingest/outbound"
	"github.com/quarry-rag/quarry/internal/retryafter"
)

const (
	maxRedirects = 5
	maxTries     = 3
	// maxWait bounds what a site's Retry-After can ask for.
	maxWait = 30 * time.Second
)

var errRedirects = fmt.Errorf("more than %d redirects", maxRedirects)

// client asks one host, at its pace.
type client struct {
	http    *http.Client
	limiter *rate.Limiter
	limit   time.Duration
	pause   time.Duration
}

func newClient(o Options) *client {
	t := &http.Transport{
		Proxy:                  nil, // one named in the environment would dial where it likes
		DialContext:            o.Dialer.DialContext,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    10 * time.Second,
		IdleConnTimeout:        time.Minute,
		MaxResponseHeaderBytes: 256 << 10,
	}
	return &client{
		http: &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}},
		limiter: rate.NewLimiter(rate.Every(o.Pace), 1), limit: o.Timeout, pause: o.Pause,
	}
}

func (c *client) close() { c.http.CloseIdleConnections() }

// response is an answer as far as it is used.
type response struct {
	address string // where it came from, after redirects
	status  int
	header  http.Header
	body    []byte
	large   bool // body was longer than asked for, and is not kept
	// left is where a redirect leads that was not followed.
	left string
	err  error
}

// get asks for an address, up to maxTries times if the site is in trouble, and
// follows redirects to addresses that follow accepts. known is a Version, or empty.
func (c *client) get(ctx context.Context, address, known string, maxBytes int64, follow func(string) bool) response {
	var r response
	for range maxRedirects + 1 {
		r = c.patiently(ctx, address, known, maxBytes)
		if r.err != nil || r.status < 301 || r.status > 308 || r.status == 304 {
			return r
		}
		base, err := url.Parse(address)
		if err == nil {
			base, err = base.Parse(r.header.Get("Location"))
		}
		if err != nil || r.header.Get("Location") == "" {
			r.err = fmt.Errorf("answered %d without an address to go to", r.status)
			return r
		}
		next := plain(base)
		if !follow(next) {
			r.left = next
			return r
		}
		address, known = next, ""
	}
	r.err = errRedirects
	return r
}

func (c *client) patiently(ctx context.Context, address, known string, maxBytes int64) response {
	for try := 1; ; try++ {
		r := c.once(ctx, address, known, maxBytes)
		transient := r.err != nil && !errors.Is(r.err, outbound.ErrForbidden) || r.status >= 500 || r.status == 429
		if !transient || try == maxTries || ctx.Err() != nil {
			return r
		}
		wait := c.pause << (try - 1)
		if asked := retryafter.Wait(r.header, time.Now()); asked > 0 {
			wait = min(asked, maxWait)
		}
		select {
		case <-ctx.Done():
			return response{address: address, err: ctx.Err()}
		case <-time.After(wait):
		}
	}
}

func (c *client) once(ctx context.Context, address, known string, maxBytes int64) response {
	r := response{address: address}
	if r.err = c.limiter.Wait(ctx); r.err != nil {
		return r
	}
	limited, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	req, err := http.NewRequestWithContext(limited, http.MethodGet, address, nil)
	if err != nil {
		r.err = err
		return r
	}
	req.Header.Set("User-Agent", agent+"/1 (+https://github.com/quarry-rag/quarry)")
	conditions(req, known)
	res, err := c.http.Do(req)
	if err != nil {
		r.err = c.why(limited, err)
		return r
	}
	defer res.Body.Close()
	r.status, r.header = res.StatusCode, res.Header
	if r.status != http.StatusOK {
		return r
	}
	// What a compressed body unfolds to counts, not what comes.
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBytes+1))
	switch {
	case err != nil:
		r.err = c.why(limited, err)
	case int64(len(body)) > maxBytes:
		r.large = true
	default:
		r.body = body
	}
	return r
}

// why is an error without the address, which its reader knows.
func (c *client) why(limited context.Context, err error) error {
	if errors.Is(limited.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("did not answer within %s", c.limit)
	}
	var ue *url.Error
	if errors.As(err, &ue) {
		return ue.Err
	}
	return err
}

// A Version is what a site said to recognise a page by, and whether links were
// looked for in it, in the form of a query.
func versionOf(h http.Header, leaf bool) string {
	q := url.Values{}
	for _, name := range []string{"Etag", "Last-Modified"} {
		if s := h.Get(name); s != "" && len(s) <= 500 {
			q.Set(name, s)
		}
	}
	if len(q) > 0 && leaf {
		q.Set("leaf", "1")
	}
	return q.Encode()
}

// conditions asks for the page only if it is not the known one.
func conditions(req *http.Request, known string) {
	q, err := url.ParseQuery(known)
	if err != nil {
		return
	}
	if s := q.Get("Etag"); s != "" {
		req.Header.Set("If-None-Match", s)
	}
	if s := q.Get("Last-Modified"); s != "" {
		req.Header.Set("If-Modified-Since", s)
	}
}

// leaf reports whether a known page had no links to look for.
func leaf(known string) bool {
	q, err := url.ParseQuery(known)
	return err == nil && q.Get("leaf") != ""
}
