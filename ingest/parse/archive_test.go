package parse

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// A hundred archives, each within its bounds, are refused when they are not so
// together, by what is in them rather than by what they say.
func TestNestedArchives(t *testing.T) {
	lorem := strings.Repeat(numbers(2000), 1000) // 9 MB
	inner := packed(t, [][2]string{{"a.txt", lorem}, {"b.txt", lorem}, {"c.txt", lorem}})
	var files, empties [][2]string
	for i := range 60 {
		empties = append(empties, [2]string{fmt.Sprint(i), "x"})
	}
	for i := range 20 {
		files = append(files, [2]string{fmt.Sprintf("%d.zip", i), string(packed(t, empties))})
	}
	big := [][2]string{{"1.zip", string(inner)}, {"2.tar", string(tarred(t, [][2]string{{"x", lorem}}))}, {"3.gz", string(gzipped(t, "x", []byte(lorem)))}}
	heavy := append(big[:1:1], [][2]string{{"4.zip", string(inner)}, {"5.zip", string(inner)}, {"6.zip", string(inner)}, {"7.zip", string(inner)}, {"8.zip", string(inner)}, {"9.zip", string(inner)}}...)
	tests := []struct {
		name      string
		mediaType string
		body      []byte
		heavy     bool
	}{
		{"within the bounds", "application/zip", packed(t, big), false},
		{"bytes in zip", "application/zip", packed(t, heavy), true},
		{"bytes in tar", "application/x-tar", tarred(t, heavy), true},
		{"bytes in gzip", "application/x-gzip", gzipped(t, "x.tar", tarred(t, heavy)), true},
		{"files", "application/zip", packed(t, files), true},
	}
	for _, tt := range tests {
		p, err := within(t, tt.mediaType, tt.body)
		if !tt.heavy && err != nil || tt.heavy && (err == nil || !strings.Contains(err.Error(), "zip bomb")) {
			t.Errorf("%s: %v, %d files", tt.name, err, len(p.Attachments))
		}
	}
}

// Names come out in their script whatever charset the archive has them in, and
// lead nowhere but down.
func TestArchiveNames(t *testing.T) {
	tests := []struct {
		name    string
		charset encoding.Encoding
		names   []string
	}{
		{"utf-8", encoding.Nop, []string{"Ελληνικά.txt", "עברית.txt", "العربية.txt", "हिन्दी.txt", "ไทย.txt", "日本語/文書.txt", "🏺.txt"}},
		{"Shift JIS", japanese.ShiftJIS, []string{"表計算ソフトの使い方.txt", "ソフトウェア一覧表.txt", "会議の議事録について.txt"}},
		{"GBK", simplifiedchinese.GBK, []string{"会议记录和工作总结.txt", "公司财务报告说明.txt", "产品使用手册目录.txt"}},
		{"Windows-1251", charmap.Windows1251, []string{"отчёт о проделанной работе.txt", "протокол заседания комиссии.txt"}},
	}
	for _, tt := range tests {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		for _, name := range tt.names {
			raw, err := tt.charset.NewEncoder().String(name)
			if err != nil {
				t.Fatal(err)
			}
			f, err := w.CreateHeader(&zip.FileHeader{Name: raw, NonUTF8: raw != name})
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprint(f, "text")
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		p, err := Parse(t.Context(), "application/zip", b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		for i, a := range p.Attachments {
			if a.Name != tt.names[i] {
				t.Errorf("%s: got %q, want %q", tt.name, a.Name, tt.names[i])
			}
		}
	}
}

func TestUnicodePath(t *testing.T) {
	const old, name = "rapport_?.txt", "rapport_é.txt"
	field := binary.LittleEndian.AppendUint16(nil, 0x7075)
	field = binary.LittleEndian.AppendUint16(field, uint16(5+len(name)))
	field = binary.LittleEndian.AppendUint32(append(field, 1), crc32.ChecksumIEEE([]byte(old)))
	f := &zip.File{FileHeader: zip.FileHeader{Name: old, Extra: append(field, name...)}}
	decodeNames([]*zip.File{f})
	if f.Name != name {
		t.Errorf("got %q", f.Name)
	}
	f.Name = "another.txt" // of which the field does not speak
	if decodeNames([]*zip.File{f}); f.Name != "another.txt" {
		t.Errorf("got %q", f.Name)
	}
}

// No name leads out of the document's own.
func TestSafeNames(t *testing.T) {
	for _, name := range []string{"../../etc/passwd", `..\..\windows\system32`, "/etc/passwd", "a/../../b", "C:\\x", "\x00", "..", ".", "", "a\nb", "\u202egpj.exe", strings.Repeat("../", 1000) + "x", strings.Repeat("é", 3000)} {
		got := safeName(name)
		if got == "" || strings.HasPrefix(got, "/") || strings.ContainsAny(got, "\x00\n\\") || len(got) > 1000 {
			t.Errorf("%q became %q", name, got)
		}
		for _, part := range strings.Split(got, "/") {
			if part == ".." || part == "." || part == "" {
				t.Errorf("%q became %q", name, got)
			}
		}
	}
}

// An archive in a mail that is too heavy is named but not taken.
func TestHeavyAttachment(t *testing.T) {
	var files attachments
	body := packed(t, func() (l [][2]string) {
		for i := range maxNestedFiles + 1 {
			l = append(l, [2]string{fmt.Sprint(i), "x"})
		}
		return l
	}())
	if err := files.add(t.Context(), "a.zip", body); !errors.Is(err, errHeavy) || len(files.list) != 0 {
		t.Errorf("got %v, %d files", err, len(files.list))
	}
	if err := files.add(t.Context(), "b.txt", []byte("x")); err != nil || len(files.list) != 1 {
		t.Errorf("the next: %v, %d files", err, len(files.list))
	}
}
