package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quarry-rag/quarry/ingest/outbound"
)

func TestCrawl(t *testing.T) {
	h := newHost(t, map[string]string{
		"/robots.txt": "User-agent: *\nDisallow: /docs/private\nAllow: /docs/private/open\nUser-agent: other\nDisallow: /\n",
		"/docs/": page("a.html?utm_source=x&b=1#top", "/docs/b%2ehtml", "../outside", "https://example.com/", "mailto:x@example.com", "javascript:alert(1)",
			"private/x", "private/open", "missing", "hidden.html", "copy.html", "loop1", "old", "login", "HOST/docs/a.html?b=1"),
		"/docs/a.html":       page("deep/1.html"),
		"/docs/b.html":       `<html><head><meta name="ROBOTS" content="NoFollow"></head><body>B <a href="never.html">x</a> </body></html>`,
		"/docs/private/open": page(),
		"/docs/hidden.html":  `<html><head><meta name="robots" content="noindex"></head><body>H <a href="from-hidden.html">x</a></body></html>`,
		"/docs/copy.html":    `<html><head><link rel="canonical" href="/docs/real.html#x"></head><body>Copy</body></html>`,
		"/docs/real.html":    `<html><head><link rel="canonical" href="/docs/copy.html"></head><body>Real</body></html>`,
		"/docs/deep/1.html":  page("2.html"),
		"/docs/deep/2.html":  page("3.html"),
		"/docs/deep/3.html":  page(),
		"/docs/loop1":        page(), "/docs/from-hidden.html": page(), "/docs/new": page(),
	})
	h.mux.HandleFunc("/docs/old", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "new", http.StatusMovedPermanently) })
	h.mux.HandleFunc("/docs/login", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusForbidden) })
	o := h.options("/docs/")
	o.MaxDepth = 3
	got, _, err := h.visited(t, o)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"/docs/": "", "/docs/a.html?b=1": "", "/docs/b.html": "", "/docs/private/x": "robots.txt forbids it", "/docs/private/open": "",
		"/docs/missing": "not there (status 404) (gone)", "/docs/hidden.html": "the page asks not to be indexed (gone)",
		"/docs/copy.html": "a copy of another page, by its own account (gone)", "/docs/real.html": "", "/docs/from-hidden.html": "",
		"/docs/loop1": "", "/docs/new": "", "/docs/login": "not for everyone, or not a page (status 403)", "/docs/deep/1.html": "", "/docs/deep/2.html": "",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
}

