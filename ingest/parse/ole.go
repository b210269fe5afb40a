package parse

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/richardlehane/mscfb"
)

// oleKinds are streams of a compound file that tell what wrote it, and what a
// person can do.
var oleKinds = map[string]string{
	"EncryptedPackage":    "password-protected: remove the password and send it again",
	"WordDocument":        "old binary Word format: save it as .docx and send that",
	"Workbook":            "old binary Excel format: save it as .xlsx and send that",
	"Book":                "old binary Excel format: save it as .xlsx and send that",
	"PowerPoint Document": "old binary PowerPoint format: save it as .pptx and send that",
	"VisioDocument":       "Visio drawing: export it as PDF and send that",
	"PSTFileHeader":       "Outlook archive: export its messages as .eml and send those",
	"Contents":            "old binary Publisher or Works format: export it as PDF and send that",
	"Quill":               "old binary Publisher format: export it as PDF and send that",
}

// readOLE reads Microsoft's compound files: of Outlook messages the text, of
// the old Office formats only what they are.
func readOLE(ctx context.Context, body []byte) (Parsed, error) {
	r, err := mscfb.New(bytes.NewReader(body))
	if err != nil {
		return Parsed{}, Permanent("damaged: not a whole compound file (%v)", err)
	}
	m := outlook{text: map[string]string{}, index: map[string]int{}}
	reason := "a compound file of an application that is not known"
	for n := 0; n < maxEntries; n++ {
		if ctx.Err() != nil {
			return Parsed{}, ctx.Err()
		}
		f, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Parsed{}, Permanent("damaged: not a whole compound file (%v)", err)
		}
		if why, known := oleKinds[f.Name]; known && len(f.Path) == 0 {
			reason = why
		}
		if err := m.stream(f); err != nil {
			return Parsed{}, err
		}
	}
	if !m.found {
		return Parsed{}, Permanent("%s", reason)
	}
	return m.parsed(ctx)
}
