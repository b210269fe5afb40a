package parse

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

// fixture is a document that the tests make themselves.
type fixture struct {
	name string
	body []byte
}

// fixtures are small documents of every format, made here or read from testdata.
func fixtures(t testing.TB) []fixture {
	t.Helper()
	list := made(t)
	files, err := filepath.Glob("testdata/*.*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if filepath.Ext(file) != ".golden" {
			list = append(list, fixture{filepath.Base(file), read(t, file)})
		}
	}
	return list
}

// made are those of binary formats.
func made(t testing.TB) []fixture {
	t.Helper()
	files, err := filepath.Glob("testdata/parts/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no parts", err)
	}
	var list []fixture
	for _, file := range files {
		list = append(list, fixture{strings.TrimSuffix(filepath.Base(file), ".txt"), packed(t, parts(read(t, file)))})
	}
	list = append(list, fixture{"heights.xlsx", workbook(t)})
	folder := [][2]string{{"notes/readme.md", "# Read me"}, {"../../etc/passwd", "root:x"}, {"__MACOSX/._x", "x"}, {"empty.txt", ""}, {`c:\x\a.csv`, "a,b\n1,2\n"}, {"/notes/../readme.md", "again"}}
	list = append(list, fixture{"folder.zip", packed(t, folder)}, fixture{"folder.tar", tarred(t, folder)},
		fixture{"folder.tar.gz", gzipped(t, "folder.tar", tarred(t, folder))}, fixture{"one.txt.gz", gzipped(t, "one.txt", []byte("just one"))})
	return append(list, pdfs(t)...)
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var partName = regexp.MustCompile(`(?m)^-- (.+) --\n`)

// parts divides a file of lines "-- name --", each followed by that part.
func parts(b []byte) [][2]string {
	var list [][2]string
	at := partName.FindAllSubmatchIndex(b, -1)
	for i, m := range at {
		end := len(b)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		list = append(list, [2]string{string(b[m[2]:m[3]]), strings.TrimSuffix(string(b[m[1]:end]), "\n")})
	}
	return list
}

// packed is a zip archive of names and contents; a part "mimetype" is stored.
func packed(t testing.TB, parts [][2]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, p := range parts {
		if p[0] == "mimetype" {
			f, err := w.CreateRaw(&zip.FileHeader{Name: p[0], UncompressedSize64: uint64(len(p[1])), CompressedSize64: uint64(len(p[1]))})
			if err != nil {
				t.Fatal(err)
			}
			f.Write([]byte(p[1]))
			continue
		}
		f, err := w.Create(p[0])
		if err != nil {
			t.Fatal(err)
		}
		f.Write([]byte(p[1]))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// unpacked are the names and contents of a zip archive.
func unpacked(t testing.TB, body []byte) (parts [][2]string) {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, [2]string{f.Name, string(b)})
	}
	return parts
}

// blockTexts are the texts of the blocks between bars.
func blockTexts(p Parsed) string {
	var list []string
	for _, b := range p.Blocks {
		list = append(list, p.Text[b.Start:b.End])
	}
	return strings.Join(list, "|")
}

func tarred(t testing.TB, files [][2]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		if err := w.WriteHeader(&tar.Header{Name: f[0], Size: int64(len(f[1])), Mode: 0o600, Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		w.Write([]byte(f[1]))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gzipped(t testing.TB, name string, body []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Name = name
	w.Write(body)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// workbook has two tables on a sheet, a chart, a comment and a hidden sheet.
func workbook(t testing.TB) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	must := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	must(f.SetSheetName("Sheet1", "Heights"))
	for i, row := range [][]any{{"Port", "High", "Low"}, {"Urk", 0.25, -0.4}, {}, {"Total", 2}, {}, {"North", "Urk", 1}, {nil, "Lemmer", 2}} {
		must(f.SetSheetRow("Heights", "B"+string(rune('2'+i)), &row))
	}
	style, err := f.NewStyle(&excelize.Style{NumFmt: 10})
	must(err)
	must(f.SetCellStyle("Heights", "C3", "C3", style))
	must(f.MergeCell("Heights", "B7", "B8"))
	must(f.AddComment("Heights", excelize.Comment{Cell: "B2", Author: "x", Text: "Since when?"}))
	must(f.AddChart("Heights", "F2", &excelize.Chart{
		Type:   excelize.Col,
		Series: []excelize.ChartSeries{{Name: "Heights!$C$2", Categories: "Heights!$B$3:$B$3", Values: "Heights!$C$3:$C$3"}},
		Title:  excelize.ChartTitle{Paragraph: []excelize.RichTextRun{{Text: "High water"}}},
	}))
	_, err = f.NewSheet("Secret")
	must(err)
	must(f.SetCellStr("Secret", "A1", "hidden"))
	must(f.SetSheetVisible("Secret", false))
	must(f.SetDocProps(&excelize.DocProperties{Creator: "L. Peil", Title: "Heights", Created: "2024-05-01T00:00:00Z", Modified: "2024-05-01T00:00:00Z"}))
	var b bytes.Buffer
	must(f.Write(&b))
	return b.Bytes()
}
