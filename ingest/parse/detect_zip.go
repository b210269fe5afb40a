package parse

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"io"
	"path"
	"regexp"
	"strings"
)

// zipParts are names of files that tell what a zip archive is.
var zipParts = []signature{
	{"word/document.xml", docxType},
	{"ppt/presentation.xml", pptxType},
	{"xl/workbook.", xlsxType},
	{"META-INF/container.xml", epubType},
	{"META-INF/MANIFEST.MF", "application/java-archive"},
}

// zipFolders are beginnings of names that tell what an archive whose end is
// missing was meant to be.
var zipFolders = []signature{
	{"word/", docxType},
	{"ppt/", pptxType},
	{"xl/", xlsxType},
	{"META-INF/container.xml", epubType},
}

// contentTypes are what the first part of an Office document says of the others.
var contentTypes = []signature{
	{"wordprocessingml.", docxType},
	{"presentationml.", pptxType},
	{"spreadsheetml.", xlsxType},
}

// zipExtensions are names of archives of which nothing else tells what they were
// meant to be.
var zipExtensions = map[string]string{
	".docx": docxType, ".pptx": pptxType, ".xlsx": xlsxType, ".xlsm": xlsxType, ".epub": epubType,
	".odt": odtType, ".ods": odsType, ".odp": odpType,
}

var mimeType = regexp.MustCompile(`^application/[a-z0-9.+-]+$`)

// zipType tells office formats by the mimetype entry that must come first, or
// by the names of files, all of which are in the directory at the end. Of an
// archive without its end it tells what it was meant to be.
func zipType(name string, body []byte) string {
	const near = 64 << 10
	head := body[:min(len(body), near)]
	if len(head) > 38 && bytes.HasPrefix(head[30:], []byte("mimetype")) {
		rest := head[38:min(len(head), 38+100)]
		if end := bytes.IndexAny(rest, "PK\x00\n"); end > 0 && mimeType.Match(rest[:end]) {
			return string(rest[:end])
		}
	}
	tail := body[max(0, len(body)-4*near):]
	for _, z := range zipParts {
		if bytes.Contains(head, []byte(z.prefix)) || bytes.Contains(tail, []byte(z.prefix)) {
			return z.mediaType
		}
	}
	if !hasDirectory(body) {
		return cutZipType(name, body)
	}
	if t := zipExtensions[strings.ToLower(path.Ext(name))]; t != "" && bytes.Contains(tail, []byte("META-INF/manifest.xml")) {
		return t // OpenDocument, packed anew with its mimetype deflated
	}
	return "application/zip"
}

// cutZipType goes through what is left of an archive without its end.
func cutZipType(name string, body []byte) string {
	local, read := []byte("PK\x03\x04"), false
	for at := 0; at >= 0; {
		entry, rest := localEntry(body[at:])
		for _, z := range zipFolders {
			if strings.HasPrefix(entry, z.prefix) {
				return z.mediaType
			}
		}
		if entry == "[Content_Types].xml" && !read {
			read = true
			text := inflated(rest, 256<<10)
			for _, c := range contentTypes {
				if bytes.Contains(text, []byte(c.prefix)) {
					return c.mediaType
				}
			}
		}
		next := bytes.Index(body[at+len(local):], local)
		if next < 0 {
			break
		}
		at += len(local) + next
	}
	if t := zipExtensions[strings.ToLower(path.Ext(name))]; t != "" {
		return t
	}
	return "application/zip"
}

// localEntry returns the name and what follows of an entry's local header
// (APPNOTE 4.3.7).
func localEntry(b []byte) (name string, rest []byte) {
	const header = 30
	if len(b) < header {
		return "", nil
	}
	n, extra := int(binary.LittleEndian.Uint16(b[26:])), int(binary.LittleEndian.Uint16(b[28:]))
	b = b[header:]
	if n > len(b) {
		return "", nil
	}
	return string(b[:n]), b[min(len(b), n+extra):]
}

// inflated is as much of deflated data as there is, n bytes at most.
func inflated(b []byte, n int64) []byte {
	text, _ := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(b)), n))
	return text
}
