package parse

import (
	"fmt"
	"strings"
	"testing"
)

// A slide is read as it is seen: its title, then column by column; what stands
// where the layout or its master says, there.
func TestSlideOrder(t *testing.T) {
	at := func(x, y int) string {
		return fmt.Sprintf(`<a:xfrm><a:off x="%d" y="%d"/><a:ext cx="30" cy="10"/></a:xfrm>`, x, y)
	}
	shape := func(ph, place, text string) string {
		return `<p:sp><p:nvPr>` + ph + `</p:nvPr><p:spPr>` + place + `</p:spPr><p:txBody><a:p><a:r><a:t>` + text + `</a:t></a:r></a:p></p:txBody></p:sp>`
	}
	const body = `<p:ph type="body" idx="3"/>`
	slide := shape("", at(0, 60), "below") + shape("", at(50, 20), "right") + shape(body, "", "first") +
		`<p:grpSp><p:grpSpPr>` + at(50, 40) + `</p:grpSpPr>` + shape("", at(0, 0), "grouped") + `</p:grpSp>` + shape(`<p:ph type="title"/>`, at(0, 200), "Title")
	parts := [][2]string{
		{"ppt/presentation.xml", `<p:presentation><p:sldIdLst><p:sldId r:id="r1"/></p:sldIdLst></p:presentation>`},
		{"ppt/_rels/presentation.xml.rels", `<Relationships><Relationship Id="r1" Type="x/slide" Target="slides/slide1.xml"/></Relationships>`},
		{"ppt/slides/slide1.xml", "<p:sld><p:cSld><p:spTree>" + slide + "</p:spTree></p:cSld></p:sld>"},
		{"ppt/slides/_rels/slide1.xml.rels", `<Relationships><Relationship Id="r1" Type="x/slideLayout" Target="../l.xml"/></Relationships>`},
		{"ppt/l.xml", "<p:sldLayout>" + shape(body, "", "") + "</p:sldLayout>"},
		{"ppt/_rels/l.xml.rels", `<Relationships><Relationship Id="r1" Type="x/slideMaster" Target="m.xml"/></Relationships>`},
		{"ppt/m.xml", "<p:sldMaster>" + shape(`<p:ph type="body"/>`, at(0, 20), "") + "</p:sldMaster>"},
	}
	for _, want := range []string{"Title first below right grouped", "Title below right first grouped"} {
		p, err := Parse(t.Context(), pptxType, packed(t, parts))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(strings.Fields(p.Text), " "); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		parts = parts[:4] // no layout says where the first stands: as they come
	}
}
