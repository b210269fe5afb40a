package parse

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"
)

var copies = flag.Int("copies", 10, "truncated copies, and as many with flipped bits, of every fixture")

// Truncated and bit-flipped copies of every fixture give a text or a reason,
// within seconds.
func TestDamagedCopies(t *testing.T) {
	startPDF(t)
	count, refused, longest := 0, 0, time.Duration(0)
	try := func(t *testing.T, mediaType string, body []byte) {
		began := time.Now()
		if _, err := within(t, mediaType, body); err != nil {
			refused++
		}
		longest = max(longest, time.Since(began))
		count++
	}
	for _, f := range fixtures(t) {
		t.Run(f.name, func(t *testing.T) {
			mediaType := Detect(f.name, f.body)
			random := rand.New(rand.NewPCG(1, uint64(len(f.body))))
			for range *copies {
				cut := f.body[:random.IntN(len(f.body))]
				try(t, mediaType, cut)
				flipped := []byte(string(f.body))
				for range 1 + random.IntN(8) {
					flipped[random.IntN(len(flipped))] ^= 1 << random.IntN(8)
				}
				try(t, mediaType, flipped)
			}
		})
	}
	t.Logf("%d copies, %d refused with a reason, the longest took %v", count, refused, longest.Round(time.Millisecond))
}

// within parses a body, which must take less than ten seconds.
func within(t *testing.T, mediaType string, body []byte) (Parsed, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	p, err := Parse(ctx, mediaType, body)
	switch {
	case err == nil:
		check(t, p)
	case !errors.As(err, new(*Error)):
		t.Errorf("%v of %d bytes: %.200q", err, len(body), body)
	}
	return p, err
}

