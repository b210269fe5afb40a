package parse

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// formatNames are the formats that programs write, as people call them.
var formatNames = map[string]string{
	docxType:                   "DOCX",
	pptxType:                   "PPTX",
	xlsxType:                   "XLSX",
	odtType:                    "ODT",
	odsType:                    "ODS",
	odpType:                    "ODP",
	epubType:                   "EPUB",
	"application/pdf":          "PDF",
	"application/zip":          "ZIP",
	"application/x-gzip":       "GZIP",
	"application/x-tar":        "TAR",
	"application/rtf":          "RTF",
	oleType:                    "Office or Outlook file",
	"application/x-ipynb+json": "notebook",
}

// broken tells of a reason that begins with "damaged" what it is of, whether its
// end is missing, and what to do.
func broken(mediaType string, body []byte, err error) error {
	var perm *Error
	name := formatNames[mediaType]
	if name == "" || !errors.As(err, &perm) || !strings.HasPrefix(perm.Reason, "damaged") {
		return err
	}
	if truncated(mediaType, body) {
		return &Error{fmt.Sprintf("truncated %s: its end is missing after %d bytes; send a whole copy", name, len(body))}
	}
	_, detail, _ := strings.Cut(perm.Reason, ": ")
	return &Error{fmt.Sprintf("corrupt %s: %s; send another copy, or open it in the program that made it and save it again", name, detail)}
}

// truncated reports whether the mark is missing that a format has at its end.
func truncated(mediaType string, body []byte) bool {
	switch mediaType {
	case "application/pdf":
		return !bytes.Contains(body[max(0, len(body)-2048):], []byte("%%EOF"))
	case docxType, pptxType, xlsxType, odtType, odsType, odpType, epubType, "application/zip":
		return !hasDirectory(body)
	case "application/rtf":
		return !bytes.HasSuffix(bytes.TrimRight(body, "\x00 \r\n\t"), []byte("}"))
	}
	return false
}

// hasDirectory reports whether a zip archive's end is there (APPNOTE 4.3.16).
func hasDirectory(body []byte) bool {
	const record, comment = 22, 1<<16 - 1
	return bytes.Contains(body[max(0, len(body)-record-comment):], []byte("PK\x05\x06"))
}
