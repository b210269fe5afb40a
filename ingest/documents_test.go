package ingest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Over random documents and readers, by every way to read: nobody reads what names
// others, and everybody reads the rest, page by page.
func TestReadersReadWhatIsTheirs(t *testing.T) {
	b, r := setUp(t), rand.New(rand.NewPCG(5, 6))
	some := func(from []string) (names []string) {
		for _, p := range from {
			if r.IntN(3) == 0 {
				names = append(names, p)
			}
		}
		return names
	}
	all := map[string][]string{}
	for i := range 40 {
		uri := fmt.Sprintf("%02d", i)
		all[uri] = some([]string{"ann", "bo", "'{}'"})
		_, _, err := b.in.Put(b.ctx, "docs", Document{URI: uri, Body: []byte(uri), Principals: all[uri]})
		b.ok(err)
	}
	readers := []Reader{{}, Everything, {Principals: []string{""}}}
	for range 20 {
		readers = append(readers, Reader{Principals: some([]string{"ann", "bo", "nobody", "'{}'", "{}"}), Unrestricted: r.IntN(5) == 0})
	}
	for _, who := range readers {
		var want []string
		for uri, names := range all {
			may := who.Unrestricted || len(names) == 0 || slices.ContainsFunc(names, func(p string) bool { return slices.Contains(who.Principals, p) })
			if may {
				want = append(want, uri)
			}
			_, err := b.in.Document(b.ctx, "docs", uri, who)
			_, textErr := b.in.Text(b.ctx, "docs", uri, who)
			for _, err := range []error{err, textErr} {
				if may && err != nil || !may && !errors.Is(err, ErrUnknownDocument) {
					t.Errorf("%+v reads %s of %q: %v", who, uri, names, err)
				}
			}
		}
		slices.Sort(want)
		if diff := cmp.Diff(want, listedBy(b, who)); diff != "" {
			t.Errorf("%+v lists (-want +got):\n%s", who, diff)
		}
	}
}

// listedBy are the URIs of all that a reader lists, in pages.
func listedBy(b *bench, who Reader) (uris []string) {
	for after := ""; ; after = uris[len(uris)-1] {
		page, err := b.in.Documents(b.ctx, "docs", ListOptions{Reader: who, After: after, Limit: 7})
		b.ok(err)
		if len(page) == 0 {
			return uris
		}
		for _, rec := range page {
			uris = append(uris, rec.URI)
		}
	}
}
