package parse

import "golang.org/x/net/html/atom"

// listState is an open list.
type listState struct {
	ordered bool
	format  string // of its numbers, as numeral has it
	n       int    // number of the last item
}

func newList(tag atom.Atom, a htmlAttributes) listState {
	l := listState{ordered: tag == atom.Ol, format: odfFormats[a.kind]}
	if a.start > 0 {
		l.n = a.start - 1
	}
	return l
}

// item begins a list item with its marker: "- " or its number.
func (h *htmlReader) item(a htmlAttributes) {
	if h.out.inCell {
		h.out.cur.WriteString("; ")
		h.out.space = false
		return
	}
	h.out.open(ListItem)
	h.out.marker, h.out.indent = "- ", 0
	if depth := len(h.lists); depth > 0 {
		list := &h.lists[depth-1]
		if list.n++; a.value > 0 {
			list.n = a.value
		}
		h.out.indent = 2 * min(depth-1, 8)
		if list.ordered {
			h.out.marker = numeral(list.format, list.n) + ". "
		}
	}
}
