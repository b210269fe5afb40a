package web

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// agent is the name by which robots.txt may address this program.
const agent = "quarry"

const (
	maxRobots = 500 << 10 // bytes that are heeded (RFC 9309, section 2.5)
	maxDelay  = time.Minute
)

// rules are those of a robots.txt that apply to this program (RFC 9309).
type rules struct {
	paths    []rule
	delay    time.Duration
	sitemaps []string
}

type rule struct {
	pattern string
	allow   bool
}

// robots reads the site's robots.txt. One that is not there allows all; one that
// cannot be read forbids all.
func (v *visit) robots(ctx context.Context) (rules, error) {
	address := v.site.root("/robots.txt")
	r := v.client.get(ctx, address, "", maxRobots, v.sameHost)
	switch {
	case r.err != nil:
		return rules{}, fmt.Errorf("%s: %w", address, r.err)
	case r.status == 200:
		return parseRobots(r.body), nil
	case r.status >= 500 || r.status == 429:
		return rules{}, fmt.Errorf("%s: answered %d, so that nothing may be read", address, r.status)
	}
	return rules{}, nil
}

// sameHost follows a redirect within the host only.
func (v *visit) sameHost(address string) bool { return strings.HasPrefix(address, v.site.root("/")) }

// parseRobots reads the groups that name this program, or else those for all.
func parseRobots(body []byte) rules {
	var own, all, sitemaps rules
	named, into := false, []*rules(nil)
	inRules := true // a user-agent line begins a new group
	lines := bufio.NewScanner(bytes.NewReader(body))
	lines.Buffer(nil, maxRobots+1)
	for lines.Scan() {
		key, value := directive(lines.Text())
		switch key {
		case "user-agent":
			if inRules {
				into, inRules = nil, false
			}
			switch name, _, _ := strings.Cut(strings.ToLower(value), "/"); name {
			case agent:
				named, into = true, append(into, &own)
			case "*":
				into = append(into, &all)
			}
		case "allow", "disallow":
			inRules = true
			for _, r := range into {
				if value != "" {
					r.paths = append(r.paths, rule{escaped(value), key == "allow"})
				}
			}
		case "crawl-delay":
			inRules = true
			seconds, err := strconv.ParseFloat(value, 64)
			for _, r := range into {
				if err == nil && seconds > 0 {
					r.delay = min(time.Duration(min(seconds, 3600)*float64(time.Second)), maxDelay)
				}
			}
		case "sitemap":
			sitemaps.sitemaps = append(sitemaps.sitemaps, value)
		}
	}
	if !named {
		own = all
	}
	own.sitemaps = sitemaps.sitemaps
	return own
}

func directive(line string) (key, value string) {
	line, _, _ = strings.Cut(strings.TrimPrefix(line, "\uFEFF"), "#")
	key, value, _ = strings.Cut(line, ":")
	return strings.ToLower(strings.TrimSpace(key)), strings.TrimSpace(value)
}

// allow reports whether a path with its query may be asked for: the longest
// pattern that matches decides, and of two as long the one that allows.
func (r rules) allow(path string) bool {
	longest, allowed := -1, true
	for _, p := range r.paths {
		if n := len(p.pattern); (n > longest || n == longest && p.allow) && matches(p.pattern, path) {
			longest, allowed = n, p.allow
		}
	}
	return allowed
}

// matches reports whether a pattern with "*" and, at its end, "$" matches the
// beginning of a path.
func matches(pattern, path string) bool {
	pattern, whole := strings.CutSuffix(pattern, "$")
	parts := strings.Split(pattern, "*")
	rest, ok := strings.CutPrefix(path, parts[0])
	if !ok {
		return false
	}
	for _, part := range parts[1:] {
		i := strings.Index(rest, part)
		if i < 0 {
			return false
		}
		rest = rest[i+len(part):]
	}
	if last := parts[len(parts)-1]; whole && rest != "" {
		return len(parts) > 1 && strings.HasSuffix(path, last)
	}
	return true
}
