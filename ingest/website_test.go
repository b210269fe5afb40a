package ingest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// workOn runs a worker that reads sources as s says.
func (b *bench) workOn(s Sources) {
	b.t.Helper()
	b.sources = s
	b.work(WorkerOptions{})
}

// pages is a web site on loopback whose pages tests change.
type pages struct {
	*httptest.Server
	mu     sync.Mutex
	bodies map[string]string
	status map[string]int
	sent   int // bodies
}

func newPages(t *testing.T, bodies map[string]string) *pages {
	p := &pages{bodies: bodies, status: map[string]int{}}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		body, ok := p.bodies[r.URL.Path]
		if status := p.status[r.URL.Path]; status != 0 || !ok {
			w.WriteHeader(max(status, http.StatusNotFound))
			return
		}
		etag := fmt.Sprintf(`"%x"`, contentHash("", "", []byte(body))[:8])
		w.Header().Set("Etag", etag)
		if r.Header.Get("If-None-Match") == etag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		p.sent++
		fmt.Fprint(w, strings.ReplaceAll(body, "HOST", p.URL))
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *pages) change(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = 0
	f()
}

func article(word string, links ...string) string {
	s := "<!doctype html><html><head><title>On the " + word + "</title></head><body><p>The " + word + " keeps its " + word + " in a quiet and orderly place.</p>"
	for _, l := range links {
		s += `<a href="` + l + `">more</a>`
	}
	return s
}

func TestWebSite(t *testing.T) {
	b := setUp(t)
	b.workOn(Sources{AllowPrivate: true, pace: time.Microsecond})
	p := newPages(t, map[string]string{
		"/docs/": article("harbour", "a.html", "b.html", "c.html", "picture"), "/docs/a.html": article("lantern"), "/docs/b.html": article("rope"),
		"/docs/c.html": article("sail"), "/docs/picture": "\x89PNG\r\n\x1a\n\x00\x00",
	})
	spec := ImportSpec{Web: &WebSpec{URL: p.URL + "/docs/"}, Sync: true}
	m := b.runImport(spec)
	if m.State != Done || m.Indexed != 4 || len(m.Skipped) != 1 || m.Skipped[0].Reason != "format not supported: image/png" {
		t.Errorf("first: %+v", m)
	}
	rec, err := b.in.Document(b.ctx, "docs", p.URL+"/docs/a.html", Everything)
	if err != nil || rec.Title != "On the lantern" || rec.MediaType != "text/html" {
		t.Errorf("%+v, %v", rec, err)
	}
	if m = b.runImport(spec); m.State != Done || m.Unchanged != 4 || m.Queued != 0 {
		t.Errorf("nothing changed: %+v", m)
	}
	p.change(func() {
		p.status["/docs/a.html"] = 503
		delete(p.bodies, "/docs/b.html")
		p.bodies["/docs/c.html"] = article("anchor")
	})
	m = b.runImport(spec)
	if m.State != Failed || m.Removed != 0 || m.Indexed != 1 || !strings.Contains(m.Error, "/docs/a.html: the site answers 503; nothing was removed") {
		t.Errorf("a page in trouble: %+v", m)
	}
	p.change(func() { p.status["/docs/a.html"] = 0 })
	if m = b.runImport(spec); m.State != Done || m.Removed != 1 {
		t.Errorf("a page is gone: %+v", m)
	}
	p.change(func() { p.bodies["/docs/"] = article("harbour", "a.html") })
	spec.Web.MaxPages = 1
	if m = b.runImport(spec); m.State != Failed || m.Removed != 0 || !strings.Contains(m.Error, "the limit of 1 pages was reached; nothing was removed") {
		t.Errorf("more pages than asked for: %+v", m)
	}
	spec.Web.MaxPages = 0
	if m = b.runImport(spec); m.State != Done || m.Removed != 1 {
		t.Errorf("a page is no longer linked: %+v", m)
	}
}

func TestWebSiteBySitemapAsksConditionally(t *testing.T) {
	b := setUp(t)
	b.workOn(Sources{AllowPrivate: true, pace: time.Microsecond})
	p := newPages(t, map[string]string{"/a": article("lantern"), "/b": article("rope"), "/c": article("sail")})
	list := func(paths ...string) {
		p.bodies["/sitemap.xml"] = "<urlset>"
		for _, path := range paths {
			p.bodies["/sitemap.xml"] += "<url><loc>HOST" + path + "</loc></url>"
		}
		p.bodies["/sitemap.xml"] += "</urlset>"
	}
	list("/a", "/b", "/c")
	spec := ImportSpec{Web: &WebSpec{URL: p.URL}, Sync: true}
	if m := b.runImport(spec); m.State != Done || m.Indexed != 3 {
		t.Errorf("first: %+v", m)
	}
	p.change(func() {
		p.bodies["/b"] = article("anchor")
		p.bodies["/c"] = `<html><head><meta name="robots" content="noindex"></head>` + article("sail")
	})
	m := b.runImport(spec)
	if m.State != Done || m.Unchanged != 1 || m.Indexed != 1 || m.Removed != 1 || p.sent != 3 {
		t.Errorf("%d bodies were sent, of the sitemap and what has changed: %+v", p.sent, m)
	}
	p.change(func() {})
	m = b.runImport(ImportSpec{Web: spec.Web, Sync: true, DryRun: true})
	if m.State != Done || m.Unchanged != 2 || m.Plan.Removed.Count != 0 {
		t.Errorf("a dry run: %+v", m)
	}
}

func TestWebSiteOnAPrivateAddress(t *testing.T) {
	b := setUp(t)
	b.workOn(Sources{})
	p := newPages(t, map[string]string{"/": article("harbour")})
	m := b.runImport(ImportSpec{Web: &WebSpec{URL: p.URL}})
	if m.State != Failed || !strings.Contains(m.Error, "private or reserved address") || p.sent != 0 {
		t.Errorf("%d bodies were sent: %+v", p.sent, m)
	}
	if diff := cmp.Diff([]string(nil), b.uris("")); diff != "" {
		t.Error(diff)
	}
}
