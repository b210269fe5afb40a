package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/quarry-rag/quarry/ingest/outbound"
	"github.com/quarry-rag/quarry/ingest/parse"
)

// page asks for one address. An error means that the visit is over.
func (v *visit) page(ctx context.Context, t target) (Page, error) {
	p := Page{Address: t.address}
	if !v.allowed(t.address) {
		p.Reason, p.Incomplete = "robots.txt forbids it", v.opens(t)
		return p, nil
	}
	known, err := v.o.Known(ctx, t.address)
	if err != nil {
		return p, err
	}
	// The links of a page are not kept, so one that may have some is read again.
	if v.follow && !leaf(known) {
		known = ""
	}
	v.asked++
	r := v.client.get(ctx, t.address, known, v.o.MaxBytes, func(next string) bool {
		return v.site.holds(next) && !v.seen[next] && v.allowed(next)
	})
	if ctx.Err() != nil {
		return p, ctx.Err()
	}
	if r.address != t.address {
		v.seen[r.address] = true
		p.Address = r.address
	}
	switch {
	case r.status == 304 && known != "" && r.address == t.address:
		p.Unchanged, p.Version = true, known
	case r.status == 200 && r.err == nil && !r.large:
		v.read(&p, t, r)
	default:
		v.refuse(&p, r)
		if v.opens(t) {
			p.Incomplete, p.Gone = true, false
		}
	}
	return p, nil
}

// opens reports whether all links are found from there.
func (v *visit) opens(t target) bool { return v.follow && t.address == v.site.start }

func (v *visit) allowed(address string) bool {
	return v.rules.allow(strings.TrimPrefix(address, v.site.root("")))
}

// refuse says why there is no page.
func (v *visit) refuse(p *Page, r response) {
	switch {
	case errors.Is(r.err, errRedirects):
		p.Reason = r.err.Error()
	case errors.Is(r.err, outbound.ErrForbidden):
		p.Reason, p.Incomplete = "its host has "+outbound.ErrForbidden.Error(), true
	case r.err != nil:
		p.Reason, p.Incomplete = r.err.Error(), true
	case r.large:
		p.Reason = fmt.Sprintf("larger than %d MiB", v.o.MaxBytes>>20)
	case r.left != "" && !v.site.holds(r.left):
		p.Reason, p.Gone = "redirects out of the site, to "+clip(r.left), true
	case r.left != "" && v.seen[r.left]:
		p.Reason, p.Gone = "redirects to another page", true
	case r.left != "":
		p.Reason = "redirects to a page that robots.txt forbids"
	case r.status == 404 || r.status == 410:
		p.Reason, p.Gone = fmt.Sprintf("not there (status %d)", r.status), true
	case r.status >= 500 || r.status == 429:
		p.Reason, p.Incomplete = fmt.Sprintf("the site answers %d", r.status), true
	default:
		p.Reason = fmt.Sprintf("not for everyone, or not a page (status %d)", r.status)
	}
}

// read takes what was answered: a page, and the links on it.
func (v *visit) read(p *Page, t target, r response) {
	isHTML := strings.Contains(parse.Detect(r.address, r.body), "html")
	p.Body, p.Version = r.body, versionOf(r.header, !isHTML)
	var says head
	says.obey(strings.Join(r.header.Values("X-Robots-Tag"), ","))
	if isHTML {
		says.scan(r.body)
		base, err := url.Parse(r.address)
		if err != nil {
			return
		}
		if b, err := base.Parse(says.base); err == nil && says.base != "" {
			base = b
		}
		if v.follow && !says.nofollow && t.depth < v.o.MaxDepth {
			for _, link := range says.links {
				v.queueLink(base, link, t.depth+1)
			}
		}
		v.canonical(p, t, base, says.canonical)
	}
	if says.noindex {
		*p = Page{Address: p.Address, Reason: "the page asks not to be indexed", Gone: true}
	}
}

func (v *visit) queueLink(base *url.URL, link string, depth int) {
	if address, ok := v.site.resolve(base, link); ok && v.site.holds(address) {
		v.add(target{address: address, depth: depth})
	}
}

// canonical leaves a page for the one that it says it is a copy of, if that
// belongs to the site. That one is then taken as it is, so that two that name
// each other are not both left.
func (v *visit) canonical(p *Page, t target, base *url.URL, link string) {
	if link == "" || v.named[p.Address] {
		return
	}
	address, ok := v.site.resolve(base, link)
	if !ok || address == p.Address || !v.site.holds(address) {
		return
	}
	v.named[address] = true
	v.add(target{address: address, depth: t.depth})
	*p = Page{Address: p.Address, Reason: "a copy of another page, by its own account", Gone: true}
}

// head is what a page says of itself to machines.
type head struct {
	base, canonical   string
	noindex, nofollow bool
	links             []string
}

// maxLinks bounds the links heeded of one page.
const maxLinks = 10_000

// obey heeds the directives of a robots meta element or X-Robots-Tag header.
func (h *head) obey(directives string) {
	for _, d := range strings.FieldsFunc(strings.ToLower(directives), func(r rune) bool { return r == ',' || r == ' ' }) {
		switch d {
		case "noindex":
			h.noindex = true
		case "nofollow":
			h.nofollow = true
		case "none":
			h.noindex, h.nofollow = true, true
		}
	}
}

func (h *head) scan(body []byte) {
	z := html.NewTokenizer(bytes.NewReader(body))
	z.SetMaxBuf(1 << 20)
	for {
		switch z.Next() {
		case html.ErrorToken:
			return
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			h.element(atom.Lookup(name), attributes(z, more))
		}
	}
}

func attributes(z *html.Tokenizer, more bool) map[string]string {
	a := map[string]string{}
	for more && len(a) < 100 {
		var k, v []byte
		k, v, more = z.TagAttr()
		if _, twice := a[string(k)]; !twice {
			a[string(k)] = string(v)
		}
	}
	return a
}

func (h *head) element(name atom.Atom, a map[string]string) {
	rel := strings.Fields(strings.ToLower(a["rel"]))
	has := func(word string) bool {
		for _, r := range rel {
			if r == word {
				return true
			}
		}
		return false
	}
	switch name {
	case atom.Base:
		if h.base == "" {
			h.base = a["href"]
		}
	case atom.Link:
		if has("canonical") && h.canonical == "" {
			h.canonical = a["href"]
		}
	case atom.Meta:
		if n := strings.ToLower(a["name"]); n == "robots" || n == agent {
			h.obey(a["content"])
		}
	case atom.A, atom.Area:
		if href := strings.TrimSpace(a["href"]); href != "" && href[0] != '#' && !has("nofollow") && len(h.links) < maxLinks {
			h.links = append(h.links, href)
		}
	}
}
