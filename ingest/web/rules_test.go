package web

import (
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"
)

func TestRobotsRules(t *testing.T) {
	// Mostly the examples of RFC 9309.
	for _, c := range []struct {
		robots, path string
		allowed      bool
	}{
		{"", "/x", true},
		{"User-agent: *\nDisallow: /", "/x", false},
		{"User-agent: *\nDisallow:", "/x", true},
		{"User-agent: *\nDisallow: /\nUser-agent: Quarry/2\nDisallow: /y", "/x", true},
		{"User-agent: quarry\nUser-agent: b\nDisallow: /x", "/x/y", false},
		{"User-agent: quarry\nDisallow: /x\n\nUser-agent: b\nDisallow: /\n\nUser-agent: QUARRY\nDisallow: /z", "/z", false},
		{"User-agent: b\nDisallow: /", "/x", true},
		{"User-agent: *\nAllow: /example/page/\nDisallow: /example/page/disallowed.gif", "/example/page/disallowed.gif", false},
		{"User-agent: *\nAllow: /p\nDisallow: /p", "/page", true},
		{"User-agent: *\nDisallow: *.gif$", "/a/b.gif", false},
		{"User-agent: *\nDisallow: *.gif$", "/a/b.gif?x", true},
		{"User-agent: *\nDisallow: /*/c$", "/a/c/c", false},
		{"User-agent: *\nDisallow: /publications/", "/publications", true},
		{"User-agent: *\nDisallow: /foo/bar?baz=http://foo.bar", "/foo/bar?baz=http://foo.bar", false},
		{"User-agent: *\nDisallow: /foo/bar/ツ", "/foo/bar/%E3%83%84", false},
		{"User-agent: *\nDisallow: /foo/%7ebar", "/foo/~bar", false},
		{"\uFEFFUser-agent: * # all\ndisallow : /x # why\nrubbish\n: :\n", "/x", false},
		{"Disallow: /", "/x", true},
	} {
		if got := parseRobots([]byte(c.robots)).allow(c.path); got != c.allowed {
			t.Errorf("%q, %s: allowed %v", c.robots, c.path, got)
		}
	}
	r := parseRobots([]byte("User-agent: *\nCrawl-delay: 2.5\nSitemap: https://a/b.xml\nUser-agent: x\nCrawl-delay: 99999999999"))
	if r.delay != 2500*time.Millisecond || len(r.sitemaps) != 1 {
		t.Errorf("%+v", r)
	}
}

func TestPlain(t *testing.T) {
	for raw, want := range map[string]string{
		"HTTP://Example.COM:80":                       "http://example.com/",
		"https://example.com:443/a/../b/./c#x":        "https://example.com/b/c",
		"https://example.com:8443/a?b=1&utm_medium=x": "https://example.com:8443/a?b=1",
		"https://example.com/?gclid=1":                "https://example.com/",
		"https://example.com/%7euser/%c3%a9?q=a%20b":  "https://example.com/~user/%C3%A9?q=a%20b",
		"https://example.com/é":                       "https://example.com/%C3%A9",
		"https://example.com/a%2Fb":                   "https://example.com/a%2Fb",
		"https://user:pw@example.com/":                "https://example.com/",
	} {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		got := plain(u)
		if got != want {
			t.Errorf("%s: %s, want %s", raw, got, want)
		}
		if again, _ := url.Parse(got); plain(again) != got {
			t.Errorf("%s is not in its plain form yet: %s", got, plain(again))
		}
	}
	for start, want := range map[string]string{
		"https://example.com": "https://example.com/", "https://example.com/docs/a.html?x": "https://example.com/docs/", "https://example.com/docs": "https://example.com/",
	} {
		if got, err := Scope(start); got != want || err != nil {
			t.Errorf("scope of %s: %s, %v", start, got, err)
		}
	}
	for _, bad := range []string{"", "example.com", "ftp://example.com/", "file:///etc/passwd", "https://", "https:///x", "https://h/" + strings.Repeat("x", 3000)} {
		if _, err := Scope(bad); err == nil {
			t.Errorf("%.40s is accepted", bad)
		}
	}
}

// TestPace: requests wait for each other, by the clock.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := parseRobots([]byte("User-agent: quarry\nCrawl-delay: 3"))
		l := rate.NewLimiter(rate.Every(max(250*time.Millisecond, r.delay)), 1)
		began := time.Now()
		for range 4 {
			if err := l.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took != 9*time.Second {
			t.Errorf("four requests took %s", took)
		}
	})
}

func FuzzRobots(f *testing.F) {
	f.Add([]byte("User-agent: *\nDisallow: /*a*b$\nCrawl-delay: 1"), "/xaxb")
	f.Fuzz(func(t *testing.T, body []byte, path string) {
		parseRobots(body).allow(path)
	})
}

func FuzzSitemap(f *testing.F) {
	f.Add([]byte(`<urlset><url><loc>https://example.com/</loc></url></urlset>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		m, _ := parseSitemap(body)
		for _, p := range m.pages {
			if p == "" {
				t.Error("an empty address")
			}
		}
	})
}

func FuzzPlain(f *testing.F) {
	f.Add("https://example.com/a/../%2e%2E/b?x=%zz#y", "../c?utm_x")
	f.Fuzz(func(t *testing.T, start, link string) {
		s, err := newSite(start)
		if err != nil {
			return
		}
		base, err := url.Parse(s.start)
		if err != nil {
			t.Fatalf("%q is no URL: %v", s.start, err)
		}
		address, ok := s.resolve(base, link)
		if !ok {
			return
		}
		again, ok := s.resolve(base, address)
		if !ok || again != address {
			t.Errorf("%q of %q is %q, and that %q", link, start, address, again)
		}
	})
}
