package parse

import (
	"context"
	"net/url"
	"path"
	"strings"
)

// readEPUB reads a book (EPUB 2 and 3): its chapters in the order of the spine,
// each as HTML.
func readEPUB(ctx context.Context, body []byte) (Parsed, error) {
	p, err := openPack(body)
	if err != nil {
		return Parsed{}, err
	}
	w := walkContext{ctx}
	chapters, meta, err := spine(w, p)
	if err != nil {
		return Parsed{}, err
	}
	var out joined
	for _, name := range chapters {
		b, err := p.file(name)
		if err != nil {
			return Parsed{}, err
		}
		chapter, err := readChapter(ctx, b)
		if err != nil {
			return Parsed{}, err
		}
		out.add(chapter)
	}
	return out.parsed(meta), nil
}

// spine returns the chapters' names in reading order, and the book's metadata.
func spine(w walkContext, p *pack) (chapters []string, meta map[string]any, err error) {
	root, err := packageFile(w, p)
	if err != nil {
		return nil, nil, err
	}
	b, err := p.file(root)
	if err != nil {
		return nil, nil, err
	}
	if b == nil {
		return nil, nil, Permanent("damaged: the book has no package file")
	}
	if meta, err = properties(w.open(b)); err != nil {
		return nil, nil, err
	}
	items := map[string]string{}
	err = w.open(b).walk(func(x *xmlWalker, e element) error {
		switch e.Name.Local {
		case "item":
			name, err := url.PathUnescape(e.attr("href"))
			if err == nil && (strings.Contains(e.attr("media-type"), "html") || strings.Contains(e.attr("media-type"), "svg")) {
				items[e.attr("id")] = path.Join(path.Dir(root), name)
			}
			return nil
		case "itemref":
			if id := e.attr("idref"); items[id] != "" {
				chapters = append(chapters, items[id])
				delete(items, id) // a chapter comes once
			}
			return nil
		}
		return x.descend()
	})
	return chapters, meta, err
}

// packageFile names the OPF file, as META-INF/container.xml says.
func packageFile(w walkContext, p *pack) (root string, err error) {
	b, err := p.file("META-INF/container.xml")
	if err != nil || b == nil {
		return "content.opf", err
	}
	err = w.open(b).walk(func(x *xmlWalker, e element) error {
		if e.Name.Local == "rootfile" && root == "" {
			root = e.attr("full-path")
		}
		return x.descend()
	})
	return root, err
}
