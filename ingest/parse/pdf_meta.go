package parse

import (
	"strings"
	"time"

	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
)

// readMeta takes what the document's information dictionary says.
func (d *pdf) readMeta(doc references.FPDF_DOCUMENT) {
	d.meta = map[string]any{"pages": len(d.pages)}
	for tag, key := range map[string]string{"Title": "title", "Author": "author", "Subject": "subject", "Keywords": "keywords", "CreationDate": "created"} {
		v, err := d.instance.FPDF_GetMetaText(&requests.FPDF_GetMetaText{Document: doc, Tag: tag})
		if err != nil {
			continue
		}
		s := oneLine(tidy(v.Value))
		if key == "created" {
			s = pdfDate(s)
		}
		if s != "" && len(s) <= 2000 && !pdfUnset[strings.Trim(strings.ToLower(s), "()")] {
			d.meta[key] = s
		}
	}
}

// pdfUnset is what programs write where nothing is known.
var pdfUnset = map[string]bool{"anonymous": true, "unspecified": true, "unknown": true, "untitled": true, "none": true}

// pdfDate turns D:YYYYMMDDHHmmSS… (ISO 32000-1, 7.9.4) into YYYY-MM-DD.
func pdfDate(s string) string {
	s = strings.TrimPrefix(s, "D:")
	if len(s) < 8 {
		return ""
	}
	t, err := time.Parse("20060102", s[:8])
	if err != nil {
		return ""
	}
	return t.Format(time.DateOnly)
}

// plausibleTitle refuses what word processors write there: file names and the like.
func plausibleTitle(s string) bool {
	lower := strings.ToLower(s)
	for _, junk := range []string{".doc", ".pdf", ".tex", ".dvi", ".indd", ".xls", ".ppt", "untitled", "microsoft word -"} {
		if strings.Contains(lower, junk) {
			return false
		}
	}
	return strings.ContainsAny(lower, "aeiouy") || len(s) != len([]rune(s))
}
