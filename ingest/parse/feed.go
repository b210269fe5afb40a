package parse

import (
	"context"
	"strings"
)

// readFeed reads RSS (0.9 to 2.0) and Atom: the feed's title and description,
// then each item with its title, date and text, which is HTML as a rule.
func readFeed(w walkContext, body []byte) (Parsed, error) {
	f := &feed{ctx: w.ctx, meta: map[string]any{}}
	if err := w.open(body).walk(f.channel); err != nil {
		return Parsed{}, err
	}
	return f.out.parsed(f.meta), nil
}

type feed struct {
	ctx  context.Context
	out  joined
	meta map[string]any
}

func (f *feed) channel(x *xmlWalker, e element) error {
	switch e.Name.Local {
	case "item", "entry":
		return f.item(x)
	case "title":
		s, err := xmlText(x)
		if s = oneLine(tidy(s)); s != "" && f.meta["title"] == nil {
			f.meta["title"] = s
			f.put(Block{Kind: Heading, Level: 1}, s)
		}
		return err
	case "description", "subtitle":
		s, err := xmlText(x)
		if err != nil {
			return err
		}
		return f.html(s)
	case "image", "textInput", "skipDays", "skipHours", "author", "link", "generator", "docs", "id", "icon", "logo",
		"language", "lastBuildDate", "pubDate", "updated", "rights", "copyright", "webMaster", "managingEditor", "ttl", "category":
		return nil
	}
	return x.descend()
}

func (f *feed) item(x *xmlWalker) error {
	parts := map[string]string{}
	err := x.walk(func(x *xmlWalker, e element) error {
		s, err := xmlText(x)
		if parts[e.Name.Local] == "" {
			parts[e.Name.Local] = s
		}
		return err
	})
	if err != nil {
		return err
	}
	first := func(names ...string) string {
		for _, n := range names {
			if s := strings.TrimSpace(parts[n]); s != "" {
				return s
			}
		}
		return ""
	}
	f.put(Block{Kind: Heading, Level: 2}, oneLine(plainHTML(f.ctx, first("title"))))
	f.put(Block{Kind: Paragraph}, oneLine(strings.Join([]string{first("creator", "author"), first("pubDate", "published", "updated", "date")}, " ")))
	// The text may be given short and in full.
	if full := first("encoded", "content"); full != "" {
		return f.html(full)
	}
	return f.html(first("description", "summary"))
}

func (f *feed) put(b Block, text string) {
	if text = tidy(text); strings.TrimSpace(text) == "" {
		return
	}
	var p page
	p.put(b, text, 0)
	f.out.add(Parsed{Text: p.text(), Blocks: p.blocks})
}

func (f *feed) html(s string) error {
	p, err := renderHTML(f.ctx, canonical(strings.ToValidUTF8(s, "\ufffd")), htmlMode{})
	if err == nil {
		f.out.add(p)
	}
	return err
}

// plainHTML is the text of a piece of HTML, or the piece itself.
func plainHTML(ctx context.Context, s string) string {
	if p, err := renderHTML(ctx, canonical(s), htmlMode{}); err == nil && p.Text != "" {
		return p.Text
	}
	return s
}

// xmlText is all the character data of an element and those in it.
func xmlText(x *xmlWalker) (string, error) {
	var b strings.Builder
	text := func(s string) { b.WriteString(s) }
	var visit visitor
	visit = func(x *xmlWalker, _ element) error {
		err := x.walkText(visit, text)
		b.WriteByte(' ')
		return err
	}
	err := x.walkText(visit, text)
	return b.String(), err
}
