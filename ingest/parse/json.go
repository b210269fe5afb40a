package parse

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// readJSON writes a JSON value, or JSON lines, as text: a line "path: value"
// for each leaf, records of a top-level list or line as blocks of their own.
func readJSON(ctx context.Context, body []byte) (Parsed, error) {
	text, err := decode(body)
	if err != nil {
		return Parsed{}, err
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	j := &jsonReader{ctx: ctx, d: d}
	for {
		err := j.value("", 0)
		j.record()
		switch {
		case errors.Is(err, io.EOF) && j.depth == 0:
			return j.out.parsed(map[string]any{}), nil
		case err != nil && ctx.Err() == nil:
			var p *Error
			if errors.As(err, &p) {
				return Parsed{}, err
			}
			return Parsed{}, Permanent("not JSON at byte %d: %v", d.InputOffset(), err)
		case err != nil:
			return Parsed{}, err
		}
	}
}

type jsonReader struct {
	ctx   context.Context
	d     *json.Decoder
	out   page
	lines strings.Builder // of the open record
	depth int
	n     int
}

// record ends a block.
func (j *jsonReader) record() {
	if s := strings.TrimSpace(tidy(j.lines.String())); s != "" {
		j.out.put(Block{Kind: Paragraph}, s, 0)
	}
	j.lines.Reset()
}

func (j *jsonReader) value(path string, depth int) error {
	if j.n++; j.n&1023 == 0 && j.ctx.Err() != nil {
		return j.ctx.Err()
	}
	if depth > 200 {
		return Permanent("JSON nested more than 200 deep")
	}
	t, err := j.d.Token()
	if err != nil {
		return err
	}
	if open, ok := t.(json.Delim); ok {
		j.depth++
		err := j.inside(open, path, depth)
		j.depth--
		return err
	}
	if t != nil && t != "" {
		if path != "" {
			fmt.Fprintf(&j.lines, "%s: ", path)
		}
		fmt.Fprintf(&j.lines, "%v\n", t)
	}
	return nil
}

// inside reads the members of an object or list to its end.
func (j *jsonReader) inside(open json.Delim, path string, depth int) error {
	for j.d.More() {
		at := path
		if open == '{' {
			key, err := j.d.Token()
			if err != nil {
				return err
			}
			if at != "" {
				at += "."
			}
			at += fmt.Sprint(key)
		}
		if err := j.value(at, depth+1); err != nil {
			return err
		}
		if open == '[' && depth == 0 || j.lines.Len() > 4<<10 {
			j.record()
		}
	}
	_, err := j.d.Token()
	return err
}

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
	var text strings.Builder
	var out Parsed
	for _, c := range nb.Cells {
		p, err := c.read(ctx)
		if err != nil {
			return Parsed{}, err
		}
		if len(p.Blocks) == 0 {
			continue
		}
		if text.Len() > 0 {
			text.WriteString("\n\n")
		}
		for _, b := range p.Blocks {
			b.Start, b.End = b.Start+text.Len(), b.End+text.Len()
			out.Blocks = append(out.Blocks, b)
		}
		text.WriteString(p.Text)
	}
	out.Text = text.String()
	if out.Title = nb.Metadata.Title; out.Title == "" {
		out.Title = blockList(out.Blocks).title(out.Text)
	}
	return out, nil
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
		Text lines
		Data struct {
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
		if s := strings.TrimSpace(canonical(tidy(string(o.Text + o.Data.Plain)))); s != "" {
			out.put(Block{Kind: Code}, s, 0)
		}
	}
	return Parsed{Text: out.text(), Blocks: out.blocks}, nil
}
