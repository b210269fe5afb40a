package parse

import (
	"bytes"
	"net/http"
	"path"
	"strings"
)

// Detect returns the media type of body, without parameters. The bytes decide;
// the name only tells formats of text apart. What is neither a known format nor
// text is application/octet-stream.
func Detect(name string, body []byte) string {
	for _, s := range textual {
		if bytes.HasPrefix(body, []byte(s.prefix)) {
			return s.mediaType
		}
	}
	if isUTF16(body) || !isBinary(body) {
		return detectText(name, body)
	}
	return magic(name, body)
}

type signature struct{ prefix, mediaType string }

// textual formats may look like text all through, so they are asked for before
// it is known whether a body is binary. The others are asked for after: a text
// may well begin with "BM", "BZh" or "MThd".
var textual = []signature{
	{"%PDF-", "application/pdf"},
	{"{\\rtf", "application/rtf"},
	{"BEGIN:VCALENDAR", "text/calendar"},
	{"%!PS-Adobe-", "application/postscript"},
}

// signatures that http.DetectContentType does not know.
var signatures = []signature{
	{"\x7fELF", "application/x-elf"},
	{"MZ\x90\x00", "application/x-msdownload"},
	{"\xfe\xed\xfa", "application/x-mach-binary"},
	{"\xcf\xfa\xed\xfe", "application/x-mach-binary"},
	{"\xca\xfe\xba\xbe", "application/java-vm"},
	{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"}, // doc, xls, ppt, msg
	{"BZh", "application/x-bzip2"},
	{"\xfd7zXZ\x00", "application/x-xz"},
	{"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"},
	{"\x28\xb5\x2f\xfd", "application/zstd"},
	{"SQLite format 3\x00", "application/vnd.sqlite3"},
	{"PAR1", "application/vnd.apache.parquet"},
	{"II*\x00", "image/tiff"},
	{"MM\x00*", "image/tiff"},
}

// magic is the media type that the bytes of a binary tell.
func magic(name string, body []byte) string {
	for _, s := range signatures {
		if bytes.HasPrefix(body, []byte(s.prefix)) {
			return s.mediaType
		}
	}
	if bytes.HasPrefix(body, []byte("PK\x03\x04")) {
		return zipType(name, body)
	}
	if len(body) > 262 && string(body[257:262]) == "ustar" {
		return "application/x-tar"
	}
	if t := baseType(http.DetectContentType(body)); !strings.HasPrefix(t, "text/") {
		return t
	}
	return "application/octet-stream"
}

// isBinary reports whether the first 8 kB have a NUL or more control characters
// than text has by accident.
func isBinary(body []byte) bool {
	head := body[:min(len(body), 8<<10)]
	control := 0
	for _, c := range head {
		switch {
		case c == 0:
			return true
		case c < ' ' && !strings.ContainsRune("\t\n\v\f\r\x1b", rune(c)), c == 0x7f:
			control++
		}
	}
	return control*50 > len(head)
}

// textTypes by file name extension. Any other text is text/plain.
var textTypes = map[string]string{
	".md": "text/markdown", ".markdown": "text/markdown", ".mdown": "text/markdown", ".mkd": "text/markdown",
	".html": "text/html", ".htm": "text/html", ".xhtml": "application/xhtml+xml",
	".txt": "text/plain", ".text": "text/plain", ".log": "text/plain",
	".json": "application/json", ".jsonl": "application/jsonl", ".ndjson": "application/jsonl",
	".ipynb": "application/x-ipynb+json",
	".csv":   "text/csv", ".tsv": "text/tab-separated-values",
	".xml": "application/xml", ".svg": "image/svg+xml",
	".yaml": "application/yaml", ".yml": "application/yaml", ".toml": "application/toml",
	".css": "text/css", ".js": "text/javascript", ".mjs": "text/javascript", ".ts": "text/x-typescript",
	".nxml": "application/xml", ".rss": "application/xml", ".atom": "application/xml", ".xsd": "application/xml",
	".ics": "text/calendar", ".eml": "message/rfc822", ".mbox": "application/mbox", ".mbx": "application/mbox",
	".rst": "text/x-rst", ".adoc": "text/asciidoc", ".asciidoc": "text/asciidoc",
	".go": "text/x-go", ".py": "text/x-python", ".c": "text/x-c", ".h": "text/x-c", ".cc": "text/x-c++",
	".cpp": "text/x-c++", ".java": "text/x-java", ".rs": "text/x-rust", ".sh": "text/x-shellscript", ".sql": "application/sql",
	".hh": "text/x-c++", ".hpp": "text/x-c++", ".cs": "text/x-csharp", ".kt": "text/x-kotlin", ".php": "text/x-php", ".rb": "text/x-ruby",
	".scala": "text/x-scala", ".swift": "text/x-swift", ".proto": "text/x-proto", ".tsx": "text/x-typescript", ".jsx": "text/javascript",
	".bash": "text/x-shellscript",
}

func detectText(name string, body []byte) string {
	if t := textTypes[strings.ToLower(path.Ext(name))]; t != "" {
		return t
	}
	if text, err := decodeUTF16(body[:min(len(body), 2<<10)]); err == nil && isUTF16(body) {
		body = []byte(text)
	}
	switch t := baseType(http.DetectContentType(body)); t {
	case "text/html":
		return t
	case "text/xml":
		return "application/xml"
	}
	if isMail(body) {
		return "message/rfc822"
	}
	return "text/plain"
}

// isMail reports whether a text begins with the header of an e-mail: three
// lines of it at least, and who or when among them.
func isMail(body []byte) bool {
	fields, telling := 0, false
	for line := range bytes.Lines(body[:min(len(body), 4<<10)]) {
		if line[0] == ' ' || line[0] == '\t' {
			continue
		}
		name, _, ok := strings.Cut(string(line), ":")
		if !ok || name == "" || strings.ContainsAny(name, " \t\r\n<") {
			break
		}
		switch fields++; strings.ToLower(name) {
		case "from", "received", "message-id", "return-path":
			telling = true
		}
	}
	return telling && fields >= 3
}
