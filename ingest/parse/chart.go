package parse

import (
	"slices"
	"strings"
)

// chart writes the data of a DrawingML chart (ECMA-376 part 1, 21.2, and the
// charts that Office 2016 added) as tables: categories down, series across; a
// series with places of its own has a table of its own. A missing part is no error.
func chart(w walkContext, p *pack, part string, out *page) error {
	b, err := p.file(part)
	if err != nil || b == nil {
		return err
	}
	c := chartData{}
	if err := w.open(b).walk(c.read); err != nil {
		return err
	}
	out.put(Block{Kind: Caption}, oneLine(tidy(c.title.String())), 0)
	for i, name := range c.names {
		if i < len(c.series) {
			c.series[i].name = name
		}
	}
	for rest := c.series; len(rest) > 0; {
		n := 1
		for n < len(rest) && (len(rest[n].along) == 0 || slices.Equal(rest[n].along, rest[0].along)) {
			n++
		}
		putSeries(out, rest[:n])
		rest = rest[n:]
	}
	return nil
}

// putSeries writes series along the same categories.
func putSeries(out *page, series []chartSeries) {
	var t rows
	head, n := []string{""}, len(series[0].along)
	for _, s := range series {
		head = append(head, s.name)
		n = max(n, len(s.values))
	}
	t.add(out, head)
	at := func(list []string, i int) string {
		if i < len(list) {
			return list[i]
		}
		return ""
	}
	for i := range n {
		cells := []string{at(series[0].along, i)}
		for _, s := range series {
			cells = append(cells, at(s.values, i))
		}
		t.add(out, cells)
	}
}

type chartData struct {
	title  strings.Builder
	series []chartSeries
	names  []string // of series that are named apart from their data
}

// chartSeries has values along categories, or along places on the other axis.
type chartSeries struct {
	name          string
	along, values []string
}

// Bounds of a chart: what goes beyond is a sheet's to hold.
const (
	maxChartSeries = 250
	maxChartPoints = 10_000 // of a series
	maxChartLevels = 4      // of its categories
)

func (c *chartData) read(x *xmlWalker, e element) error {
	switch e.Name.Local {
	case "title":
		c.title.WriteByte(' ')
		return x.walk(c.titleText)
	case "ser", "data":
		if len(c.series) == maxChartSeries {
			return nil
		}
		c.series = append(c.series, chartSeries{})
		return x.walk(c.series[len(c.series)-1].part)
	case "series":
		var s chartSeries
		err := x.walk(s.part)
		c.names = append(c.names, s.name)
		return err
	}
	return x.descend()
}

func (c *chartData) titleText(x *xmlWalker, e element) error {
	switch e.Name.Local {
	case "t", "v":
		return x.walkText(nil, func(s string) { c.title.WriteString(s) })
	case "p":
		c.title.WriteByte(' ')
	}
	return x.descend()
}

func (s *chartSeries) part(x *xmlWalker, e element) error {
	var err error
	var sizes []string
	switch e.Name.Local {
	case "tx":
		var name []string
		name, err = chartPoints(x)
		s.name = strings.Join(name, " ")
	case "cat", "xVal", "strDim":
		s.along, err = chartPoints(x)
	case "val", "yVal", "numDim":
		s.values, err = chartPoints(x)
	case "bubbleSize":
		sizes, err = chartPoints(x)
	}
	for i, size := range sizes {
		if i < len(s.values) && size != "" {
			s.values[i] += " (" + size + ")"
		}
	}
	return err
}