// What is made to fill memory or time, and the reason that it gives.
func TestHostileDocuments(t *testing.T) {
	document := func(s string) []byte {
		return packed(t, [][2]string{{"word/document.xml", "<w:document>" + s + "</w:document>"}})
	}
	content := func(s string) []byte {
		return packed(t, [][2]string{{"content.xml", "<office:text>" + s + "</office:text>"}})
	}
	zeros := strings.Repeat("\x00", 40<<20)
	var many [][2]string
	for i := range maxEntries + 1 {
		many = append(many, [2]string{fmt.Sprint(i), ""})
	}
	tests := []struct {
		name, mediaType string
		body            []byte
		want            string // in the reason; empty: it is read
	}{
		{"zip bomb", docxType, document("<w:p>" + strings.Repeat(" ", 150<<20) + "</w:p>"), "zip bomb"},
		{"zip of zeros", "application/zip", packed(t, [][2]string{{"a", zeros}}), "zip bomb"},
		{"gzip of zeros", "application/x-gzip", gzipped(t, "a", []byte(zeros)), "more than 32 MB when unpacked"},
		{"tar of zeros in gzip", "application/x-gzip", gzipped(t, "a", tarred(t, [][2]string{{"a", zeros}})), "more than 32 MB when unpacked"},
		{"entries", "application/zip", packed(t, many), "20001 entries"},
		{"files", "application/x-tar", tarred(t, func() (l [][2]string) {
			for i := range maxAttachments + 1 {
				l = append(l, [2]string{fmt.Sprint(i), "x"})
			}
			return l
		}()), "more than 100 files"},
		{"nested tables", docxType, document(strings.Repeat("<w:tbl><w:tr><w:tc>", 300) + "x"), "nested more than 512 deep"},
		{"nested frames", odtType, content(strings.Repeat("<text:p><draw:frame>", 300) + "x"), "nested more than 512 deep"},
		{"nested XML", "application/xml", []byte(strings.Repeat("<a>", 1000)), "nested more than 512 deep"},
		{"nested JSON", "application/json", []byte(strings.Repeat("[", 1000)), "nested more than 200 deep"},
		{"nested RTF", "application/rtf", []byte(`{\rtf` + strings.Repeat("{", 2000)), "nested more than 1000 deep"},
		{"nested e-mail", "message/rfc822", []byte(strings.Repeat("Content-Type: multipart/mixed; boundary=a\n\n--a\n", 1000)), "nested parts"},
		{"entities", "application/xml", []byte(`<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]><a>x &b; &c;</a>`), ""},
		{"repeated cells", odtType, content("<table:table><table:table-row>" + strings.Repeat(`<table:table-cell table:number-columns-repeated="2147483647"><text:p>`+strings.Repeat("x", 100)+"</text:p></table:table-cell>", 10) + "</table:table-row></table:table>"), ""},
		{"merged cells", docxType, document("<w:tbl><w:tr><w:tc><w:p><w:r><w:t>" + numbers(200_000) + "</w:t></w:r></w:p></w:tc></w:tr>" +
			strings.Repeat("<w:tr><w:tc><w:vMerge/><w:gridSpan w:val=\"99999999\"/></w:tc></w:tr>", 10_000) + "</w:tbl>"), ""},
		{"RTF binary", "application/rtf", []byte(`{\rtf\bin9999999999 x\bin-5 y}`), "no text"},
		{"RTF surrogates", "application/rtf", []byte(`{\rtf\u-10179 x\u-10179 x\u8364 x\u-8704\uc99\u8364 abc}`), ""},
		{"long JSON key", "application/json", []byte(`{"` + strings.Repeat("k", 1<<20) + `": [` + strings.Repeat(`{"a": 1},`, 100_000) + `1]}`), ""},
		{"truncated JSON", "application/json", []byte(`{"a": [1, 2`), "not JSON at byte"},
		{"password", "application/x-ole-storage", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "corrupt Office or Outlook file: "},
		{"one line of CSV", "text/csv", []byte(strings.Repeat(`","`, 1<<20)), ""},
		{"endless quotes", "text/csv", []byte("a,b\n" + strings.Repeat("\"\n", 1<<20)), ""},
		{"notebook of brackets", "application/x-ipynb+json", []byte(`{"cells": ` + strings.Repeat("[", 100_000)), "not a notebook"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := within(t, tt.mediaType, tt.body)
			switch {
			case tt.want == "" && err != nil:
				t.Error(err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %v, want %q", err, tt.want)
			case strings.Contains(p.Text, "root:"), strings.Contains(p.Text, "haha"):
				t.Errorf("an entity was expanded: %.200q", p.Text)
			case len(p.Text) > 40<<20:
				t.Errorf("%d bytes of text", len(p.Text))
			}
		})
	}
}

// numbers is text that does not compress a thousandfold.
func numbers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprint(&b, i, " ")
	}
	return b.String()
}

// A sheet of a million rows takes seconds, and memory of the order of its text.
func TestMillionRows(t *testing.T) {
	var s strings.Builder
	s.WriteString(`<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>`)
	for i := 1; i <= 1_000_000; i++ {
		fmt.Fprintf(&s, `<row r="%d"><c r="A%d"><v>%d</v></c></row>`, i, i, i)
	}
	s.WriteString(`</sheetData></worksheet>`)
	const main, rel = "http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	body := packed(t, [][2]string{
		{"[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`},
		{"_rels/.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="` + rel + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
		{"xl/workbook.xml", `<workbook xmlns="` + main + `" xmlns:r="` + rel + `"><sheets><sheet name="Rows" sheetId="1" r:id="r1"/></sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="` + rel + `/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`},
		{"xl/worksheets/sheet1.xml", s.String()},
	})
	s.Reset()
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	p, err := Parse(ctx, xlsxType, body)
	if err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if held := after.HeapSys - before.HeapSys; after.HeapSys > before.HeapSys && held > 600<<20 {
		t.Errorf("%d MB for %d MB of text", held>>20, len(p.Text)>>20)
	}
	if !strings.HasSuffix(p.Text, "\n1000000") {
		t.Errorf("ends %q", p.Text[len(p.Text)-20:])
	}
}
