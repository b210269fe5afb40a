package web

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quarry-rag/quarry/ingest/outbound"
)

// host is a web site on loopback that notes what it was asked for.
type host struct {
	*httptest.Server
	mux   *http.ServeMux
	mu    sync.Mutex
	asked []string
}

func newHost(t *testing.T, pages map[string]string) *host {
	h := &host{mux: http.NewServeMux()}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		h.asked = append(h.asked, r.URL.RequestURI())
		h.mu.Unlock()
		h.mux.ServeHTTP(w, r)
	}))
	t.Cleanup(h.Close)
	for path, body := range pages {
		h.mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			if want, _, _ := strings.Cut(path, "{"); r.URL.Path != want {
				http.NotFound(w, r)
				return
			}
			fmt.Fprint(w, strings.ReplaceAll(body, "HOST", h.URL))
		})
	}
	return h
}

// options are quick ones that may reach loopback.
func (h *host) options(path string) Options {
	return Options{
		Start: h.URL + path, MaxBytes: 1 << 20, Dialer: outbound.Dialer{AllowPrivate: true},
		Known: func(context.Context, string) (string, error) { return "", nil },
		Pace:  time.Microsecond, Pause: time.Millisecond, Timeout: 5 * time.Second,
	}
}

// visited is each address, without its host, with what became of it.
func (h *host) visited(t *testing.T, o Options) (map[string]string, []Page, error) {
	t.Helper()
	got, pages := map[string]string{}, []Page(nil)
	for p, err := range Visit(t.Context(), o) {
		if err != nil {
			return got, pages, err
		}
		path := strings.TrimPrefix(p.Address, h.URL)
		if _, twice := got[path]; twice {
			t.Errorf("%s is given twice", path)
		}
		said := p.Reason
		if p.Unchanged {
			said = "unchanged"
		}
		if p.Incomplete {
			said += " (incomplete)"
		}
		if p.Gone {
			said += " (gone)"
		}
		got[path] = said
		pages = append(pages, p)
	}
	return got, pages, nil
}

func page(links ...string) string {
	var b strings.Builder
	b.WriteString("<!doctype html><html><head><title>T</title></head><body><p>Text of a page.</p>")
	for _, l := range links {
		fmt.Fprintf(&b, `<a href="%s">link</a>`, l)
	}
	return b.String()
}
