package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"

	"golang.org/x/net/html/charset"
)

const (
	maxSitemap  = 50 << 20 // bytes, unpacked, as the protocol at sitemaps.org has it
	maxSitemaps = 500      // files of one site
)

// sitemaps queues what the site's sitemaps list, and returns how many addresses
// of the site they do. Those named in robots.txt count, else /sitemap.xml.
func (v *visit) sitemaps(ctx context.Context) (listed int, err error) {
	declared := len(v.rules.sitemaps) > 0
	files := v.rules.sitemaps
	if !declared {
		files = []string{v.site.root("/sitemap.xml")}
	}
	base, err := url.Parse(v.site.start)
	if err != nil {
		return 0, err
	}
	done := map[string]bool{}
	for ; len(files) > 0; files = files[1:] {
		address, ok := v.site.resolve(base, files[0])
		if done[address] || len(done) == maxSitemaps {
			continue
		}
		done[address] = true
		if !ok {
			v.troubles = append(v.troubles, Page{Address: clip(files[0]), Reason: "sitemap of another host, not read"})
			continue
		}
		m, err := v.sitemap(ctx, address, declared)
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		if err != nil {
			v.troubles = append(v.troubles, Page{Address: address, Reason: "sitemap cannot be read: " + err.Error(), Incomplete: true})
		}
		files = append(files, m.sitemaps...)
		listed += v.list(base, m.pages)
	}
	return listed, nil
}

// list queues the addresses that belong to the site and counts them.
func (v *visit) list(base *url.URL, pages []string) (n int) {
	for _, p := range pages {
		address, ok := v.site.resolve(base, p)
		if !ok {
			v.outside(p)
			continue
		}
		if !v.site.holds(address) {
			continue // of another part of the host
		}
		n++
		v.add(target{address: address})
	}
	return n
}

// outside notes an address of another host, of as many as are worth showing.
func (v *visit) outside(link string) {
	if len(v.troubles) < 1000 {
		v.troubles = append(v.troubles, Page{Address: clip(link), Reason: "listed in the sitemap, but of another host"})
	}
}

func clip(s string) string { return s[:min(len(s), maxAddress)] }

// sitemap reads one file. One that was only guessed may be missing, or anything.
func (v *visit) sitemap(ctx context.Context, address string, declared bool) (sitemap, error) {
	r := v.client.get(ctx, address, "", maxSitemap, v.sameHost)
	switch {
	case r.err != nil:
		return sitemap{}, r.err
	case r.large:
		return sitemap{}, fmt.Errorf("larger than %d MiB", maxSitemap>>20)
	case r.status >= 500 || declared && r.status != 200:
		return sitemap{}, fmt.Errorf("answered %d", r.status)
	case r.status != 200:
		return sitemap{}, nil
	}
	m, err := parseSitemap(r.body)
	if err != nil && !declared && !bytes.Contains(r.body[:min(len(r.body), 4096)], []byte("sitemaps.org")) {
		return sitemap{}, nil
	}
	return m, err
}

// sitemap is what a file lists: pages, or further files.
type sitemap struct{ pages, sitemaps []string }

func parseSitemap(body []byte) (m sitemap, err error) {
	var in io.Reader = bytes.NewReader(body)
	if bytes.HasPrefix(body, []byte("\x1f\x8b")) {
		z, err := gzip.NewReader(in)
		if err != nil {
			return m, err
		}
		in = &limited{r: z, left: maxSitemap}
	}
	d := xml.NewDecoder(in)
	d.CharsetReader = charset.NewReaderLabel
	var within, at string
	for seen := false; ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			if !seen {
				err = errors.New("it is not a sitemap")
			} else {
				err = nil
			}
			return m, err
		}
		if err != nil {
			return m, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			at = t.Name.Local
			switch at {
			case "urlset", "sitemapindex":
				seen = true
			case "url", "sitemap":
				within = at
			}
		case xml.EndElement:
			at = ""
		case xml.CharData:
			if s := string(bytes.TrimSpace(t)); at == "loc" && s != "" {
				if within == "sitemap" {
					m.sitemaps = append(m.sitemaps, s)
				} else {
					m.pages = append(m.pages, s)
				}
			}
		}
	}
}

// limited fails where io.LimitedReader would end.
type limited struct {
	r    io.Reader
	left int64
}

func (l *limited) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, fmt.Errorf("larger than %d MiB", maxSitemap>>20)
	}
	n, err := l.r.Read(p[:min(int64(len(p)), l.left)])
	l.left -= int64(n)
	return n, err
}
