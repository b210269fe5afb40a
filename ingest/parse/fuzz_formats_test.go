package parse

import "testing"

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
	if p, _ := within(t, mediaType, body); len(p.Text) > 300*len(body)+4096 {
		t.Fatalf("%d bytes of text from %d", len(p.Text), len(body))
	}
}

func FuzzXML(f *testing.F)    { fuzzFormats(f, "application/xml") }
func FuzzRTF(f *testing.F)    { fuzzFormats(f, "application/rtf") }
func FuzzMail(f *testing.F)   { fuzzFormats(f, "message/rfc822", "application/mbox", "text/calendar") }
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
	kinds := []struct{ mediaType, name, part string }{
		{docxType, "report.docx", "word/document.xml"},
		{odtType, "letter.odt", "content.xml"},
		{pptxType, "talk.pptx", "ppt/slides/slide1.xml"},
		{docxType, "report.docx", "word/numbering.xml"},
		{docxType, "report.docx", "word/styles.xml"},
		{epubType, "book.epub", "OEBPS/content.opf"},
		{docxType, "report.docx", "word/comments.xml"},
		{docxType, "report.docx", "word/charts/chart1.xml"},
		{pptxType, "talk.pptx", "ppt/comments/modernComment_1.xml"},
		{pptxType, "talk.pptx", "ppt/diagrams/data1.xml"},
		{odsType, "sums.ods", "content.xml"},
		{xlsxType, "heights.xlsx", "xl/worksheets/sheet1.xml"},
		{xlsxType, "heights.xlsx", "xl/sharedStrings.xml"},
		{xlsxType, "heights.xlsx", "xl/styles.xml"},
	}
	bodies := map[string][]byte{}
	for _, x := range made(f) {
		bodies[x.name] = x.body
	}
	whole := make([][][2]string, len(kinds))
	for i, k := range kinds {
		whole[i] = unpacked(f, bodies[k.name])
		for _, p := range whole[i] {
			if p[0] == k.part {
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

// FuzzDetect: whatever the bytes and the name, there is one answer.
func FuzzDetect(f *testing.F) {
	for _, x := range fixtures(f) {
		f.Add(x.name, x.body[:min(len(x.body), 4<<10)])
	}
	f.Fuzz(func(t *testing.T, name string, body []byte) {
		if got := Detect(name, body); got == "" || got != baseType(got) || got != Detect(name, body) {
			t.Fatalf("got %q", got)
		}
		if safe := safeName(name); safe != safeName(safe) || safe == "" {
			t.Fatalf("%q became %q, and that %q", name, safe, safeName(safe))
		}
	})
}
