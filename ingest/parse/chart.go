package parse

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// chart writes the data of a DrawingML chart as a table: categories down,
// series across. A missing part is no error.
func chart(w walkContext, p *pack, part string, out *page) error {
	b, err := p.file(part)
	if err != nil || b == nil {
		return err
	}
	c := chartData{values: map[int][]string{}}
	if err := w.open(b).walk(c.read); err != nil {
		return err
	}
	if title := oneLine(tidy(c.title.String())); title != "" {
		out.put(Block{Kind: Caption}, title, 0)
	}
	var t rows
	t.add(out, append([]string{""}, c.series...))
	for i, category := range c.categories {
		cells := []string{category}
		for s := range c.series {
			v := ""
			if i < len(c.values[s]) {
				v = c.values[s][i]
			}
			cells = append(cells, v)
		}
		t.add(out, cells)
	}
	return nil
}

type chartData struct {
	title      strings.Builder
	series     []string
	categories []string
	values     map[int][]string // by series
}

func (c *chartData) read(x *xmlWalker, e element) error {
	switch e.Name.Local {
	case "title":
		return x.walk(c.titleText)
	case "ser":
		c.series = append(c.series, "")
		return x.walk(c.seriesPart)
	}
	return x.descend()
}

func (c *chartData) titleText(x *xmlWalker, e element) error {
	if e.Name.Local == "t" {
		return x.walkText(nil, func(s string) { c.title.WriteString(s + " ") })
	}
	return x.descend()
}

func (c *chartData) seriesPart(x *xmlWalker, e element) error {
	var into []string
	format := ""
	collect := func() error {
		return x.walk(func(x *xmlWalker, e element) error {
			switch e.Name.Local {
			case "v", "formatCode":
			case "numCache", "numLit":
				format = "General"
				return x.descend()
			default:
				return x.descend()
			}
			var v strings.Builder
			err := x.walkText(nil, func(s string) { v.WriteString(s) })
			if e.Name.Local == "formatCode" {
				format = v.String()
			} else {
				into = append(into, chartNumber(oneLine(tidy(v.String())), format))
			}
			return err
		})
	}
	var err error
	at := len(c.series) - 1
	switch e.Name.Local {
	case "tx":
		err = collect()
		c.series[at] = strings.Join(into, " ")
	case "cat", "xVal":
		err = collect()
		if len(into) > len(c.categories) {
			c.categories = into
		}
	case "val", "yVal":
		err = collect()
		c.values[at] = into
	}
	return err
}

// chartNumber writes a number of a chart as its format shows it, as far as it is a
// date or a percentage, and else with the 15 digits that a sheet has. Without a
// format the value is text.
func chartNumber(value, format string) string {
	n, err := strconv.ParseFloat(value, 64)
	if format == "" || err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
		return value
	}
	switch plain := chartLiteral.ReplaceAllString(strings.ToLower(format), ""); {
	case strings.ContainsAny(plain, "yd") && n > 0 && n < 2_958_466: // 9999-12-31
		return time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC).AddDate(0, 0, int(n)).Format(time.DateOnly)
	case strings.HasSuffix(plain, "%"):
		_, decimals, _ := strings.Cut(plain, ".")
		return strconv.FormatFloat(100*n, 'f', min(strings.Count(decimals, "0"), 9), 64) + "%"
	}
	if math.Abs(n) >= 1e15 || n != 0 && math.Abs(n) < 1e-4 {
		return value
	}
	short, _ := strconv.ParseFloat(strconv.FormatFloat(n, 'g', 15, 64), 64)
	return strconv.FormatFloat(short, 'f', -1, 64)
}

// chartLiteral is text, colour or condition in a format of numbers.
var chartLiteral = regexp.MustCompile(`"[^"]*"|\[[^\]]*\]|\\.|general`)
