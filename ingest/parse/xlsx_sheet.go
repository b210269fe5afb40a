package parse

import "maps"

const workbookPart = "xl/workbook.xml"

// sheetParts returns the part of each sheet of a workbook, by the sheet's name.
func sheetParts(w walkContext, p *pack) (map[string]string, error) {
	b, err := p.file(workbookPart)
	if err != nil || b == nil {
		return nil, err
	}
	rels, err := p.relations(w, workbookPart)
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

// drawings writes what is drawn on a sheet: charts, text boxes, diagrams,
// pictures' descriptions.
func (x *xlsx) drawings(_, sheet string) error {
	parts, err := x.targetsOf(sheet, "drawing")
	if err != nil {
		return err
	}
	for _, part := range parts {
		b, err := x.pack.file(part)
		if err != nil || b == nil {
			return err
		}
		if x.rels, err = x.pack.relations(x.walkContext, part); err != nil {
			return err
		}
		if err := x.open(b).walk(x.shape); err != nil {
			return err
		}
	}
	return nil
}

// commentsOn writes the notes and threads of comments on a sheet's cells.
func (x *xlsx) commentsOn(_, sheet string) error {
	for _, kind := range []string{"comments", "threadedComment"} {
		parts, err := x.targetsOf(sheet, kind)
		if err != nil {
			return err
		}
		for _, part := range parts {
			list, err := x.pack.comments(x.walkContext, part, maps.Clone(x.authors))
			if err != nil {
				return err
			}
			for _, c := range list {
				c.put(x.out)
			}
		}
	}
	return nil
}

func (x *xlsx) targetsOf(sheet, kind string) ([]string, error) {
	if sheet == "" {
		return nil, nil
	}
	return x.pack.targets(x.walkContext, sheet, kind)
}
