package parse

import (
	"context"
	"errors"
	"testing"
	"time"
)

// fuzzFormats fuzzes the readers of some media types with the fixtures of them.
func fuzzFormats(f *testing.F, mediaTypes ...string) {
	for _, x := range fixtures(f) {
		for i, m := range mediaTypes {
			if Detect(x.name, x.body) == m {
				f.Add(uint8(i), x.body)
			}
		}
	}
	f.Fuzz(func(t *testing.T, i uint8, body []byte) {
		fuzzed(t, mediaTypes[int(i)%len(mediaTypes)], body)
	})
}

// fuzzed fails on a panic, a text that breaks the contract or is out of all
// proportion, and on more than a few seconds.
func fuzzed(t *testing.T, mediaType string, body []byte) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	p, err := Parse(ctx, mediaType, body)
	switch {
	case err == nil:
		check(t, p)
	case !errors.As(err, new(*Error)):
		t.Fatal(err)
	}
	if len(p.Text) > 300*len(body)+4096 {
		t.Fatalf("%d bytes of text from %d", len(p.Text), len(body))
	}
}

func FuzzXML(f *testing.F)    { fuzzFormats(f, "application/xml") }
func FuzzRTF(f *testing.F)    { fuzzFormats(f, "application/rtf") }
func FuzzMail(f *testing.F)   { fuzzFormats(f, "message/rfc822", "application/mbox") }
func FuzzMarkup(f *testing.F) { fuzzFormats(f, "text/x-rst", "text/asciidoc") }
func FuzzCode(f *testing.F)   { fuzzFormats(f, "text/x-go", "text/x-python", "application/yaml") }
func FuzzRecords(f *testing.F) {
	fuzzFormats(f, "application/json", "application/jsonl", "application/x-ipynb+json", "text/csv", "text/tab-separated-values")
}

func FuzzPDF(f *testing.F) {
	startPDF(f)
	fuzzFormats(f, "application/pdf")
}

func FuzzArchive(f *testing.F) {
	fuzzFormats(f, "application/zip", "application/x-tar", "application/x-gzip", "application/x-ole-storage", xlsxType)
}

// FuzzOffice fuzzes the parts inside the archives.
func FuzzOffice(f *testing.F) {
	kinds := []struct{ mediaType, part string }{
		{docxType, "word/document.xml"},
		{odtType, "content.xml"},
		{pptxType, "ppt/slides/slide1.xml"},
		{docxType, "word/numbering.xml"},
		{docxType, "word/styles.xml"},
		{"application/epub+zip", "OEBPS/content.opf"},
	}
	names := []string{"report.docx", "letter.odt", "talk.pptx", "report.docx", "report.docx", "book.epub"}
	whole := make([][][2]string, len(kinds))
	for i, name := range names {
		whole[i] = parts(read(f, "testdata/parts/"+name+".txt"))
		for _, p := range whole[i] {
			if p[0] == kinds[i].part {
				f.Add(uint8(i), p[1])
			}
		}
	}
	f.Fuzz(func(t *testing.T, n uint8, xml string) {
		i := int(n) % len(kinds)
		changed := [][2]string{{kinds[i].part, xml}}
		for _, p := range whole[i] {
			if p[0] != kinds[i].part {
				changed = append(changed, p)
			}
		}
		fuzzed(t, kinds[i].mediaType, packed(t, changed))
	})
}
