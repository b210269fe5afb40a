package parse

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// pdfs are small files of one kind each.
func pdfs(t testing.TB) []fixture {
	t.Helper()
	return []fixture{
		{"report.pdf", reportPDF()},
		{"columns.pdf", columnsPDF()},
		{"manual.pdf", manualPDF()},
		{"form.pdf", formPDF()},
	}
}

// startPDF compiles the engine, which is not to count as a document's time.
func startPDF(t testing.TB) {
	t.Helper()
	if _, err := pdfEngine(); err != nil {
		t.Fatal(err)
	}
}

// pdfText is a line of text on a page of 595 × 842 points.
type pdfText struct {
	x, y, size float64
	font       string // F1: regular, F2: bold, F3: typewriter
	s          string
}

// makePDF is a file of one font family; extra objects begin at number 100.
func makePDF(info string, pages ...[]pdfText) []byte {
	objects := []string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		"", // pages
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>",
		"<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>",
		"<< " + info + " >>",
	}
	var kids []string
	for _, page := range pages {
		var s strings.Builder
		for _, l := range page {
			text := strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`).Replace(l.s)
			fmt.Fprintf(&s, "BT /%s %g Tf %g %g Td (%s) Tj ET\n", l.font, l.size, l.x, l.y, text)
		}
		kids = append(kids, fmt.Sprintf("%d 0 R", len(objects)+1))
		objects = append(objects,
			fmt.Sprintf("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R /Resources << /Font << /F1 3 0 R /F2 4 0 R /F3 5 0 R >> >> >>", len(objects)+2),
			fmt.Sprintf("<< /Length %d >>\nstream\n%sendstream", s.Len(), s.String()))
	}
	objects[1] = fmt.Sprintf("<< /Type /Pages /Count %d /Kids [%s] >>", len(kids), strings.Join(kids, " "))
	return assemblePDF(objects, "/Info 6 0 R")
}

// assemblePDF numbers objects from 1 and writes the table and trailer.
func assemblePDF(objects []string, trailer string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
	offsets := make([]int, len(objects))
	for i, o := range objects {
		offsets[i] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, o := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, trailer, start)
	return b.Bytes()
}

// column sets text in one column from (x, y) down.
func column(x, y float64, font string, text ...string) []pdfText {
	var out []pdfText
	for i, s := range text {
		out = append(out, pdfText{x, y - 14*float64(i), 11, font, s})
	}
	return out
}

// reportPDF has running headers and footers, headings of two levels, a
// numbered bold heading, a hyphenated word, a list, a table over two pages.
func reportPDF() []byte {
	var pages [][]pdfText
	frame := func(n int) []pdfText {
		return []pdfText{{72, 800, 9, "F1", "Waterways quarterly, volume 12"}, {290, 30, 9, "F1", fmt.Sprintf("Page %d of 4", n)}}
	}
	one := append(frame(1), pdfText{72, 740, 22, "F2", "Dredging in practice"}, pdfText{72, 700, 15, "F2", "1 Why dredge"})
	one = append(one, column(72, 675, "F1",
		"Channels fill with sand and silt that the tide brings in. With-",
		"out dredging they would close within a few years, as the main-",
		"tenance records show.")...)
	one = append(one, column(72, 615, "F1",
		"A second paragraph stands after a gap and says more about the",
		"same matter in one more line.")...)
	one = append(one, pdfText{72, 570, 11, "F2", "1.1 Kinds of dredger"})
	one = append(one, column(72, 552, "F1", "\x95 Cutter suction", "\x95 Trailing hopper", "\x95 Bucket ladder")...)
	two := append(frame(2), pdfText{72, 740, 15, "F2", "2 Costs"})
	for i, row := range [][3]string{{"Year", "Volume", "Cost"}, {"2021", "300 000", "4.1 M"}, {"2022", "280 000", "4.3 M"}, {"2023", "310 000", "5.0 M"}} {
		y := 710 - 16*float64(i)
		two = append(two, pdfText{72, y, 11, "F1", row[0]}, pdfText{200, y, 11, "F1", row[1]}, pdfText{330, y, 11, "F1", row[2]})
	}
	two = append(two, column(72, 620, "F1", "The sentence that begins at the end of this page goes", "on at the top of the")...)
	three := append(frame(3), column(72, 740, "F1", "next one, and ends there.")...)
	four := append(frame(4), column(72, 740, "F1", "The last page has little to say.")...)
	pages = append(pages, one, two, three, four)
	return makePDF("/Title (Dredging in practice) /Author (M. Bagger) /CreationDate (D:20240501120000Z)", pages...)
}

// columnsPDF has two columns, the lines of which alternate in the content.
func columnsPDF() []byte {
	page := []pdfText{{72, 780, 18, "F2", "Two columns"}}
	left := []string{"The left column is read first from", "its top to its bottom, and its last", "sentence is finished before any of", "the right column is begun."}
	right := []string{"The right column comes after it,", "although its lines stand beside", "those of the left one and were", "written in turn with them."}
	for i := range left {
		y := 740 - 14*float64(i)
		page = append(page, pdfText{72, y, 11, "F1", left[i]}, pdfText{310, y, 11, "F1", right[i]})
	}
	return makePDF("", page)
}

// manualPDF has its lines in no order, two headings of one size, a list whose
// numbers are set in another font, code, and a table with blank cells.
func manualPDF() []byte {
	page := []pdfText{{72, 40, 11, "F1", "Printed by the harbour office."}}
	page = append(page, column(72, 480, "F3", "for {", "    read()", "}")...)
	for i, s := range []string{"Open the valve slowly.", "Close it before the tide."} {
		y := 600 - 14*float64(i)
		page = append(page, pdfText{72, y, 13, "F2", fmt.Sprint(i + 1)}, pdfText{84, y, 11, "F1", s})
	}
	for i, row := range [][4]string{{"Pump", "Spring", "Summer", "Winter"}, {"Lely", "12", "", "30"}, {"Buma", "", "7", ""}} {
		for k, s := range row {
			if s != "" {
				page = append(page, pdfText{72 + 90*float64(k), 420 - 16*float64(i), 11, "F1", s})
			}
		}
	}
	page = append(page, column(72, 700, "F1", "The station has two pumps, which", "run at night.")...)
	page = append(page, pdfText{72, 780, 18, "F2", "Pumping station"}, pdfText{72, 744, 18, "F2", "Operation"})
	return makePDF("/Author (anonymous)", page)
}

// formPDF has two fields that are filled in, one beside its label and one below,
// and a comment.
func formPDF() []byte {
	stream := func(dict, s string) string {
		return fmt.Sprintf("<< %s /Length %d >>\nstream\n%s\nendstream", dict, len(s), s)
	}
	field := func(name, value, rect string, look int) string {
		return fmt.Sprintf("<< /Type /Annot /Subtype /Widget /FT /Tx /T (%s) /V (%s) /F 4 /Rect [%s] /AP << /N %d 0 R >> >>", name, value, rect, look)
	}
	look := func(value string) string {
		return stream("/Type /XObject /Subtype /Form /BBox [0 0 200 20] /Resources << /Font << /F1 5 0 R >> >>", "BT /F1 12 Tf 2 5 Td ("+value+") Tj ET")
	}
	return assemblePDF([]string{
		"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [6 0 R 7 0 R] >> >>", "<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> /Annots [6 0 R 7 0 R 10 0 R] >>",
		stream("", "BT /F1 12 Tf 72 700 Td (Port:) Tj 0 -40 Td (Remarks) Tj 0 -80 Td (Signed by the harbour master.) Tj ET"),
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
		field("port", "Urk", "120 695 320 715", 8), field("remarks", "Gauge is new.", "72 630 272 650", 9), look("Urk"), look("Gauge is new."),
		"<< /Type /Annot /Subtype /Text /Rect [400 700 420 720] /T (L. Peil) /M (D:20240501120000Z) /Contents (Since when?) >>",
	}, "")
}

// selfDrawingPDF has a form that draws itself, over and over.
func selfDrawingPDF() []byte {
	const resources = "/Resources << /XObject << /X 5 0 R >> >>"
	return assemblePDF([]string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R " + resources + " >>",
		"<< /Length 6 >>\nstream\n/X Do\nendstream",
		"<< /Type /XObject /Subtype /Form /BBox [0 0 595 842] " + resources + " /Length 12 >>\nstream\n/X Do /X Do\nendstream",
	}, "")
}
