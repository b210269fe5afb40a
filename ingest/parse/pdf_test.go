package parse

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestPDFReasons(t *testing.T) {
	startPDF(t)
	page := "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>"
	tests := []struct {
		name string
		body []byte
		want string
	}{
		{"scanned", makePDF("", nil, nil), "no text layer on 2 of 2 pages: needs OCR"},
		{"encrypted", assemblePDF([]string{
			"<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Count 1 /Kids [3 0 R] >>", page,
			"<< /Filter /Standard /V 1 /R 2 /Length 40 /P -4 /O <" + strings.Repeat("ab", 32) + "> /U <" + strings.Repeat("cd", 32) + "> >>",
		},
			"/Encrypt 4 0 R /ID [<00112233445566778899aabbccddeeff> <00112233445566778899aabbccddeeff>]"), "password-protected PDF"},
		{"other security", assemblePDF([]string{
			"<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Count 1 /Kids [3 0 R] >>", page,
			"<< /Filter /Custom /V 9 >>",
		}, "/Encrypt 4 0 R"), "encrypted in a way that cannot be read"},
		{"loop in the page tree", assemblePDF([]string{"<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Count 9 /Kids [2 0 R 3 0 R 2 0 R] >>", page}, ""), ""},
		{"parent of itself", assemblePDF([]string{"<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Count 1 /Parent 2 0 R /Kids [2 0 R] >>"}, ""), ""},
		{"a billion pages", assemblePDF([]string{"<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Count 1000000000 /Kids [3 0 R] >>", page}, ""), ""},
		{"no pages", assemblePDF([]string{"<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Count 0 /Kids [] >>"}, ""), ""},
		{"not a PDF", []byte("%PDF-1.7\nbut no more"), "truncated PDF: its end is missing after 20 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := within(t, "application/pdf", tt.body)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// The end of the context stops a PDF in the middle.
func TestPDFStops(t *testing.T) {
	startPDF(t)
	var pages [][]pdfText
	for i := range 2000 {
		pages = append(pages, column(72, 780, "F1", fmt.Sprint("Page ", i), "a few", "lines of text"))
	}
	body := makePDF("", pages...)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := Parse(ctx, "application/pdf", body)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v", err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("stopped after %v", took)
	}
	if _, err := Parse(t.Context(), "application/pdf", makePDF("", pages[0])); err != nil {
		t.Errorf("the next one: %v", err)
	}
}

// A page that draws a form twice, which draws another twice, and so on, would
// take for ever: it is stopped in time, here and in a child, or refused.
func TestPDFBomb(t *testing.T) {
	startPDF(t)
	body := bombPDF(30)
	for _, child := range []bool{false, true} {
		if child {
			withChild(t)
			if _, err := Parse(t.Context(), "application/pdf", reportPDF()); err != nil { // compiles the engine
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		_, err := Parse(ctx, "application/pdf", body)
		if err == nil || !errors.Is(err, context.DeadlineExceeded) && !errors.As(err, new(*Error)) {
			t.Errorf("child %v: got %v", child, err)
		}
		if took := time.Since(began); took > 6*time.Second {
			t.Errorf("child %v: stopped after %v", child, took)
		}
	}
}

// bombPDF draws 2 to the depth texts.
func bombPDF(depth int) []byte {
	form := func(s, resources string) string {
		return fmt.Sprintf("<< /Type /XObject /Subtype /Form /BBox [0 0 595 842] /Resources << %s >> /Length %d >>\nstream\n%s\nendstream", resources, len(s), s)
	}
	objects := []string{
		"<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /XObject << /X 6 0 R >> >> >>",
		"<< /Length 5 >>\nstream\n/X Do\nendstream",
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
	}
	for i := range depth {
		objects = append(objects, form("/X Do /X Do", fmt.Sprintf("/XObject << /X %d 0 R >>", 7+i)))
	}
	objects = append(objects, form("BT /F1 12 Tf 72 700 Td (x) Tj ET", "/Font << /F1 5 0 R >>"))
	return assemblePDF(objects, "")
}

// A gap between cells that is hardly wider than one between words divides them
// where the row beside it is divided.
func TestPDFNarrowColumns(t *testing.T) {
	startPDF(t)
	row := func(y float64, cells ...string) (line []pdfText) {
		for i, c := range cells {
			line = append(line, pdfText{72 + 52*float64(i), y, 11, "F1", c})
		}
		return line
	}
	page := append(row(700, "Port", "High", "Low"), row(686, "Lemmer", "2.5", "0.4")...)
	page = append(page, row(672, "Urk", "1.5", "0.2")...)
	page = append(page, pdfText{72, 600, 11, "F1", "Words of a paragraph stay together."})
	p, err := Parse(t.Context(), "application/pdf", makePDF("", page))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := blockTexts(p), "Port | High | Low|Lemmer | 2.5 | 0.4|Urk | 1.5 | 0.2|Words of a paragraph stay together."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A file over which the engine breaks down gives a reason in plain words.
func TestPDFThatDrawsItself(t *testing.T) {
	_, err := Parse(t.Context(), "application/pdf", selfDrawingPDF())
	perm := (*Error)(nil)
	if !errors.As(err, &perm) || !strings.HasPrefix(perm.Reason, "corrupt PDF: page 1: its structure makes no sense") {
		t.Errorf("%v", err)
	}
}
