package parse

import (
	"github.com/klippa-app/go-pdfium/enums"
	"github.com/klippa-app/go-pdfium/requests"
)

// Bounds of what is looked for on a page.
const (
	maxAnnotations = 1000
	maxCommentText = 4000 // bytes
)

// remarks are kinds of annotations that reviewers write in, without showing what.
var remarks = map[enums.FPDF_ANNOTATION_SUBTYPE]bool{
	enums.FPDF_ANNOT_SUBTYPE_TEXT: true, enums.FPDF_ANNOT_SUBTYPE_HIGHLIGHT: true, enums.FPDF_ANNOT_SUBTYPE_UNDERLINE: true,
	enums.FPDF_ANNOT_SUBTYPE_SQUIGGLY: true, enums.FPDF_ANNOT_SUBTYPE_STRIKEOUT: true, enums.FPDF_ANNOT_SUBTYPE_CARET: true,
}

// showsText are kinds of annotations that have text to be seen on the page.
var showsText = map[enums.FPDF_ANNOTATION_SUBTYPE]bool{
	enums.FPDF_ANNOT_SUBTYPE_FREETEXT: true, enums.FPDF_ANNOT_SUBTYPE_STAMP: true, enums.FPDF_ANNOT_SUBTYPE_WIDGET: true,
}

// annotations reads the remarks among a page's count annotations, and reports
// whether others show text. One that makes no sense is passed over.
func (d *pdf) annotations(page requests.Page, count int) (list []comment, written bool) {
	for i := range min(count, maxAnnotations) {
		a, err := d.instance.FPDFPage_GetAnnot(&requests.FPDFPage_GetAnnot{Page: page, Index: i})
		if err != nil {
			continue
		}
		kind, err := d.instance.FPDFAnnot_GetSubtype(&requests.FPDFAnnot_GetSubtype{Annotation: a.Annotation})
		written = written || err == nil && showsText[kind.Subtype]
		if err == nil && remarks[kind.Subtype] {
			value := func(key string) string {
				v, err := d.instance.FPDFAnnot_GetStringValue(&requests.FPDFAnnot_GetStringValue{Annotation: a.Annotation, Key: key})
				if err != nil {
					return ""
				}
				return cutBytes(v.Value, maxCommentText)
			}
			list = append(list, comment{text: value("Contents"), author: value("T"), date: pdfDate(value("M"))})
		}
		d.instance.FPDFPage_CloseAnnot(&requests.FPDFPage_CloseAnnot{Annotation: a.Annotation})
	}
	return list, written
}
