package parse

import "strings"

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
	collect := func() error {
		return x.walk(func(x *xmlWalker, e element) error {
			if e.Name.Local != "v" {
				return x.descend()
			}
			var v strings.Builder
			err := x.walkText(nil, func(s string) { v.WriteString(s) })
			into = append(into, oneLine(tidy(v.String())))
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
