package parse

import (
	"archive/zip"
	"encoding/binary"
	"hash/crc32"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// decodeNames makes the names of an archive's files UTF-8. Those that are not
// say what they are in an extra field, or are in the charset of the country that
// they come from, which all of them together tell, or in that of old PCs.
func decodeNames(files []*zip.File) {
	var foreign []*zip.File
	for _, f := range files {
		switch name := unicodeName(f); {
		case name != "":
			f.Name = name
		case !utf8.ValidString(f.Name):
			foreign = append(foreign, f)
		}
	}
	if len(foreign) == 0 {
		return
	}
	names := make([]string, len(foreign))
	for i, f := range foreign {
		names[i] = f.Name
	}
	all, err := decodeAny([]byte(strings.Join(names, "\n")))
	decoded := strings.Split(all, "\n")
	for i, f := range foreign {
		if err == nil && len(decoded) == len(foreign) {
			f.Name = decoded[i]
		} else if name, err := charmap.CodePage437.NewDecoder().String(f.Name); err == nil {
			f.Name = name
		}
	}
}

// unicodeName is the name in an entry's Info-ZIP Unicode Path field (APPNOTE
// 4.6.9), which counts if its checksum is that of the other name.
func unicodeName(f *zip.File) string {
	const id, head = 0x7075, 5
	for b := f.Extra; len(b) >= 4; {
		tag, size := binary.LittleEndian.Uint16(b), int(binary.LittleEndian.Uint16(b[2:]))
		if b = b[4:]; size > len(b) {
			return ""
		}
		if field := b[:size]; tag == id && size > head && field[0] == 1 &&
			binary.LittleEndian.Uint32(field[1:]) == crc32.ChecksumIEEE([]byte(f.Name)) && utf8.Valid(field[head:]) {
			return string(field[head:])
		}
		b = b[size:]
	}
	return ""
}