func TestSitemaps(t *testing.T) {
	h := newHost(t, map[string]string{
		"/robots.txt": "Sitemap: HOST/index.xml\nSitemap: http://example.com/sitemap.xml",
		"/index.xml": `<?xml version="1.0"?><sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
			<sitemap><loc>HOST/one.xml.gz</loc></sitemap><sitemap><loc>HOST/broken.xml</loc></sitemap><sitemap><loc>HOST/index.xml</loc></sitemap></sitemapindex>`,
		"/broken.xml": `<urlset><url><loc>HOST/c</loc></url><url><loc>`,
		"/a":          page("/never-followed"), "/b": page(), "/c": page(),
	})
	h.mux.HandleFunc("/one.xml.gz", func(w http.ResponseWriter, _ *http.Request) {
		z := gzip.NewWriter(w)
		fmt.Fprintf(z, `<urlset><url><loc> %s/a?gclid=1 </loc><lastmod>2020-01-01</lastmod></url><url><loc>%[1]s/b</loc></url>
			<url><loc>http://169.254.169.254/latest/meta-data/</loc></url><url><loc>file:///etc/passwd</loc></url></urlset>`, h.URL)
		z.Close()
	})
	got, _, err := h.visited(t, h.options("/"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"/a": "", "/b": "", "/c": "", "http://169.254.169.254/latest/meta-data/": "listed in the sitemap, but of another host",
		"file:///etc/passwd": "listed in the sitemap, but of another host", "http://example.com/sitemap.xml": "sitemap of another host, not read",
		"/broken.xml": "sitemap cannot be read: XML syntax error on line 1: unexpected EOF (incomplete)",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
}

func TestUnchangedPagesAreNotSent(t *testing.T) {
	h := newHost(t, map[string]string{"/sitemap.xml": `<urlset><url><loc>HOST/a</loc></url><url><loc>HOST/b</loc></url></urlset>`})
	h.mux.HandleFunc("/a", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Etag", `"one"`)
		http.ServeContent(w, r, "a.html", time.Time{}, strings.NewReader(page()))
	})
	changed := time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)
	h.mux.HandleFunc("/b", func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "b.html", changed, strings.NewReader(page()))
	})
	o, known := h.options("/"), map[string]string{}
	_, pages, err := h.visited(t, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pages {
		known[p.Address] = p.Version
	}
	o.Known = func(_ context.Context, address string) (string, error) { return known[address], nil }
	got, _, err := h.visited(t, o)
	if diff := cmp.Diff(map[string]string{"/a": "unchanged", "/b": "unchanged"}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	changed = changed.Add(time.Hour)
	if got, _, _ = h.visited(t, o); got["/b"] != "" || got["/a"] != "unchanged" {
		t.Errorf("b has changed: %v", got)
	}
}

func TestRobotsThatCannotBeReadForbidsAll(t *testing.T) {
	h := newHost(t, map[string]string{"/": page()})
	h.mux.HandleFunc("/robots.txt", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	if _, _, err := h.visited(t, h.options("/")); err == nil || !strings.Contains(err.Error(), "answered 503") {
		t.Errorf("error: %v", err)
	}
}

func TestTroubleIsIncomplete(t *testing.T) {
	h := newHost(t, map[string]string{"/": page("slow", "broken", "flaky", "drip", "bomb", "huge", "endless", "round", "away")})
	h.mux.HandleFunc("/broken", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	flaky := 0
	h.mux.HandleFunc("/flaky", func(w http.ResponseWriter, _ *http.Request) {
		if flaky++; flaky < 3 {
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		fmt.Fprint(w, page())
	})
	h.mux.HandleFunc("/slow", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	h.mux.HandleFunc("/drip", func(w http.ResponseWriter, r *http.Request) {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for r.Context().Err() == nil {
			fmt.Fprint(w, "x")
			w.(http.Flusher).Flush()
			<-tick.C
		}
	})
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	for range 64 {
		_, _ = z.Write(make([]byte, 1<<20))
	}
	z.Close()
	h.mux.HandleFunc("/bomb", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(bomb.Bytes())
	})
	h.mux.HandleFunc("/huge", func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	})
	h.mux.HandleFunc("/endless", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/endless?"+r.URL.RawQuery+"x", http.StatusFound)
	})
	h.mux.HandleFunc("/round", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/round", http.StatusFound) })
	h.mux.HandleFunc("/away", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://169.254.169.254/latest", http.StatusFound)
	})
	o := h.options("/")
	o.Timeout = 400 * time.Millisecond
	got, _, err := h.visited(t, o)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"/": "", "/flaky": "", "/broken": "the site answers 502 (incomplete)", "/slow": "did not answer within 400ms (incomplete)",
		"/drip": "did not answer within 400ms (incomplete)", "/bomb": "larger than 1 MiB", "/huge": "larger than 1 MiB",
		"/endless": "", "/round": "redirects to another page (gone)",
		"/away": "redirects out of the site, to http://169.254.169.254/latest (gone)",
	}
	for path, said := range got {
		if strings.HasPrefix(path, "/endless") && said == "more than 5 redirects" {
			delete(got, path)
			got["/endless"] = ""
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
}

func TestPrivateAddresses(t *testing.T) {
	h := newHost(t, map[string]string{"/": page()})
	o := h.options("/")
	o.Dialer = outbound.Dialer{}
	if _, _, err := h.visited(t, o); !errors.Is(err, outbound.ErrForbidden) {
		t.Errorf("by address: %v", err)
	}
	u, _ := url.Parse(h.URL)
	o.Start = "http://localhost:" + u.Port() + "/"
	if _, _, err := h.visited(t, o); !errors.Is(err, outbound.ErrForbidden) {
		t.Errorf("by name: %v", err)
	}
	// A proxy in the environment would dial in the dialer's place.
	t.Setenv("HTTP_PROXY", h.URL)
	t.Setenv("http_proxy", h.URL)
	o.Start = "http://192.168.255.1/"
	if _, _, err := h.visited(t, o); !errors.Is(err, outbound.ErrForbidden) || len(h.asked) > 0 {
		t.Errorf("by proxy: %v; the proxy was asked for %q", err, h.asked)
	}
}

func TestLimits(t *testing.T) {
	h := newHost(t, nil)
	h.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { // a trap: every page leads to new ones
		if r.URL.Path == "/robots.txt" || r.URL.Path == "/sitemap.xml" {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, page(r.URL.Path+"x/", r.URL.Path+"y/"))
	})
	o := h.options("/")
	o.MaxPages = 7
	got, _, err := h.visited(t, o)
	if err != nil || len(got) != 8 || got[""] != "the limit of 7 pages was reached" {
		t.Errorf("%d pages, %v: %v", len(got), err, got)
	}
	o.MaxPages, o.MaxDepth = 0, 2
	if got, _, err = h.visited(t, o); len(got) != 7 || err != nil {
		t.Errorf("%d pages, %v: %v", len(got), err, got)
	}
	h.mux.HandleFunc("/down/", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	h.mux.HandleFunc("/down/start", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, page("a", "b", "c", "d", "e", "f", "g", "h", "i", "j"))
	})
	if got, _, err = h.visited(t, h.options("/down/start")); err == nil || !strings.Contains(err.Error(), "8 pages in a row") {
		t.Errorf("a site that is down: %v, %v", err, got)
	}
	if _, _, err = h.visited(t, h.options("/down/")); err != nil {
		t.Errorf("a beginning that is down: %v", err)
	}
}
