// Package parse turns a document's bytes into canonical UTF-8 text and the
// blocks of its structure. Citations point into the canonical text, so a parser
// must give the same text for the same bytes.
package parse

import "fmt"

// Parsed is a document's text and structure.
type Parsed struct {
	// Text is canonical: valid UTF-8, "\n" line ends, no NUL.
	Text string
	// Blocks cover Text in order without overlap; between them is only white
	// space or markup that is not content.
	Blocks []Block
	// Title is empty when the document does not state one.
	Title string
	// Metadata holds what the document says of itself (author, date, tags, …).
	Metadata map[string]any
}

// Block is one structural unit: Text[Start:End].
type Block struct {
	Kind       Kind
	Start, End int
	// Level of a heading, from 1.
	Level int
	// Page, sheet or slide, from 1; 0 when the format has none.
	Page int
	// Header is the header row of the table that a table row belongs to, as
	// text; empty for the header itself.
	Header string
}

// Kind of a block.
type Kind uint8

const (
	Paragraph Kind = iota
	Heading
	ListItem
	TableRow
	Code
	Caption
)

// Error is a permanent failure: the same bytes will fail again. Reason is for
// a person and says what to do.
type Error struct{ Reason string }

func (e *Error) Error() string { return e.Reason }

// Permanent returns an Error with the reason formatted.
func Permanent(format string, a ...any) error { return &Error{fmt.Sprintf(format, a...)} }
