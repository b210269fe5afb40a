package parse

import (
	"strings"

	"golang.org/x/net/html/atom"
)

// dropped elements are left out with all that is in them.
var dropped = map[atom.Atom]bool{
	atom.Script: true, atom.Style: true, atom.Template: true, atom.Noscript: true, atom.Iframe: true,
	atom.Noembed: true, atom.Noframes: true, atom.Object: true, atom.Canvas: true,
	atom.Audio: true, atom.Video: true,
}

// droppedParts are left out too, unless nothing else has text.
var droppedParts = map[atom.Atom]bool{
	atom.Nav: true, atom.Select: true, atom.Button: true, atom.Textarea: true, atom.Datalist: true,
}

// blockTags end the block before them and the one in them.
var blockTags = map[atom.Atom]bool{
	atom.P: true, atom.Div: true, atom.Section: true, atom.Article: true, atom.Main: true, atom.Header: true,
	atom.Footer: true, atom.Aside: true, atom.Nav: true, atom.Blockquote: true, atom.Address: true,
	atom.Figure: true, atom.Details: true, atom.Summary: true, atom.Fieldset: true, atom.Form: true,
	atom.Legend: true, atom.Hgroup: true, atom.Hr: true, atom.Center: true, atom.Body: true, atom.Head: true,
	atom.Option: true, atom.Optgroup: true, atom.Dialog: true, atom.Menu: true, atom.Search: true,
}

func (h *htmlReader) start(name string, hasAttr bool) {
	if h.skip != "" {
		if name == h.skip {
			h.skipDepth++
		}
		return
	}
	if h.startDrawn(name) {
		return
	}
	tag := atom.Lookup([]byte(name))
	if nests[tag] {
		h.depth++
	}
	a := h.attributes(hasAttr)
	if h.startMath(name, blockTags[tag], a) {
		return
	}
	if h.drops(tag, a) {
		h.skip, h.skipDepth = name, 1
		return
	}
	switch tag {
	case atom.Html:
		h.metaTag(htmlAttributes{name: "language", content: a.lang})
	case atom.Title:
		h.inTitle = true
	case atom.Meta:
		h.metaTag(a)
	case atom.Br:
		h.out.lineBreak()
	case atom.Img:
		if alt := altText(a.alt); alt != "" && !strings.HasPrefix(a.class, "mwe-math-fallback") {
			h.out.write(" " + alt + " ")
		}
	case atom.A:
		h.out.inLink = a.href || a.name == "" && a.id == "" // else it is a place to link to
	case atom.Rt, atom.Rp:
		h.inRuby = true
	case atom.Sup:
		h.out.sup = !h.out.inLink
	case atom.Main, atom.Article:
		h.boundary()
		h.content++
	default:
		h.startBlock(tag, a)
		if a.role == "main" && tag == atom.Div && h.roleMain == 0 {
			h.roleMain = h.depth
			h.content++
		}
	}
	h.out.inMain = h.content > 0
}

func (h *htmlReader) startBlock(tag atom.Atom, a htmlAttributes) {
	switch tag {
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		h.leaveTable()
		h.out.open(Heading)
		h.out.level = int(tag.String()[1] - '0')
	case atom.Pre, atom.Listing, atom.Xmp, atom.Plaintext:
		h.leaveTable()
		h.out.open(Code)
		h.out.verbatim = true
	case atom.Ul, atom.Ol, atom.Menu, atom.Dir:
		h.boundary()
		h.lists = append(h.lists, newList(tag, a))
	case atom.Li:
		h.item(a)
	case atom.Dl:
		h.boundary()
	case atom.Dt:
		h.boundary()
		h.out.open(ListItem)
	case atom.Dd:
		h.out.definition()
	case atom.Figcaption:
		h.out.open(Caption)
	case atom.Table, atom.Caption, atom.Thead, atom.Tbody, atom.Tfoot, atom.Tr, atom.Td, atom.Th:
		h.startTable(tag, a)
	default:
		if blockTags[tag] {
			h.boundary()
		}
	}
}

func (h *htmlReader) end(name string) {
	if h.skip != "" {
		if name == h.skip {
			if h.skipDepth--; h.skipDepth == 0 {
				h.skip = ""
			}
		}
		return
	}
	if h.endDrawn(name) || h.math != nil && h.inMath(name) {
		return
	}
	tag := atom.Lookup([]byte(name))
	if nests[tag] && h.depth > 0 {
		if tag == atom.Div && h.depth == h.roleMain {
			h.boundary()
			h.roleMain, h.content = 0, max(0, h.content-1)
		}
		h.depth--
	}
	switch tag {
	case atom.Title:
		h.inTitle = false
	case atom.A:
		h.out.inLink = false
	case atom.Rt, atom.Rp, atom.Ruby:
		h.inRuby = false
	case atom.Sup:
		h.out.sup = false
	case atom.Main, atom.Article:
		h.boundary()
		h.content = max(0, h.content-1)
	case atom.Pre, atom.Listing, atom.Xmp, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6,
		atom.Figcaption, atom.Dl, atom.Dd, atom.Li:
		h.close()
	case atom.Ul, atom.Ol, atom.Menu, atom.Dir:
		h.lists = h.lists[:max(0, len(h.lists)-1)]
		h.close()
	case atom.Table, atom.Caption, atom.Tr, atom.Td, atom.Th, atom.Thead:
		h.endTable(tag)
	default:
		if blockTags[tag] {
			h.boundary()
		}
	}
	h.out.inMain = h.content > 0
}

// boundary ends the open block if it has text: a <p> that begins a list item or
// heading changes nothing. Inside a cell it is a space, in code a new line.
func (h *htmlReader) boundary() {
	h.inRuby = false
	switch {
	case h.out.inCell:
		h.out.space = true
	case h.out.verbatim:
		h.out.newLine()
	case !h.out.softOpen && !h.out.blank():
		h.out.flush()
	}
}

// close ends the open block, be it empty.
func (h *htmlReader) close() {
	h.out.verbatim = false
	if h.out.inCell {
		h.out.space = true
		return
	}
	h.out.flush()
}
