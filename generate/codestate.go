package generate

// codeState knows whether streamed Markdown is in code. Inline code ends at its
// line's end even when it is not closed, so that one stray backtick cannot hide
// the markers of a whole answer.
type codeState struct {
	began bool // something other than white space and quote marks came on this line
	// The run of backticks or tildes being read.
	run      int
	runByte  byte
	runStart bool // it began its line
	span     int  // backticks that close the inline code; 0 outside
	// The fence that closes the block; fence is 0 outside.
	fence     int
	fenceByte byte
	info      bool // on the line that opened the block
}

// inside tells whether the byte last stepped over, no backtick or tilde, is code.
func (c *codeState) inside() bool { return c.fence > 0 || c.span > 0 }

func (c *codeState) step(b byte) {
	if c.run > 0 && b == c.runByte {
		c.run++
		return
	}
	if c.run > 0 {
		c.endRun(b)
	}
	switch {
	case b == '`' || b == '~' && !c.began:
		c.run, c.runByte, c.runStart = 1, b, !c.began
		c.began = true
	case b == '\n':
		c.began, c.span, c.info = false, 0, false
	case b != ' ' && b != '\t' && b != '\r' && b != '>':
		c.began = true
	}
}

// endRun decides what a whole run was; next is the byte after it.
func (c *codeState) endRun(next byte) {
	n, b := c.run, c.runByte
	c.run = 0
	switch {
	case c.info && b == '`' && c.fenceByte == '`':
		// Backticks in the info string: it was inline code all along.
		c.fence, c.info, c.span = 0, false, c.fence
		c.closeSpan(n)
	case c.fence > 0:
		// CommonMark wants the rest of the line blank; models write "``` [1]".
		apart := next == '\n' || next == '\r' || next == ' ' || next == '\t'
		if c.runStart && b == c.fenceByte && n >= c.fence && apart {
			c.fence = 0
		}
	case c.span > 0:
		if b == '`' {
			c.closeSpan(n)
		}
	case c.runStart && n >= 3:
		c.fence, c.fenceByte, c.info = n, b, true
	case b == '`':
		c.span = n
	}
}

func (c *codeState) closeSpan(n int) {
	if n == c.span {
		c.span = 0
	}
}
