package parse

import (
	"math"
	"regexp"

	"github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
)

// pdfGlyphs asks the engine for the look of characters.
type pdfGlyphs struct {
	instance pdfium.Pdfium
	page     references.FPDF_TEXTPAGE
}

// box is where a character stands, as wide as it advances and as high as its
// font; one that stands nowhere is empty. (The tight box costs the engine three
// times as much.)
func (g pdfGlyphs) box(i int) box {
	b, err := g.instance.FPDFText_GetLooseCharBox(&requests.FPDFText_GetLooseCharBox{TextPage: g.page, Index: i})
	if err != nil {
		return box{}
	}
	r := b.Rect
	return box{float64(r.Left), float64(r.Right), float64(max(r.Top, r.Bottom)), float64(min(r.Top, r.Bottom))}
}

// pdfLook is how a character is drawn. What the engine does not tell is zero.
type pdfLook struct {
	size    float64
	font    string
	bold    bool
	slanted bool // its line runs neither across nor up or down: a watermark's
}

func (g pdfGlyphs) look(i int) (l pdfLook) {
	if s, err := g.instance.FPDFText_GetFontSize(&requests.FPDFText_GetFontSize{TextPage: g.page, Index: i}); err == nil {
		l.size = s.FontSize
	}
	if m, err := g.instance.FPDFText_GetMatrix(&requests.FPDFText_GetMatrix{TextPage: g.page, Index: i}); err == nil {
		across, up := math.Abs(float64(m.Matrix.A)), math.Abs(float64(m.Matrix.B))
		l.size *= math.Hypot(float64(m.Matrix.C), float64(m.Matrix.D))
		l.slanted = min(across, up) > 0.2*max(across, up)
	}
	if f, err := g.instance.FPDFText_GetFontInfo(&requests.FPDFText_GetFontInfo{TextPage: g.page, Index: i}); err == nil {
		l.font, l.bold = f.FontName, boldName.MatchString(f.FontName)
	}
	if w, err := g.instance.FPDFText_GetFontWeight(&requests.FPDFText_GetFontWeight{TextPage: g.page, Index: i}); err == nil {
		l.bold = l.bold || w.FontWeight >= 600
	}
	return l
}

// boldName knows fonts by name, TeX's Computer Modern and Nimbus among them.
var boldName = regexp.MustCompile(`(?i)bold|black|heavy|demi|cmbx|sfbx|-bd|-medi$`)

// monoName knows fonts for code by name.
var monoName = regexp.MustCompile(`(?i)mono|courier|consol|menlo|typewriter|cmtt|sftt|code|inconsolata`)
