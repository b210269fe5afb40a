package ingest

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/quarry-rag/quarry/ingest/parse"
)

// PreparedType is the media type of a document that its caller has cut, and
// perhaps embedded, itself: JSON with "text", "title", and "vector" or "chunks",
// each of "text" and "vector". A vector is an array of numbers, or their 32-bit
// little-endian floats in base64. Chunks are parts of the text in their order;
// without a text, their own texts are put together. What has no vector is
// embedded by the model.
const PreparedType = "application/vnd.quarry.document+json"

// prepackaged is a document of PreparedType.
type prepackaged struct {
	Title  string   `json:"title,omitempty"`
	Text   string   `json:"text,omitempty"`
	Vector vector   `json:"vector,omitempty"`
	Chunks []precut `json:"chunks,omitempty"`
	spans  [][2]int // of the chunks in the text
}

type precut struct {
	Text   string `json:"text"`
	Vector vector `json:"vector,omitempty"`
}

// repack checks a document of PreparedType and returns it in its shortest form.
func repack(body []byte) ([]byte, error) {
	var d prepackaged
	if err := json.Unmarshal(body, &d); err != nil {
		return nil, err
	}
	if err := d.place(); err != nil {
		return nil, err
	}
	return json.Marshal(d)
}

// place settles what the text is and where each chunk stands in it.
func (d *prepackaged) place() error {
	switch {
	case d.Vector != nil && len(d.Chunks) > 0:
		return errors.New(`has both "vector" and "chunks"`)
	case len(d.Chunks) == 0:
		d.Chunks = []precut{{d.Text, d.Vector}}
		d.Vector = nil
	}
	joined := d.Text == ""
	var b strings.Builder
	from := 0
	for i, c := range d.Chunks {
		if strings.TrimSpace(c.Text) == "" {
			return fmt.Errorf("chunk %d has no text", i)
		}
		if joined {
			if i > 0 {
				b.WriteString("\n\n")
			}
			d.spans = append(d.spans, [2]int{b.Len(), b.Len() + len(c.Text)})
			b.WriteString(c.Text)
			continue
		}
		at := strings.Index(d.Text[from:], c.Text)
		if at < 0 {
			return fmt.Errorf("chunk %d is not in the text after the start of the one before", i)
		}
		d.spans = append(d.spans, [2]int{from + at, from + at + len(c.Text)})
		from += at
	}
	if joined {
		d.Text = b.String()
	}
	return nil
}

// unpack fills p from a document of PreparedType, as chunk does from others.
func (ix *indexer) unpack(t *target, p *prepared, body []byte) error {
	var d prepackaged
	if err := json.Unmarshal(body, &d); err != nil {
		return parse.Permanent("not a prepared document: %v", err)
	}
	if err := d.place(); err != nil {
		return parse.Permanent("not a prepared document: it %v", err)
	}
	if strings.ContainsRune(d.Text, 0) {
		return parse.Permanent("its text holds a NUL")
	}
	if p.title == "" {
		p.title = clip(strings.ReplaceAll(d.Title, "\x00", ""), maxTitleBytes)
	}
	p.text, p.mediaType, p.stated = d.Text, "text/plain", json.RawMessage("{}")
	for i, c := range d.Chunks {
		if n := len(c.Vector); n != 0 && n != t.space.Dim {
			return parse.Permanent("the vector of chunk %d has %d dimensions, the collection's have %d", i, n, t.space.Dim)
		}
		q := newPiece(Chunk{
			Ord: i, Start: d.spans[i][0], End: d.spans[i][1], Text: c.Text,
			Context: cutName(p.title), Tokens: ix.model.Tokens(c.Text),
		}, t.analyzer)
		if c.Vector != nil {
			q.give(c.Vector)
		}
		p.pieces = append(p.pieces, q)
	}
	return nil
}

// vector is read from an array of numbers or from base64, and written as base64.
// It is finite as Postgres stores it, and not zero: that has no direction.
type vector []float32

// maxHalf is the largest number that a halfvec holds.
const maxHalf = 65504

func (v vector) MarshalJSON() ([]byte, error) {
	raw := make([]byte, 0, 4*len(v))
	for _, f := range v {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(f))
	}
	out := append(make([]byte, 0, 2+base64.StdEncoding.EncodedLen(len(raw))), '"')
	return append(base64.StdEncoding.AppendEncode(out, raw), '"'), nil
}

func (v *vector) UnmarshalJSON(b []byte) (err error) {
	switch b[0] {
	case 'n': // null
		*v = nil
		return nil
	case '"':
		*v, err = vectorOfBase64(b[1 : len(b)-1])
	case '[':
		*v, err = vectorOfArray(b[1 : len(b)-1])
	default:
		err = errors.New("a vector is an array or base64")
	}
	if err != nil {
		return err
	}
	return v.check()
}

func (v vector) check() error {
	zero := true
	for _, f := range v {
		if !(f >= -maxHalf && f <= maxHalf) { // NaN too
			return errors.New("a vector holds a number that is not finite or too large")
		}
		zero = zero && f == 0
	}
	if zero {
		return errors.New("a vector is empty or zero")
	}
	return nil
}

func vectorOfBase64(b []byte) (vector, error) {
	raw := make([]byte, base64.StdEncoding.DecodedLen(len(b)))
	n, err := base64.StdEncoding.Decode(raw, b)
	if err != nil || n%4 != 0 {
		return nil, errors.New("a vector is not 32-bit floats in base64")
	}
	v := make(vector, n/4)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return v, nil
}

// vectorOfArray reads what the JSON decoder has found to be well formed.
func vectorOfArray(b []byte) (vector, error) {
	if strings.TrimSpace(string(b)) == "" {
		return nil, nil
	}
	v := make(vector, 0, 384)
	for s := range strings.SplitSeq(string(b), ",") {
		f, err := strconv.ParseFloat(strings.TrimSpace(s), 32)
		if err != nil {
			return nil, errors.New("a vector is not of numbers in 32 bits")
		}
		v = append(v, float32(f))
	}
	return v, nil
}
