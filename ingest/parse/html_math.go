package parse

// startMath takes a tag in a formula, or one that begins it, and reports whether
// it did. A formula that is not ended ends at the next block.
func (h *htmlReader) startMath(name string, block bool, a htmlAttributes) bool {
	switch {
	case name == "math":
		h.endMath()
		h.math = &mathML{}
		return true
	case h.math != nil && block:
		h.endMath()
	}
	if h.math != nil {
		h.math.start(name, a.encoding)
	}
	return h.math != nil
}

// inMath takes an end tag in a formula and reports whether it did.
func (h *htmlReader) inMath(name string) bool {
	if name == "math" {
		h.endMath()
	} else {
		h.math.end(name)
	}
	return true
}

// endMath writes the open formula.
func (h *htmlReader) endMath() {
	if h.math == nil {
		return
	}
	formula := h.math.formula()
	h.math = nil
	h.out.write(formula)
}
