package parse

import (
	"strings"
	"testing"
)

// A chart says what a person reads off it: a point that is missing moves no
// other, a category is named with what stands above it, and series with places
// of their own are not set against another's.
func TestChart(t *testing.T) {
	const cat = `<c:cat><c:strRef><c:strCache><c:pt idx="0"><c:v>East</c:v></c:pt><c:pt idx="1"><c:v>West</c:v></c:pt></c:strCache></c:strRef></c:cat>`
	values := func(name, points string) string {
		return `<c:` + name + `><c:numRef><c:numCache><c:formatCode>0%</c:formatCode>` + points + `</c:numCache></c:numRef></c:` + name + `>`
	}
	tests := []struct{ name, chart, want string }{
		{
			"missing point", `<c:title><a:p><a:r><a:t>Sa</a:t></a:r><a:r><a:t>les</a:t></a:r></a:p></c:title><c:ser><c:tx><c:v>A</c:v></c:tx>` + cat + values("val", `<c:pt idx="1"><c:v>0.5</c:v></c:pt>`) + `</c:ser>`,
			"Sales\n\n| A\nEast\nWest | 50%",
		},
		{
			"levels", `<c:ser><c:cat><c:multiLvlStrCache><c:lvl><c:pt idx="0"><c:v>Q1</c:v></c:pt><c:pt idx="1"><c:v>Q2</c:v></c:pt></c:lvl><c:lvl><c:pt idx="0"><c:v>2024</c:v></c:pt></c:lvl></c:multiLvlStrCache></c:cat>` +
				values("val", `<c:pt idx="0"><c:v>1</c:v></c:pt><c:pt idx="1"><c:v>2</c:v></c:pt>`) + `</c:ser>`,
			"2024 Q1 | 100%\n2024 Q2 | 200%",
		},
		{
			"places of their own", `<c:ser><c:tx><c:v>A</c:v></c:tx>` + values("xVal", `<c:pt idx="0"><c:v>1</c:v></c:pt>`) + values("yVal", `<c:pt idx="0"><c:v>2</c:v></c:pt>`) + `</c:ser>` +
				`<c:ser><c:tx><c:v>B</c:v></c:tx>` + values("xVal", `<c:pt idx="0"><c:v>3</c:v></c:pt>`) + values("yVal", `<c:pt idx="0"><c:v>4</c:v></c:pt>`) + `</c:ser>`,
			"| A\n100% | 200%\n| B\n300% | 400%",
		},
		{
			"since 2016", `<cx:chartData><cx:data id="0"><cx:strDim type="cat"><cx:f>x</cx:f><cx:lvl><cx:pt idx="0">Won</cx:pt></cx:lvl></cx:strDim><cx:numDim type="val"><cx:lvl formatCode="General"><cx:pt idx="0">7</cx:pt></cx:lvl></cx:numDim></cx:data></cx:chartData>` +
				`<cx:chart><cx:title><cx:tx><cx:txData><cx:v>Funnel</cx:v></cx:txData></cx:tx></cx:title><cx:series><cx:tx><cx:txData><cx:v>Deals</cx:v></cx:txData></cx:tx></cx:series></cx:chart>`,
			"Funnel\n\n| Deals\nWon | 7",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out page
			p, err := openPack(packed(t, [][2]string{{"c.xml", "<c:chartSpace>" + tt.chart + "</c:chartSpace>"}}))
			if err == nil {
				err = chart(walkContext{t.Context()}, p, "c.xml", &out)
			}
			if got := strings.TrimSpace(out.text()); err != nil || got != tt.want {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}
