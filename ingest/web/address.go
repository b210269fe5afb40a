package web

import (
	"net/url"
	"strings"
)

// maxAddress bounds the bytes of an address.
const maxAddress = 2000

// site is what belongs to a visit.
type site struct {
	start  string
	scheme string
	host   string // with a port that is not the scheme's own
	folder string // path that all paths begin with, with a slash at its end
}

func newSite(start string) (site, error) {
	u, err := url.Parse(start)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || len(start) > maxAddress {
		return site{}, errStart
	}
	s := plain(u)
	u, err = url.Parse(s)
	if err != nil {
		return site{}, errStart
	}
	path := u.EscapedPath()
	return site{start: s, scheme: u.Scheme, host: u.Host, folder: path[:strings.LastIndexByte(path, '/')+1]}, nil
}

// Scope returns what begins the addresses of all pages of a visit that starts at
// an address.
func Scope(start string) (string, error) {
	s, err := newSite(start)
	return s.scheme + "://" + s.host + s.folder, err
}

func (s site) root(path string) string { return s.scheme + "://" + s.host + path }

// resolve returns the plain form of a link, found on the page at base, and
// whether it leads to the site's host. A link to the host by the other of http
// and https is taken to be one by the site's own.
func (s site) resolve(base *url.URL, link string) (address string, ok bool) {
	if len(link) > 2*maxAddress {
		return "", false
	}
	u, err := base.Parse(strings.TrimSpace(link))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return "", false
	}
	if u.Scheme != s.scheme && u.Port() == "" {
		u.Scheme = s.scheme
	}
	address = plain(u)
	return address, len(address) <= maxAddress && strings.HasPrefix(address, s.root("/"))
}

// holds reports whether an address belongs to the site.
func (s site) holds(address string) bool { return strings.HasPrefix(address, s.root(s.folder)) }

// plain is an address in the one form that stands for all that name the same
// page: without fragment, user and tracking parameters, the host in lower case
// and without its scheme's own port, escapes only where they are needed.
func plain(u *url.URL) string {
	p := url.URL{Scheme: strings.ToLower(u.Scheme), Host: strings.ToLower(u.Host)}
	p.Host = strings.TrimSuffix(p.Host, map[string]string{"http": ":80", "https": ":443"}[p.Scheme])
	path := escaped(u.ResolveReference(&url.URL{Path: u.Path, RawPath: u.RawPath}).EscapedPath())
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	s := p.Scheme + "://" + p.Host + path
	var kept []string
	for _, kv := range strings.Split(u.RawQuery, "&") {
		if name, _, _ := strings.Cut(kv, "="); kv != "" && !tracking(name) {
			kept = append(kept, escaped(kv))
		}
	}
	if len(kept) > 0 {
		s += "?" + strings.Join(kept, "&")
	}
	return s
}

// tracking reports whether a parameter only tells where a reader came from.
func tracking(name string) bool {
	name = strings.ToLower(name)
	switch name {
	case "fbclid", "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "msclkid", "yclid", "igshid", "twclid", "ttclid",
		"mc_cid", "mc_eid", "mkt_tok", "_hsenc", "_hsmi", "_ga", "_gl", "oly_anon_id", "oly_enc_id", "vero_id":
		return true
	}
	return strings.HasPrefix(name, "utm_")
}

// escaped spells escapes in one way: of what needs none, none; of bytes that may
// not stand in an address, always; digits in upper case (RFC 3986, section 6.2.2).
func escaped(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c, was := s[i], false
		if c == '%' && i+2 < len(s) {
			if hi, lo := unhex(s[i+1]), unhex(s[i+2]); hi >= 0 && lo >= 0 {
				c, was, i = byte(hi<<4|lo), true, i+2
			}
		}
		if was && !unreserved(c) || c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{|}", c) >= 0 {
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

func unreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
