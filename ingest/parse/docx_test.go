package parse

import (
	"strings"
	"testing"
)

// docxOf is a document of a body and further parts.
func docxOf(t testing.TB, body string, parts ...[2]string) []byte {
	return packed(t, append(parts, [2]string{"word/document.xml", "<w:document><w:body>" + body + "</w:body></w:document>"}))
}

func docxText(inner string) string { return "<w:p><w:r><w:t>" + inner + "</w:t></w:r></w:p>" }

func TestDOCXParts(t *testing.T) {
	cell := func(s string) string { return "<w:tc>" + s + "</w:tc>" }
	row := func(cells ...string) string { return "<w:tr>" + strings.Join(cells, "") + "</w:tr>" }
	item := func(num, s string) string {
		return `<w:p><w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="` + num + `"/></w:numPr></w:pPr><w:r><w:t>` + s + `</w:t></w:r></w:p>`
	}
	relation := func(id, target string) [2]string {
		return [2]string{"word/_rels/document.xml.rels", `<Relationships><Relationship Id="` + id + `" Type="x/aFChunk" Target="` + target + `"/></Relationships>`}
	}
	tests := []struct {
		name, body string
		parts      [][2]string
		want       string
	}{
		{
			"a note stands below the paragraph that has it", `<w:p><w:r><w:t>Tides</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r></w:p>` + docxText("Ports"),
			[][2]string{{"word/footnotes.xml", `<w:footnotes><w:footnote w:id="2">` + docxText("At Urk.") + `</w:footnote><w:footnote w:id="3">` + docxText("Of nothing.") + `</w:footnote></w:footnotes>`}},
			"Tides|At Urk.|Ports|Of nothing.",
		},
		{
			"a list that begins again", item("1", "a") + item("1", "b") + item("2", "c") + item("2", "d"),
			[][2]string{{"word/numbering.xml", `<w:numbering><w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl></w:abstractNum>` +
				`<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="0"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride></w:num></w:numbering>`}},
			"1. a|2. b|1. c|2. d",
		},
		{
			"a row that begins late", "<w:tbl>" + row(cell(docxText("A")), cell(docxText("B")), cell(`<w:tcPr><w:vMerge w:val="restart"/></w:tcPr>`+docxText("C"))) +
				row(`<w:trPr><w:gridBefore w:val="1"/></w:trPr>`, cell(docxText("b")), cell(`<w:tcPr><w:vMerge/></w:tcPr>`)) + "</w:tbl>", nil,
			"A | B | C|| b | C",
		},
		{
			"a table in a table", "<w:tbl>" + row(cell(docxText("Ports")), cell("<w:tbl>"+row(cell(docxText("Urk")), cell(docxText("1")))+row(cell(docxText("Lemmer")), cell(docxText("2")))+"</w:tbl>"+docxText("all"))) + "</w:tbl>", nil,
			"Ports | all|Urk | 1|Lemmer | 2",
		},
		{"a frame", "<w:tbl><w:tblGrid><w:gridCol/></w:tblGrid>" + row(cell(docxText("One")+docxText("Two"))) + "</w:tbl>", nil, "One|Two"},
		{"one column", "<w:tbl><w:tblGrid><w:gridCol/></w:tblGrid>" + row(cell(docxText("One")+docxText("Two"))) + row(cell(docxText("Three"))) + "</w:tbl>", nil, "One Two|Three"},
		{"a page inside", `<w:altChunk r:id="r1"/><w:altChunk r:id="r1"/>`, [][2]string{relation("r1", "c.html"), {"word/c.html", "<html><h1>Tides</h1><p>Twice a day."}}, "Tides|Twice a day."},
		{"a saved page inside", `<w:altChunk r:id="r1"/>`, [][2]string{relation("r1", "c.mht"), {"word/c.mht", "MIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n\n<p>Twice a day.</p>"}}, "Twice a day."},
		{"a document inside itself", docxText("Tides") + `<w:altChunk r:id="r1"/>`, [][2]string{relation("r1", "c.docx"), {"word/c.docx", string(docxOf(t, docxText("Ports")+`<w:altChunk r:id="r1"/>`, relation("r1", "c.docx")))}}, "Tides|Ports"},
		{"readings and letters", `<w:p><w:r><w:ruby><w:rt><w:r><w:t>しお</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>潮</w:t></w:r></w:rubyBase></w:ruby></w:r><w:r><w:sym w:font="Symbol" w:char="F061"/></w:r></w:p>`, nil, "潮α"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := Parse(t.Context(), docxType, docxOf(t, tt.body, tt.parts...))
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

func TestFormula(t *testing.T) {
	run := func(s string) string { return "<m:r><m:t>" + s + "</m:t></m:r>" }
	in := func(name, inner string) string { return "<m:" + name + ">" + inner + "</m:" + name + ">" }
	tests := []struct{ xml, want string }{
		{in("f", in("fPr", `<m:type m:val="noBar"/>`)+in("num", run("n"))+in("den", run("k"))), `\binom{n}{k}`},
		{in("f", in("num", run("a"))+in("den", run("b"))), `\frac{a}{b}`},
		{in("nary", in("sub", run("0"))+in("sup", "")+in("e", run("x"))), `\int _{0}x`},
		{in("rad", in("deg", run("3"))+in("e", run("x"))), `\sqrt[3]{x}`},
		{in("d", in("dPr", `<m:begChr m:val="{"/><m:endChr m:val=""/>`)+in("e", in("eqArr", in("e", run("a"))+in("e", run("b"))))), `\left\{a \\ b\right.`},
		{in("d", in("e", in("m", in("mr", in("e", run("a"))+in("e", run("b")))+in("mr", in("e", run("c"))+in("e", run("d")))))), `\left(\begin{matrix}a & b \\ c & d\end{matrix}\right)`},
		{in("acc", in("e", run("v"))) + in("bar", in("barPr", `<m:pos m:val="top"/>`)+in("e", run("x"))), `\hat{v}\overline{x}`},
		{in("limUpp", in("e", in("groupChr", in("groupChrPr", `<m:chr m:val="⏞"/>`)+in("e", run("x"))))+in("lim", run("n"))), `\overbrace{x}^{n}`},
		{in("func", in("fName", in("limLow", in("e", run("max"))+in("lim", run("x"))))+in("e", run("f"))), `\max_{x} f`},
	}
	for _, tt := range tests {
		p, err := Parse(t.Context(), docxType, docxOf(t, "<w:p><m:oMath>"+tt.xml+"</m:oMath></w:p>"))
		if err != nil || p.Text != tt.want {
			t.Errorf("%s: got %q, %v, want %q", tt.xml, p.Text, err, tt.want)
		}
	}
}
