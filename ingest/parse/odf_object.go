package parse

import "path"

// object reads what is embedded in a document, once: a formula is returned, the
// table of a chart and the text of any other document are written.
func (d *odf) object(href string) (formula string, err error) {
	part := path.Join(href, "content.xml")
	b, err := d.pack.file(part)
	if err != nil || b == nil || d.inside || d.objects[part] {
		return "", err
	}
	if d.objects == nil {
		d.objects = map[string]bool{}
	}
	d.objects[part] = true
	in := odf{walkContext: d.walkContext, pack: d.pack, styles: d.styles, inside: true}
	err = d.open(b).walk(func(x *xmlWalker, e element) error {
		if e.Name.Local == "math" {
			formula, err = readMathML(x)
			return err
		}
		return in.block(x, e)
	})
	d.out.copy(&in.out)
	return formula, err
}
