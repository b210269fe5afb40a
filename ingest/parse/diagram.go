package parse

import (
	"slices"
	"strings"
)

// maxDiagramDepth is how deep a diagram's points are indented and followed.
const maxDiagramDepth = 32

// diagram writes the text of SmartArt (DiagramML, ECMA-376 part 1, 21.4) as a
// list: each point below the one that it hangs on. A missing part is no error.
func diagram(w walkContext, p *pack, part string, out *page) error {
	b, err := p.file(part)
	if err != nil || b == nil {
		return err
	}
	d := diagramData{text: map[string]*strings.Builder{}, below: map[string][]diagramLink{}, seen: map[string]bool{}}
	if err := w.open(b).walk(d.read); err != nil {
		return err
	}
	for _, id := range d.roots {
		d.put(out, id, 0)
	}
	for _, id := range d.points { // what hangs on nothing
		d.put(out, id, 0)
	}
	return nil
}

type diagramLink struct {
	order int
	id    string
}

type diagramData struct {
	points, roots []string
	text          map[string]*strings.Builder
	below         map[string][]diagramLink
	seen          map[string]bool
}

func (d *diagramData) read(x *xmlWalker, e element) error {
	switch e.Name.Local {
	case "pt":
		id, kind := e.attr("modelId"), e.attr("type")
		if kind == "doc" {
			d.roots = append(d.roots, id)
		}
		if kind != "" && kind != "node" && kind != "asst" {
			return nil
		}
		d.points = append(d.points, id)
		if d.text[id] == nil {
			d.text[id] = &strings.Builder{}
		}
		return x.walk(func(x *xmlWalker, e element) error { return d.point(x, e, id) })
	case "cxn":
		if kind := e.attr("type"); kind == "" || kind == "parOf" {
			from := e.attr("srcId")
			d.below[from] = append(d.below[from], diagramLink{small(e.attr("srcOrd")), e.attr("destId")})
		}
		return nil
	}
	return x.descend()
}

// point adds the text that a point has in its runs.
func (d *diagramData) point(x *xmlWalker, e element, id string) error {
	switch e.Name.Local {
	case "t":
		return x.walkText(x.visit, func(s string) { d.text[id].WriteString(s) })
	case "p", "br":
		d.text[id].WriteByte(' ')
	case "prSet":
		return nil
	}
	return x.descend()
}

// put writes a point and those below it, each once.
func (d *diagramData) put(out *page, id string, depth int) {
	if d.seen[id] || depth > maxDiagramDepth {
		return
	}
	d.seen[id] = true
	if b := d.text[id]; b != nil {
		if text := oneLine(tidy(b.String())); text != "" {
			out.put(Block{Kind: ListItem}, bullet+" "+text, 2*depth)
			depth++
		}
	}
	links := d.below[id]
	slices.SortStableFunc(links, func(a, b diagramLink) int { return a.order - b.order })
	for _, l := range links {
		d.put(out, l.id, depth)
	}
}
