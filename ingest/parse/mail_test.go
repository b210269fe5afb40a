package parse

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
)

// Of two texts the one that says more is read, when the other is a stub.
func TestMailStub(t *testing.T) {
	const rich = "<h1>Tides</h1><p>High water comes twice a day, and later every day.</p>"
	for plain, want := range map[string]string{
		"Please read the HTML part.":                      "Tides\n\nHigh water comes twice a day, and later every day.",
		"Tides\n\nHigh water comes twice a day and later": "Tides\n\nHigh water comes twice a day and later",
	} {
		body := fmt.Sprintf("From: a@x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n%s\r\n--b\r\nContent-Type: text/html\r\n\r\n%s\r\n--b--\r\n", plain, rich)
		p, err := Parse(t.Context(), "message/rfc822", []byte(body))
		if err != nil || strings.TrimSpace(p.Text) != "From: a@x\n\n"+want {
			t.Errorf("got %q, %v, want %q", p.Text, err, want)
		}
	}
}

// winmail has one attachment.
func winmail(name, text string) []byte {
	b := append([]byte(nil), tnefSignature...)
	b = append(b, 1, 0)
	for _, a := range []struct {
		id    uint32
		value string
	}{{tnefAttachment, strings.Repeat("\x00", 14)}, {tnefName, name + "\x00"}, {tnefData, text}} {
		b = append(b, 2)
		b = binary.LittleEndian.AppendUint32(b, a.id)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(a.value)))
		b = append(append(b, a.value...), 0, 0)
	}
	return b
}

func TestWinmail(t *testing.T) {
	wrapped := winmail("ports.csv", "Urk,1\n")
	body := "From: a@x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSee there.\r\n--b\r\nContent-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
		base64.StdEncoding.EncodeToString(wrapped) + "\r\n--b--\r\n"
	p, err := Parse(t.Context(), "message/rfc822", []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Attachments) != 1 || p.Attachments[0].Name != "ports.csv" || string(p.Attachments[0].Body) != "Urk,1\n" || !strings.Contains(p.Text, "Attachment: ports.csv") {
		t.Errorf("got %q and %v", p.Text, p.Attachments)
	}
	for n := range wrapped {
		readTNEF(wrapped[:n])
	}
}

func TestOutlookTimes(t *testing.T) {
	entry := func(tag uint32, value uint64) []byte {
		b := binary.LittleEndian.AppendUint32(make([]byte, 0, 16), tag)
		return binary.LittleEndian.AppendUint64(append(b, 0, 0, 0, 0), value)
	}
	const sent = 133_605_000_000_000_000 // 1716026400 in Unix time
	b := append(make([]byte, 32), entry(0x0e06_0040, 1)...)
	b = append(b, entry(0x0039_0040, sent)...)
	m := outlook{text: map[string]string{}}
	if err := m.times(strings.NewReader(string(b))); err != nil || m.text["0039"] != "2024-05-18T10:00:00Z" {
		t.Errorf("got %q, %v", m.text["0039"], err)
	}
}
