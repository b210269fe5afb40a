package parse

import (
	"strconv"
	"strings"
	"time"
)

// comment is a reviewer's remark in an office document.
type comment struct {
	id, author, text string
	date             string // YYYY-MM-DD, or empty
	ref              string // the cell that it is about; empty but in workbooks
	thread           bool   // a stand-in, for old readers, of a thread that is kept elsewhere
}

// put writes the comment as a paragraph.
func (c comment) put(out *page) {
	text := oneLine(tidy(c.text))
	if text == "" || c.thread {
		return
	}
	head := "Comment"
	if author := oneLine(tidy(c.author)); author != "" {
		head += " by " + author
	}
	if c.date != "" {
		head += ", " + c.date
	}
	if c.ref != "" {
		head += ", on " + oneLine(tidy(c.ref))
	}
	out.put(Block{Kind: Paragraph}, head+": "+text, 0)
}

// comments reads a part of comments: Word's, Excel's (notes and threads) and
// PowerPoint's (old and new) differ in names only. Authors are by id; those that
// the part itself lists are added. A missing part is no error.
func (p *pack) comments(w walkContext, part string, authors map[string]string) ([]comment, error) {
	b, err := p.file(part)
	if err != nil || b == nil {
		return nil, err
	}
	r := commentReader{authors: authors}
	if r.authors == nil {
		r.authors = map[string]string{}
	}
	err = w.open(b).walk(r.element)
	return r.list, err
}

type commentReader struct {
	authors map[string]string
	listed  int // authors in the part itself, counted from 0
	list    []comment
}

func (r *commentReader) element(x *xmlWalker, e element) error {
	switch e.Name.Local {
	case "author":
		name, err := xmlText(x)
		r.authors[strconv.Itoa(r.listed)] = name
		r.listed++
		return err
	case "comment", "threadedComment", "cm", "reply":
		return r.comment(x, e)
	}
	return x.descend()
}

func (r *commentReader) comment(x *xmlWalker, e element) error {
	at := len(r.list)
	r.list = append(r.list, comment{id: e.attr("id"), ref: e.attr("ref"), author: e.attr("author")})
	for _, key := range []string{"date", "dt", "dT", "created"} {
		if d := day(e.attr(key)); d != "" {
			r.list[at].date = d
		}
	}
	for _, key := range []string{"authorId", "personId"} {
		if name := r.authors[e.attr(key)]; name != "" {
			r.list[at].author = name
		}
	}
	r.list[at].thread = strings.HasPrefix(r.list[at].author, "tc={")
	var b strings.Builder
	text := func(s string) { b.WriteString(s) }
	err := x.walk(func(x *xmlWalker, e element) error {
		switch e.Name.Local {
		case "reply": // stands before the text that it answers
			return r.comment(x, e)
		case "t", "text":
			return x.walkText(x.visit, text)
		case "p":
			b.WriteByte(' ')
		case "rPh", "extLst": // phonetic reading
			return nil
		}
		return x.descend()
	})
	r.list[at].text = b.String()
	return err
}

// day is the date that a time in ISO 8601 begins with, or "".
func day(s string) string {
	s = cutBytes(strings.TrimSpace(s), len(time.DateOnly))
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		return ""
	}
	return s
}

// commentAuthors reads who wrote comments, by id, from a part's relations.
func (p *pack) commentAuthors(w walkContext, part string) (map[string]string, error) {
	names := map[string]string{}
	for _, kind := range []string{"commentAuthors", "authors", "person"} {
		parts, err := p.targets(w, part, kind)
		if err != nil {
			return nil, err
		}
		for _, part := range parts {
			b, err := p.file(part)
			if err != nil {
				return nil, err
			}
			err = w.open(b).walk(func(x *xmlWalker, e element) error {
				if name := e.attr("name") + e.attr("displayName"); name != "" && e.attr("id") != "" {
					names[e.attr("id")] = name
				}
				return x.descend()
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return names, nil
}
