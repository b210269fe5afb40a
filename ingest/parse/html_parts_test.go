package parse

import "testing"

// What pages hold besides paragraphs.
func TestPageParts(t *testing.T) {
	const text = "<p>High water comes twice a day.</p>"
	tests := []struct{ name, mediaType, page, want string }{
		{"elements that end themselves", "application/xhtml+xml", `<html><head><title/><script src="x"/></head><body><a id="p1"/>` + text + `<textarea/></body></html>`, "High water comes twice a day."},
		{"a place to link to", "text/html", `<h1>Tides</h1><p>High water<a id="x"> comes twice a day.<p>And low water.`, "Tides|High water comes twice a day.|And low water."},
		{"labels of a drawing", "text/html", `<p>See <svg><title>Icon</title><path d="M0"/></svg>below</p><svg><rect/><text>Sluice</text><g><text><tspan>North</tspan><tspan>sea</tspan></text></g></svg>` + text, "See below|Sluice North sea|High water comes twice a day."},
		{"a drawing that ends itself", "text/html", `<svg/>` + text, "High water comes twice a day."},
		{"readings", "text/html", `<ruby>潮<rp>(</rp><rt>しお<rp>)</rp></ruby>の<ruby>力<rt>ちから</ruby>です`, "潮の力です"},
		{"formula", "text/html", `<p>So <math><mi>h</mi><mo>=</mo><mfrac><mi>a</mi><msup><mi>t</mi><mn>2</mn></msup></mfrac></math>.`, `So h=\frac{a}{t^{2}}.`},
		{"formula with its source", "text/html", `<p><math><semantics><mi>h</mi><annotation encoding="application/x-tex">{\displaystyle h}</annotation></semantics></math><img class="mwe-math-fallback-image-inline" alt="h"> is high`, "h is high"},
		{"formula that is not ended", "text/html", `<math><mi>h` + text, "h|High water comes twice a day."},
		{"cookies", "text/html", `<div class="cookie-banner"><p>We use cookies.</p></div><div class="has-cookie-banner">` + text + `</div>`, "High water comes twice a day."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := Parse(t.Context(), tt.mediaType, []byte(tt.page))
			if err != nil {
				t.Fatal(err)
			}
			check(t, p)
			if got := blockTexts(p); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
