package parse

import (
	"strings"
	"testing"
)

// Of a page that says what its content is, that is read; of another, what stands
// between links around it.
func TestPageContent(t *testing.T) {
	const around = `<p>We use cookies on all these pages of ours.</p><div><a href=a>News</a> <a href=b>Sport</a></div>`
	tests := []struct{ name, page, want string }{
		{
			"main", around + `<main><h1>Tides</h1><p>High water comes twice a day, and later every day.</p></main><p>All rights reserved.</p>`,
			"# Tides\nHigh water comes twice a day, and later every day.",
		},
		{
			"article without a title", `<h1>Tides</h1>` + around + `<article><p>High water comes twice a day, and later every day, by an hour.</p></article>`,
			"# Tides\nHigh water comes twice a day, and later every day, by an hour.",
		},
		{
			"role", around + `<div role=main><div><p>High water comes twice a day, and later every day.</p></div></div><div>All rights reserved.</div>`,
			"High water comes twice a day, and later every day.",
		},
		{"main is little", `<main><p>Short.</p></main><p>High water comes twice a day.</p>`, "Short.\nHigh water comes twice a day."},
		{
			"title", `<h4>Topics</h4><ul><li><a>Ports</a><li><a>Gauges</a></ul><h1>Tides</h1><p>High water comes <a>twice a day</a>.</p><a>1</a> <a>2</a>`,
			"# Tides\nHigh water comes twice a day.",
		},
		{"index", `<h1>Ports</h1><ul><li><a>Urk harbour</a><li><a>Lemmer harbour</a></ul>`, "# Ports\n- Urk harbour\n- Lemmer harbour"},
		{"no title", `<a>Home page</a><p>High water comes twice a day.</p>`, "Home page\nHigh water comes twice a day."},
		{"hidden", `<p>High water.</p><p hidden>Low water.</p><div role=dialog><p>Accept?</p></div>`, "High water."},
		{"numbers", `<ol start=4><li>d<li>e<li value=9>i</ol><ol type=a><li>x</ol>`, "4. d\n5. e\n9. i\na. x"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := Parse(t.Context(), "text/html", []byte(tt.page))
			if err != nil {
				t.Fatal(err)
			}
			check(t, p)
			var got []string
			for _, b := range p.Blocks {
				got = append(got, strings.Repeat("#", b.Level)+strings.Repeat(" ", min(b.Level, 1))+p.Text[b.Start:b.End])
			}
			if s := strings.Join(got, "\n"); s != tt.want {
				t.Errorf("got\n%s\nwant\n%s", s, tt.want)
			}
		})
	}
}

// A column's name is what all the rows of the header say above it.
func TestTableHeaders(t *testing.T) {
	const head = `<tr><th rowspan="2">Ship</th><th colspan="2">Draught</th></tr><tr><th>empty</th><th>loaded</th></tr>`
	const body = `<tr><td>Anna</td><td>2 m</td><td>3 m</td></tr>`
	for _, page := range []string{
		"<table>" + head + body + "</table>",
		"<table><thead>" + head + "</thead><tbody>" + body + "</tbody></table>",
	} {
		p, err := Parse(t.Context(), "text/html", []byte(page))
		if err != nil {
			t.Fatal(err)
		}
		last := p.Blocks[len(p.Blocks)-1]
		if got := p.Text[last.Start:last.End]; last.Header != "Ship | Draught empty | Draught loaded" || got != "Anna | 2 m | 3 m" {
			t.Errorf("%q below %q", got, last.Header)
		}
	}
}
