package parse

import (
	"bytes"
	"encoding/binary"
)

// tnefSignature begins a winmail.dat.
var tnefSignature = []byte{0x78, 0x9f, 0x3e, 0x22}

// Attributes of a winmail.dat.
const (
	tnefAttachment = 0x0006_9002 // an attachment begins
	tnefName       = 0x0001_8010
	tnefData       = 0x0006_800f
)

// tnefFile is an attachment that Outlook has wrapped.
type tnefFile struct {
	name string
	body []byte
}

// readTNEF unwraps the attachments of what Outlook sends as winmail.dat
// ([MS-OXTNEF]). What is cut short is read as far as it goes.
func readTNEF(b []byte) (files []tnefFile) {
	const key, head, sum = 2, 9, 2
	b, _ = bytes.CutPrefix(b, tnefSignature)
	for b = b[min(key, len(b)):]; len(b) >= head; {
		id, size := binary.LittleEndian.Uint32(b[1:]), int(binary.LittleEndian.Uint32(b[5:]))
		if b = b[head:]; size > len(b) {
			break
		}
		value := b[:size]
		b = b[min(size+sum, len(b)):]
		switch n := len(files) - 1; {
		case id == tnefAttachment && n < maxAttachments:
			files = append(files, tnefFile{})
		case n < 0:
		case id == tnefName:
			files[n].name = tnefString(value)
		case id == tnefData:
			files[n].body = value
		}
	}
	return files
}

// tnefString is text in the charset of the sender's country, which ends in a NUL.
func tnefString(b []byte) string {
	s, err := decodeAny(bytes.TrimRight(b, "\x00"))
	if err != nil {
		return ""
	}
	return tidy(s)
}
