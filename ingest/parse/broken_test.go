package parse

import (
	"errors"
	"strings"
	"testing"
)

// A document that was cut off, whatever its format, is known for what it was
// meant to be, and says so.
func TestCutOff(t *testing.T) {
	kinds := map[string]string{
		"report.docx": "DOCX", "talk.pptx": "PPTX", "heights.xlsx": "XLSX", "letter.odt": "ODT", "sums.ods": "ODS",
		"show.odp": "ODP", "book.epub": "EPUB", "report.pdf": "PDF",
	}
	for _, f := range fixtures(t) {
		kind := kinds[f.name]
		if kind == "" {
			continue
		}
		delete(kinds, f.name)
		for _, size := range []int{len(f.body) / 4, len(f.body) / 2, len(f.body) - 30} {
			cut := f.body[:size]
			mediaType := Detect(f.name, cut)
			if want := Detect(f.name, f.body); mediaType != want {
				t.Errorf("%d bytes of %s are taken for %s", size, f.name, mediaType)
			}
			if kind == "PDF" {
				continue // the engine mends what it can
			}
			_, err := Parse(t.Context(), mediaType, cut)
			if err == nil || !errors.As(err, new(*Error)) || !strings.HasPrefix(err.Error(), "truncated "+kind+": its end is missing after") {
				t.Errorf("%d bytes of %s: %v", size, f.name, err)
			}
		}
	}
	if len(kinds) > 0 {
		t.Errorf("no fixtures of %v", kinds)
	}
}

// What is not cut off but wrong inside is corrupt.
func TestCorrupt(t *testing.T) {
	tests := []struct {
		name, mediaType string
		body            []byte
		want            string
	}{
		{"no part", docxType, packed(t, [][2]string{{"word/other.xml", "x"}}), "corrupt DOCX: word/document.xml is missing; send another copy"},
		{"no content", odtType, packed(t, [][2]string{{"a", "x"}}), "corrupt ODT: content.xml is missing"},
		{"not XML", docxType, packed(t, [][2]string{{"word/document.xml", "<w:document><w:p <<<"}}), "corrupt DOCX: not well-formed XML"},
		{"no workbook", xlsxType, packed(t, [][2]string{{"xl/workbook.xml", "x"}}), "corrupt XLSX: "},
	}
	for _, tt := range tests {
		_, err := Parse(t.Context(), tt.mediaType, tt.body)
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
}

// The name tells what an archive was meant to be when its bytes do not.
func TestCutOffByName(t *testing.T) {
	body := []byte("PK\x03\x04\x14\x00\x06\x00\x08\x00\x00\x00")
	for name, want := range map[string]string{"a.docx": docxType, "b.XLSX": xlsxType, "c.zip": "application/zip", "d": "application/zip"} {
		if got := Detect(name, body); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
}
