package parse

import (
	"strconv"
	"strings"
)

// spot is where a shape stands on a slide, y downwards, in EMU.
type spot struct {
	x, y, width, height float64
	placed, sized       bool
	kind, index         string // of a placeholder: its type and number
}

func (s *spot) known() bool { return s.placed && s.sized }

// note takes what an element says of the shape that it is in; a group's own
// place comes before those of its members.
func (s *spot) note(e element) {
	switch e.Name.Local {
	case "off":
		if !s.placed {
			s.x, s.y, s.placed = coordinate(e.attr("x")), coordinate(e.attr("y")), true
		}
	case "ext":
		if cx := e.attr("cx"); cx != "" && !s.sized {
			s.width, s.height, s.sized = coordinate(cx), coordinate(e.attr("cy")), true
		}
	case "ph":
		if s.kind == "" {
			s.kind, s.index = placeholder(e), e.attr("idx")
		}
	}
}

// placeholder is a placeholder's type; "body" where it is left out.
func placeholder(e element) string {
	if kind := e.attr("type"); kind != "" && kind != "obj" {
		return kind
	}
	return "body"
}

func coordinate(s string) float64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0
	}
	return float64(n)
}

// slideItem is a shape of a slide and what it says.
type slideItem struct {
	spot
	out page
}

// item reads a shape of the slide.
func (d *pptx) item(x *xmlWalker, e element) error {
	switch e.Name.Local {
	case "sp", "graphicFrame", "grpSp", "pic", "cxnSp", "AlternateContent":
	case "transition", "timing", "extLst":
		return nil
	default:
		return x.descend()
	}
	item := &slideItem{out: page{page: d.out.page}}
	outer := d.drawing
	d.out, d.spot = &item.out, &item.spot
	read := func() error { return x.walk(d.shape) }
	if e.Name.Local == "sp" {
		read = func() error { return d.textShape(x) }
	}
	err := read()
	d.drawing = outer
	if len(item.out.blocks) > 0 {
		d.items = append(d.items, item)
	}
	return err
}

// putItems writes the shapes: the title, then the others as they stand on the
// slide, or as they come where it is not known of all of them.
func (d *pptx) putItems(layout map[string]spot) {
	var titles, others []*slideItem
	var boxes []box
	known := true
	for _, item := range d.items {
		if strings.HasSuffix(strings.ToLower(item.kind), "title") && item.kind != "subTitle" {
			titles = append(titles, item)
			continue
		}
		s := item.spot
		if from, ok := layout[s.kind+" "+s.index]; ok && !s.known() {
			s = from
		}
		known = known && s.known()
		others = append(others, item)
		boxes = append(boxes, box{left: s.x, right: s.x + s.width, top: -s.y, bottom: -s.y - s.height})
	}
	for _, item := range titles {
		d.out.copy(&item.out)
	}
	if !known {
		boxes = make([]box, len(others)) // all in one place: they stay as they come
	}
	for _, i := range readingOrder(boxes, 1) {
		d.out.copy(&others[i].out)
	}
	d.items = nil
}

// copy appends another page's blocks.
func (p *page) copy(from *page) {
	text := from.text()
	for _, b := range from.blocks {
		p.put(b, text[b.Start:b.End], b.Start-lineIndent(text, b.Start, max(0, b.Start-64)))
	}
}

// placeholders are where a slide's layout has them, or the master of that, by
// type and number.
func (d *pptx) placeholders(slide string) (map[string]spot, error) {
	places := map[string]spot{}
	part, masters := slide, map[string]spot{}
	for _, kind := range []string{"slideLayout", "slideMaster"} {
		parts, err := d.pack.targets(d.walkContext, part, kind)
		if err != nil || len(parts) == 0 {
			return places, err
		}
		part = parts[0]
		spots, err := d.spots(part)
		if err != nil {
			return nil, err
		}
		for _, s := range spots {
			if kind == "slideLayout" {
				places[s.kind+" "+s.index] = s
			} else {
				masters[s.kind] = s
			}
		}
	}
	for key, s := range places {
		if m, ok := masters[s.kind]; ok && !s.known() {
			places[key] = m
		}
	}
	return places, nil
}

// spots reads where the placeholders of a layout or master stand.
func (d *pptx) spots(part string) ([]spot, error) {
	if spots, ok := d.layouts[part]; ok {
		return spots, nil
	}
	b, err := d.pack.file(part)
	if err != nil || b == nil {
		return nil, err
	}
	var spots []spot
	err = d.open(b).walk(func(x *xmlWalker, e element) error {
		if e.Name.Local != "sp" {
			return x.descend()
		}
		var s spot
		err := x.walk(func(x *xmlWalker, e element) error {
			s.note(e)
			return x.descend()
		})
		if s.kind != "" {
			spots = append(spots, s)
		}
		return err
	})
	d.layouts[part] = spots
	return spots, err
}
