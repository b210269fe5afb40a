package parse

import (
	"archive/zip"
	"bytes"
	"testing"
)

func TestDetect(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"a.md", "# Title", "text/markdown"},
		{"a.MARKDOWN", "text", "text/markdown"},
		{"a.md", "<h1>Title</h1>", "text/markdown"},
		{"a.html", "text", "text/html"},
		{"a", "<!DOCTYPE html><p>x", "text/html"},
		{"a", "  <html>", "text/html"},
		{"a.xhtml", "<?xml version='1.0'?><html/>", "application/xhtml+xml"},
		{"a.xml", "<?xml version='1.0'?><a/>", "application/xml"},
		{"README", "BMW was founded in 1916", "text/plain"},
		{"a.txt", "<html>as text</html>", "text/plain"},
		{"a.txt", "caf\xe9", "text/plain"},
		{"a.txt", "\xff\xfea\x00b\x00", "text/plain"},
		{"a", "\xff\xfe<\x00h\x00t\x00m\x00l\x00>\x00", "text/html"},
		{"a.txt", "", "text/plain"},
		{"a.json", "{}", "application/json"},
		{"a.txt", "\x00\x01\x02 binary", "application/octet-stream"},
		{"a.txt", "a\x01\x02\x03\x04 binary", "application/octet-stream"},
		{"a.txt", "%PDF-1.7\n", "application/pdf"},
		{"a.txt", "{\\rtf1 x}", "application/rtf"},
		{"a.md", "\x1f\x8b\x08\x00\x00\x00\x00\x00", "application/x-gzip"},
		{"a.txt", "\x89PNG\r\n\x1a\n\x00\x00", "image/png"},
		{"a.txt", "\xff\xd8\xff\xe0\x00\x10JFIF", "image/jpeg"},
		{"a.txt", "\x7fELF\x02\x01\x01\x00", "application/x-elf"},
		{"a.doc", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00", "application/x-ole-storage"},
		{"a.txt", zipOf(t, "word/document.xml"), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
		{"a.txt", zipOf(t, "[Content_Types].xml", "ppt/presentation.xml"), "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
		{"a.txt", zipOf(t, "xl/workbook.xml"), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
		{"a.txt", zipOf(t, "mimetype=application/epub+zip", "x"), "application/epub+zip"},
		{"a.txt", zipOf(t, "mimetype=application/vnd.oasis.opendocument.text", "x"), "application/vnd.oasis.opendocument.text"},
		{"a.epub", zipOf(t, "META-INF/container.xml", "x.opf"), "application/epub+zip"},
		{"a.odt", zipOf(t, "content.xml", "META-INF/manifest.xml"), "application/vnd.oasis.opendocument.text"},
		{"a.zip", zipOf(t, "content.xml", "META-INF/manifest.xml"), "application/zip"},
		{"a.txt", zipOf(t, "other"), "application/zip"},
	}
	for _, tt := range tests {
		if got := Detect(tt.name, []byte(tt.body)); got != tt.want {
			t.Errorf("Detect(%q, %.20q) = %s, want %s", tt.name, tt.body, got, tt.want)
		}
	}
}

// zipOf is an archive of stored files, each "name" or "name=content".
func zipOf(t *testing.T, files ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		name, content, _ := bytes.Cut([]byte(f), []byte("="))
		// Without a data descriptor, as the mimetype entry of an EPUB must be.
		h := &zip.FileHeader{Name: string(name), UncompressedSize64: uint64(len(content)), CompressedSize64: uint64(len(content))}
		f, err := w.CreateRaw(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
