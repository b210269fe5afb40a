package parse

import (
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
		case ctx.Err() != nil:
			return Parsed{}, ctx.Err()
		case errors.Is(err, io.EOF):
			return j.out.parsed(map[string]any{}), nil
		case errors.As(err, new(*Error)):
			return Parsed{}, err
		case err != nil:
			return Parsed{}, Permanent("not JSON at byte %d: %v", d.InputOffset(), err)
		}
	}
}

// maxJSONPath is how much of a value's path stands before it, in bytes.
const maxJSONPath = 100

type jsonReader struct {
	ctx   context.Context
	d     *json.Decoder
	out   page
	lines strings.Builder // of the open record
	last  string          // path of its last line
	n     int
}

// record ends a block.
func (j *jsonReader) record() {
	if s := strings.TrimSpace(tidy(j.lines.String())); s != "" {
		j.out.put(Block{Kind: Paragraph}, s, 0)
	}
	j.lines.Reset()
	j.last = ""
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
		if err = j.inside(open, path, depth); errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	if t != nil && t != "" {
		j.leaf(path, t)
	}
	return nil
}

// leaf writes "path: value"; more values of one path stand on one line.
func (j *jsonReader) leaf(path string, value any) {
	switch {
	case j.lines.Len() > 0 && path == j.last:
		j.lines.WriteString(", ")
	case j.lines.Len() > 0:
		j.lines.WriteByte('\n')
		fallthrough
	default:
		if path != "" {
			j.lines.WriteString(path + ": ")
		}
	}
	fmt.Fprint(&j.lines, value)
	j.last = path
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
			at += oneLine(fmt.Sprint(key))
			if n := len(at); n > maxJSONPath {
				at = "…" + strings.ToValidUTF8(at[n-maxJSONPath:], "")
			}
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
