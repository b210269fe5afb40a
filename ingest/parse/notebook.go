package parse

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
)

// readNotebook reads a Jupyter notebook (nbformat 3 and 4): Markdown cells as
// such, code cells as code with their text output.
func readNotebook(ctx context.Context, body []byte) (Parsed, error) {
	var nb notebook
	if err := json.Unmarshal(bytes.TrimPrefix(body, bomUTF8), &nb); err != nil {
		return Parsed{}, Permanent("not a notebook: %v", err)
	}
	for _, w := range nb.Worksheets {
		nb.Cells = append(nb.Cells, w.Cells...)
	}
	var out joined
	for _, c := range nb.Cells {
		p, err := c.read(ctx)
		if err != nil {
			return Parsed{}, err
		}
		out.add(p)
	}
	return out.parsed(map[string]any{"title": oneLine(tidy(nb.Metadata.Title))}), nil
}

type notebook struct {
	Cells      []cell
	Worksheets []struct{ Cells []cell }
	Metadata   struct{ Title string }
}

type cell struct {
	Kind    string `json:"cell_type"`
	Source  lines
	Input   lines
	Outputs []struct {
		Text          lines
		Ename, Evalue string // of an error
		Data          struct {
			Plain lines `json:"text/plain"`
		}
	}
}

// lines is text that may stand as a list of lines.
type lines string

func (l *lines) UnmarshalJSON(b []byte) error {
	var list []string
	if err := json.Unmarshal(b, &list); err == nil {
		*l = lines(strings.Join(list, ""))
		return nil
	}
	return json.Unmarshal(b, (*string)(l))
}

func (c cell) read(ctx context.Context) (Parsed, error) {
	source := canonical(tidy(string(c.Source + c.Input)))
	if strings.TrimSpace(source) == "" {
		return Parsed{}, nil
	}
	if c.Kind == "markdown" || c.Kind == "heading" {
		return readMarkdown(ctx, []byte(source))
	}
	var out page
	out.put(Block{Kind: Code}, strings.TrimRight(source, "\n "), 0)
	for _, o := range c.Outputs {
		text := string(o.Text + o.Data.Plain)
		if o.Ename != "" {
			text += o.Ename + ": " + o.Evalue
		}
		if s := strings.TrimSpace(canonical(tidy(text))); s != "" {
			out.put(Block{Kind: Code}, s, 0)
		}
	}
	return Parsed{Text: out.text(), Blocks: out.blocks}, nil
}
