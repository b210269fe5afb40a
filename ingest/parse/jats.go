package parse

import "strings"

// jats reads an article in the Journal Article Tag Suite (ANSI/NISO Z39.96):
// title, abstract, sections, tables and figures' captions in order, references
// as paragraphs; authors, journal and date become metadata.
type jats struct {
	out       page
	isArticle bool
	section   int    // how many sections are open
	label     string // of what comes next: "Table 1", "2."
	meta      map[string]any
	authors   []string
}

func (a *jats) metadata() map[string]any {
	if a.meta == nil {
		a.meta = map[string]any{}
	}
	if len(a.authors) > 0 {
		a.meta["authors"] = a.authors
	}
	return a.meta
}

// block reads what stands where sections and paragraphs do.
func (a *jats) block(x *xmlWalker, e element) error {
	switch e.Name.Local {
	case "article":
		a.isArticle = true
	case "front", "front-stub":
		return x.walk(a.front)
	case "ack":
		a.section++
		defer func() { a.section-- }()
		return a.titled(x, "Acknowledgments")
	case "sec", "app", "ref-list", "boxed-text", "glossary", "fn-group", "bio":
		a.section++
		defer func() { a.section-- }()
	case "table-wrap", "fig", "disp-formula-group":
		err := x.descend()
		if a.label != "" { // there was no caption for it
			a.out.put(Block{Kind: Caption}, a.label, 0)
			a.label = ""
		}
		return err
	case "title":
		return a.put(x, Block{Kind: Heading, Level: min(a.section+1, 9)})
	case "p", "disp-formula", "disp-quote", "verse-line", "statement", "attrib", "def":
		return a.paragraph(x, Paragraph, "")
	case "code", "preformat":
		return a.code(x)
	case "list-item":
		return a.paragraph(x, ListItem, bullet+" ")
	case "caption":
		return a.put(x, Block{Kind: Caption})
	case "ref", "mixed-citation", "element-citation", "def-item":
		return a.put(x, Block{Kind: Paragraph})
	case "table":
		return a.table(x)
	case "label":
		text, err := a.inline(x)
		a.label = text
		return err
	case "graphic", "media", "object-id", "sec-meta", "permissions", "processing-meta":
		return nil
	}
	return x.descend()
}

// front reads the article's metadata, title and abstracts.
func (a *jats) front(x *xmlWalker, e element) error {
	switch e.Name.Local {
	case "article-title":
		return a.put(x, Block{Kind: Heading, Level: 1})
	case "subtitle", "aff":
		return a.put(x, Block{Kind: Paragraph})
	case "author-notes", "funding-group":
		return x.walk(a.notes)
	case "abstract", "trans-abstract":
		a.section++
		defer func() { a.section-- }()
		return a.titled(x, "Abstract")
	case "contrib-group":
		from := len(a.authors)
		err := x.descend()
		if from < len(a.authors) {
			a.out.put(Block{Kind: Paragraph}, strings.Join(a.authors[from:], ", "), 0)
		}
		return err
	case "contrib":
		if kind := e.attr("contrib-type"); kind != "" && kind != "author" {
			return nil // an editor or reviewer
		}
		return a.contributor(x)
	case "journal-title":
		return a.field(x, "journal")
	case "article-id":
		if t := e.attr("pub-id-type"); t == "doi" || t == "pmid" {
			return a.field(x, t)
		}
		return nil
	case "kwd":
		text, err := a.inline(x)
		if list, _ := a.metadata()["keywords"].([]string); text != "" && len(list) < maxFields {
			a.meta["keywords"] = append(list, text)
		}
		return err
	case "pub-date":
		return a.date(x)
	case "permissions", "related-article", "counts", "custom-meta-group", "self-uri",
		"article-categories", "history", "publisher", "issn", "trans-title-group":
		return nil
	}
	return x.descend()
}

// notes reads what the authors say of the article: whom to write to, who paid.
func (a *jats) notes(x *xmlWalker, e element) error {
	switch e.Name.Local {
	case "funding-statement", "corresp":
		return a.put(x, Block{Kind: Paragraph})
	case "award-group":
		return nil
	case "fn":
		return x.walk(a.block)
	}
	return x.descend()
}

// titled reads a part that has a heading of its own or else the usual one.
func (a *jats) titled(x *xmlWalker, usual string) error {
	begun := false
	return x.walk(func(x *xmlWalker, e element) error {
		if !begun && e.Name.Local != "title" && e.Name.Local != "label" {
			a.out.put(Block{Kind: Heading, Level: a.section + 1}, usual, 0)
		}
		begun = begun || e.Name.Local != "label"
		return a.block(x, e)
	})
}

func (a *jats) field(x *xmlWalker, key string) error {
	text, err := a.inline(x)
	if text != "" && a.metadata()[key] == nil {
		a.meta[key] = cutBytes(text, maxFieldBytes)
	}
	return err
}

func (a *jats) date(x *xmlWalker) error {
	parts := map[string]string{}
	err := x.walk(func(x *xmlWalker, e element) error {
		text, err := a.inline(x)
		parts[e.Name.Local] = text
		return err
	})
	date := parts["year"]
	for _, k := range []string{"month", "day"} {
		if n := small(parts[k]); n > 0 && date != "" {
			date += "-" + string(rune('0'+n/10)) + string(rune('0'+n%10))
		} else {
			break
		}
	}
	if date != "" && a.metadata()["date"] == nil {
		a.meta["date"] = cutBytes(date, 32)
	}
	return err
}

func (a *jats) contributor(x *xmlWalker) error {
	parts := map[string]string{}
	var visit visitor
	visit = func(x *xmlWalker, e element) error {
		switch e.Name.Local {
		case "surname", "given-names", "collab", "string-name":
			text, err := a.inline(x)
			if parts[e.Name.Local] == "" {
				parts[e.Name.Local] = text
			}
			return err
		case "name", "name-alternatives":
			return x.walk(visit)
		}
		return nil
	}
	err := x.walk(visit)
	name := oneLine(parts["given-names"] + " " + parts["surname"])
	if name == "" {
		name = parts["string-name"] + parts["collab"]
	}
	if name != "" && len(a.authors) < maxFields {
		a.authors = append(a.authors, cutBytes(name, 200))
	}
	return err
}
