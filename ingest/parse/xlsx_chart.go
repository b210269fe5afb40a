package parse

import "slices"

// sheetParts returns the part of each sheet of a workbook, by the sheet's name.
func sheetParts(w walkContext, p *pack) (map[string]string, error) {
	const part = "xl/workbook.xml"
	b, err := p.file(part)
	if err != nil || b == nil {
		return nil, err
	}
	rels, err := p.relations(w, part)
	if err != nil {
		return nil, err
	}
	parts := map[string]string{}
	err = w.open(b).walk(func(x *xmlWalker, e element) error {
		if e.Name.Local != "sheet" {
			return x.descend()
		}
		parts[e.attr("name")] = rels[e.attr("id")].target
		return nil
	})
	return parts, err
}

// sheetCharts writes the data of the charts drawn on a sheet.
func sheetCharts(w walkContext, p *pack, sheet string, out *page) error {
	if sheet == "" {
		return nil
	}
	drawings, err := p.targets(w, sheet, "drawing")
	if err != nil {
		return err
	}
	for _, drawing := range drawings {
		charts, err := p.targets(w, drawing, "chart")
		if err != nil {
			return err
		}
		for _, part := range charts {
			if err := chart(w, p, part, out); err != nil {
				return err
			}
		}
	}
	return nil
}

// targets returns the targets of a part's relations of a kind, in order of name.
func (p *pack) targets(w walkContext, part, kind string) ([]string, error) {
	rels, err := p.relations(w, part)
	var targets []string
	for _, r := range rels {
		if r.kind == kind {
			targets = append(targets, r.target)
		}
	}
	slices.Sort(targets)
	return slices.Compact(targets), err
}
