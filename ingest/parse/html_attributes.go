package parse

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html/atom"
)

// htmlAttributes are those of a tag that are of use; the others are not kept.
type htmlAttributes struct {
	hidden                         bool
	href                           bool
	role, alt, name, content, kind string
	id, class, lang, encoding      string
	cols, rows                     int // that a cell reaches over; 0: one
	start, value                   int // numbers of a list and its item; 0: not given
}

// attributes reads a tag's.
func (h *htmlReader) attributes(more bool) (a htmlAttributes) {
	for more {
		var key, value []byte
		key, value, more = h.z.TagAttr()
		switch string(key) {
		case "hidden":
			a.hidden = string(value) != "until-found"
		case "role":
			a.role = strings.ToLower(string(value))
		case "alt":
			a.alt = cutBytes(string(value), maxAlt)
		case "name", "property":
			a.name = strings.ToLower(cutBytes(string(value), 64))
		case "href":
			a.href = true
		case "id":
			a.id = cutBytes(string(value), 64)
		case "class":
			a.class = cutBytes(string(value), 256)
		case "lang":
			a.lang = cutBytes(string(value), 32)
		case "encoding":
			a.encoding = cutBytes(string(value), 64)
		case "content":
			a.content = oneLine(cutBytes(string(value), maxFieldBytes))
		case "type":
			a.kind = cutBytes(string(value), 64)
		case "colspan":
			a.cols = small(string(value))
		case "rowspan":
			a.rows = small(string(value))
		case "start":
			a.start = itemNumber(value)
		case "value":
			a.value = itemNumber(value)
		}
	}
	return a
}

// itemNumber is a number that a list's item may have, or 0.
func itemNumber(b []byte) int {
	n, err := strconv.Atoi(strings.TrimSpace(cutBytes(string(b), 16)))
	if err != nil || n < 0 || n > 1_000_000 {
		return 0
	}
	return n
}

// drops reports whether an element is to be left out. A page's own footer and
// asides are; those inside its main part or an article are kept.
func (h *htmlReader) drops(tag atom.Atom, a htmlAttributes) bool {
	switch {
	case tag == atom.Script:
		h.scripted = true
		return true
	case dropped[tag]:
		return true
	case h.whole:
		return false
	case droppedParts[tag], a.hidden && tag != atom.Body && tag != atom.Html, a.class == "katex-html": // a formula's glyphs
		return !void[tag]
	case h.content == 0 && (tag == atom.Div || tag == atom.Aside) && asksConsent(a):
		return true
	case tag == atom.Body || tag == atom.Html || tag == atom.Main || tag == atom.Article || void[tag]:
		return false
	}
	switch a.role {
	case "navigation", "search", "dialog", "alertdialog":
		return true
	case "banner", "contentinfo", "complementary":
		return h.content == 0
	}
	return (tag == atom.Footer || tag == atom.Aside) && h.content == 0
}

// void elements have no end tag.
var void = map[atom.Atom]bool{
	atom.Area: true, atom.Base: true, atom.Br: true, atom.Col: true, atom.Embed: true, atom.Hr: true, atom.Img: true,
	atom.Input: true, atom.Link: true, atom.Meta: true, atom.Source: true, atom.Track: true, atom.Wbr: true,
}

// metaTag keeps the fields that say something of the document.
func (h *htmlReader) metaTag(a htmlAttributes) {
	key := a.name
	switch key {
	case "article:published_time":
		key = "date"
	case "author", "description", "keywords", "date", "language":
	default:
		return
	}
	if a.content != "" {
		h.meta[key] = a.content
	}
}

// consent names elements that ask a visitor to accept cookies.
var consent = regexp.MustCompile(`(?i)^(cookie|gdpr)s?[-_]?(banner|bar|notice|consent|popup|dialog|modal|overlay|message|alert)$|^(onetrust-|cybotcookiebot)`)

// asksConsent reports whether an element is a page's question about cookies.
func asksConsent(a htmlAttributes) bool {
	return consent.MatchString(a.id) || slices.ContainsFunc(strings.Fields(a.class), consent.MatchString)
}
