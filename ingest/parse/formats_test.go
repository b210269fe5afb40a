package parse

import (
	"strings"
	"testing"
)

// What is read of features that few documents have, block by block.
func TestRareParts(t *testing.T) {
	odt := func(body string, objects ...[2]string) string {
		return string(packed(t, append(objects, [2]string{"content.xml", "<office:document-content><office:text>" + body + "</office:text></office:document-content>"})))
	}
	cells := func(n int) string { return strings.Repeat(" | ", n) }
	tests := []struct{ name, mediaType, body, want string }{
		{
			"ODT formula and chart", odtType, odt(`<text:p>So <draw:frame><draw:object xlink:href="./O 1"/></draw:frame>.</text:p><draw:frame><draw:object xlink:href="./O 2"/></draw:frame><draw:frame><draw:object xlink:href="./O 2"/></draw:frame>`,
				[2]string{"O 1/content.xml", `<math><semantics><msup><mi>c</mi><mn>2</mn></msup><annotation encoding="StarMath 5.0">c^2</annotation></semantics></math>`},
				[2]string{"O 2/content.xml", `<office:chart><chart:title><text:p>Levels</text:p></chart:title><table:table><table:table-row><table:table-cell><text:p>Urk</text:p></table:table-cell><table:table-cell><text:p>1</text:p></table:table-cell></table:table-row></table:table></office:chart>`}),
			"So c^{2}.|Levels|Urk | 1",
		},
		{"ODT note of two paragraphs, hidden text", odtType, odt(`<text:p>a<text:note><text:note-body><text:p>b</text:p><text:p>c</text:p></text:note-body></text:note><text:hidden-text text:is-hidden="true">d</text:hidden-text></text:p>`), "a [b c]"},
		{"CSV of far columns", "text/csv", "a" + strings.Repeat(",", 5000) + "b\n", "a" + cells(maxBlanks+1) + "b"},
		{"RTF lists", "application/rtf", `{\rtf1{\listtext 1.\tab}\pard\ls1 one\par{\listtext 2.\tab}\pard\ls1 two\par{\listtext\'b7\tab}\pard dot\par{\pntext o\tab}\pard ring\par\pard none\par}`, "1. one|2. two|- dot|- ring|none"},
		{"RTF hidden and deleted", "application/rtf", `{\rtf1 a{\v b}\v c\v0 d{\deleted e}\v f\plain g\par}`, "adg"},
		{"RTF text box", "application/rtf", `{\rtf1 before{\shp{\*\shpinst{\sp{\sn x}{\sv y}}{\shptxt in the box\par}}{\shprslt old\par}} after\par}`, "before|in the box|after"},
		{"reStructuredText directives", "text/x-rst", "Tides\n=====\n\n.. tabs::\n\n   .. tab:: Linux\n\n      apt install\n\n.. only:: html\n\n   On the web.\n\n.. toctree::\n   :maxdepth: 1\n\n   ports\n", "Tides|Linux|apt install|On the web."},
		{
			"JATS notes", "application/xml", `<article><front><article-meta><title-group><article-title>Tides</article-title><subtitle>At Urk</subtitle></title-group><author-notes><corresp>Write to x@y.</corresp></author-notes><funding-group><award-group>1</award-group><funding-statement>Paid by Z.</funding-statement></funding-group></article-meta></front>` +
				`<body><table-wrap><table-wrap-foot><fn><label>a</label><p>Below datum.</p></fn></table-wrap-foot></table-wrap><p><inline-formula><mml:math><mml:mfrac><mml:mi>x</mml:mi><mml:mi>y</mml:mi></mml:mfrac></mml:math></inline-formula></p></body></article>`,
			`Tides|At Urk|Write to x@y.|Paid by Z.|a Below datum.|\frac{x}{y}`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := Parse(t.Context(), tt.mediaType, []byte(tt.body))
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
