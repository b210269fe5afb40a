// Package parse turns a document's bytes into canonical UTF-8 text and the
// blocks of its structure. Citations point into the canonical text, so a parser
// must give the same text for the same bytes.
//
// A format's reader is in the file of its name (readDOCX in docx.go), its details
// in files whose names begin so (docx_table.go); readers lists them all. They
// write blocks to a page (page.go), tables through rows and spans, parts through
// joined; lined.go is for formats whose text is their source, zip.go and
// xml_walk.go for those packed in archives of XML, drawing.go, chart.go and
// diagram.go for what Office formats share. What is shown to nobody, such as
// deleted text and a page's navigation, is left out; what is not seen at first
// but would be asked for, such as notes, comments and pictures' descriptions,
// stands below what it belongs to.
package parse

import (
	"context"
	"fmt"
	"strings"
)

// MaxBytes is the largest body that Parse reads.
const MaxBytes = 32 << 20

// A reader turns a body into text and blocks.
type reader = func(ctx context.Context, body []byte) (Parsed, error)

// readers has a row for each media type that can be read. A reader gives the
// same Parsed for the same bytes, in time and memory linear in their number, and
// stops early, with ctx's error, when ctx ends.
var readers = map[string]reader{
	"text/plain":                readPlain,
	"text/markdown":             readMarkdown,
	"text/html":                 readHTML,
	"application/xhtml+xml":     readXHTML,
	docxType:                    readDOCX,
	pptxType:                    readPPTX,
	odtType:                     readODF,
	odsType:                     readODF,
	odpType:                     readODF,
	epubType:                    readEPUB,
	xlsxType:                    isolated(xlsxType, contained(readXLSX)),
	"application/pdf":           isolated("application/pdf", readPDF),
	"application/rtf":           readRTF,
	"application/json":          readJSON,
	"application/jsonl":         readJSON,
	"application/x-ipynb+json":  readNotebook,
	"text/csv":                  readCSV,
	"text/tab-separated-values": readCSV,
	"application/xml":           readXML,
	"message/rfc822":            contained(readMail),
	"application/mbox":          contained(readMbox),
	oleType:                     contained(readOLE),
	"application/zip":           readZip,
	"application/x-tar":         readTar,
	"application/x-gzip":        readGzip,
	"text/calendar":             readCalendar,
	"text/x-rst":                readRST,
	"text/asciidoc":             readAsciiDoc,
	"text/x-go":                 readGo,
	"text/x-python":             readCode,
	"text/x-c":                  readCode,
	"text/x-c++":                readCode,
	"text/x-csharp":             readCode,
	"text/x-java":               readCode,
	"text/x-kotlin":             readCode,
	"text/x-php":                readCode,
	"text/x-ruby":               readCode,
	"text/x-rust":               readCode,
	"text/x-scala":              readCode,
	"text/x-swift":              readCode,
	"text/x-proto":              readCode,
	"text/x-typescript":         readCode,
	"text/javascript":           readCode,
	"text/css":                  readCode,
	"text/x-shellscript":        readCode,
	"application/sql":           readCode,
	"application/yaml":          readCode,
	"application/toml":          readCode,
}

const (
	docxType = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	pptxType = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
	xlsxType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	odtType  = "application/vnd.oasis.opendocument.text"
	odsType  = "application/vnd.oasis.opendocument.spreadsheet"
	odpType  = "application/vnd.oasis.opendocument.presentation"
	epubType = "application/epub+zip"
	oleType  = "application/x-ole-storage"
)

// Supported reports whether Parse reads a media type, as Detect names it.
func Supported(mediaType string) bool { return readers[baseType(mediaType)] != nil }

// Parse reads a document. Parameters of the media type ("; charset=…") are
// ignored: the bytes say. An *Error means that the same bytes will fail again;
// any other error is ctx's. Safe for concurrent use.
func Parse(ctx context.Context, mediaType string, body []byte) (Parsed, error) {
	read := readers[baseType(mediaType)]
	switch {
	case read == nil:
		return Parsed{}, Permanent("%s is not a format that can be read", mediaType)
	case len(body) == 0:
		return Parsed{}, Permanent("empty document")
	case len(body) > MaxBytes:
		return Parsed{}, Permanent("%d bytes, more than the %d that are read", len(body), MaxBytes)
	}
	p, err := read(ctx, body)
	if err != nil {
		return Parsed{}, broken(baseType(mediaType), body, err)
	}
	if len(p.Blocks) == 0 && len(p.Attachments) == 0 {
		return Parsed{}, Permanent("no text in it")
	}
	return p, nil
}

func baseType(mediaType string) string {
	base, _, _ := strings.Cut(mediaType, ";")
	return strings.ToLower(strings.TrimSpace(base))
}

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
	// Attachments are documents that this one carries: at most 100, together at
	// most MaxBytes. An archive is nothing else: its Text is empty.
	Attachments []Attachment
}

// Block is one structural unit: Text[Start:End].
type Block struct {
	Kind       Kind
	Start, End int
	// Level of a heading, from 1.
	Level int
	// Label is a heading without its inline markup, on one line; empty where
	// Text[Start:End] is that already.
	Label string
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
