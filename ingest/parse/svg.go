package parse

// svg follows the drawings in a page: of one, its labels are text; its shapes,
// title and description, which icons have too, are not.
type svg struct {
	depth  int // open <svg> elements
	labels int // open elements of text
	any    bool
}

// silent reports whether text here is none that is shown.
func (s *svg) silent() bool { return s.depth > 0 && s.labels == 0 }

// startDrawn takes a tag in a drawing, or one that begins it, and reports whether
// it did.
func (h *htmlReader) startDrawn(name string) bool {
	switch {
	case name == "svg":
		if h.svg.depth++; h.svg.depth == 1 {
			h.svg.any = false
		}
	case h.svg.depth == 0:
		return false
	case name == "text" || name == "foreignobject":
		if h.out.space = true; !h.svg.any {
			h.boundary()
		}
		h.svg.labels++
		h.svg.any = true
	case name == "tspan":
		h.out.space = true
	case name == "title" || name == "desc" || name == "metadata" || name == "style" || name == "script":
		h.skip, h.skipDepth = name, 1
	default:
		return h.svg.labels == 0
	}
	return true
}

// endDrawn takes an end tag in a drawing and reports whether it did.
func (h *htmlReader) endDrawn(name string) bool {
	switch {
	case h.svg.depth == 0:
		return false
	case name == "svg":
		if h.svg.depth--; h.svg.depth == 0 {
			if h.svg.labels = 0; h.svg.any {
				h.boundary()
			}
		}
	case name == "text" || name == "foreignobject":
		h.svg.labels = max(0, h.svg.labels-1)
		h.out.space = true
	default:
		return h.svg.labels == 0
	}
	return true
}
