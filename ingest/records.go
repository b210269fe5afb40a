package ingest

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"syscall"
)

// Numbered is a line of a file of records.
type Numbered struct {
	Line int // from 1
	// Reason is why the line is no document; empty when it is.
	Reason   string
	Document Document
}

// record is a line as it is written.
type record struct {
	URI        string         `json:"uri"`
	ID         string         `json:"_id"`
	MediaType  string         `json:"media_type"`
	Metadata   map[string]any `json:"metadata"`
	Principals []string       `json:"principals"`
	prepackaged
}

// ReadRecords yields the documents of a JSONL stream, which may be gzipped: a
// line each of "uri" or "_id", "title", "text", "media_type", "metadata",
// "principals" and, where they are given, the "vector" or the "chunks" of
// PreparedType. A line that is no document says why and the next one follows; an
// error of r ends the sequence. Memory is that of one line of at most
// MaxDocumentBytes.
func ReadRecords(r io.Reader) iter.Seq2[Numbered, error] {
	return func(yield func(Numbered, error) bool) {
		in, err := plainRecords(r)
		if err != nil {
			yield(Numbered{}, err)
			return
		}
		for n := 1; ; n++ {
			line, long, err := readLine(in)
			if err != nil && !errors.Is(err, io.EOF) {
				yield(Numbered{Line: n}, fmt.Errorf("line %d: %w", n, err))
				return
			}
			if (long || len(line) > 0) && !yield(numbered(n, line, long), nil) {
				return
			}
			if err != nil {
				return
			}
		}
	}
}

func plainRecords(r io.Reader) (*bufio.Reader, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	if magic, _ := in.Peek(2); string(magic) != "\x1f\x8b" {
		return in, nil
	}
	z, err := gzip.NewReader(in)
	if err != nil {
		return nil, err
	}
	return bufio.NewReaderSize(z, 64<<10), nil
}

// readLine returns a line without the white space around it. Of one that is too
// long it reads on to the end and returns nothing.
func readLine(in *bufio.Reader) (line []byte, long bool, err error) {
	for {
		part, err := in.ReadSlice('\n')
		if long = long || len(line)+len(part) > MaxDocumentBytes; long {
			line = nil
		} else {
			line = append(line, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return trimSpace(line), long, err
		}
	}
}

func trimSpace(b []byte) []byte {
	space := func(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }
	for len(b) > 0 && space(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	for len(b) > 0 && space(b[0]) {
		b = b[1:]
	}
	return b
}

func numbered(n int, line []byte, long bool) Numbered {
	if long {
		return Numbered{Line: n, Reason: fmt.Sprintf("line longer than %d MiB", MaxDocumentBytes>>20)}
	}
	var r record
	if err := json.Unmarshal(line, &r); err != nil {
		return Numbered{Line: n, Reason: "not a record: " + clip(misfit(err), 200)}
	}
	d, err := r.document()
	if err != nil {
		return Numbered{Line: n, Reason: "not a record: " + clip(err.Error(), 200)}
	}
	return Numbered{Line: n, Document: d}
}

// misfit is a decoder's error without the names of Go's types.
func misfit(err error) string {
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		if e.Field == "" {
			return "a JSON " + e.Value + ", not an object"
		}
		return fmt.Sprintf("%q cannot be a JSON %s", e.Field, e.Value)
	}
	return err.Error()
}

func (r *record) document() (Document, error) {
	d := Document{URI: r.URI, Title: r.Title, MediaType: r.MediaType, Metadata: r.Metadata, Principals: r.Principals}
	if d.URI == "" {
		d.URI = r.ID
	}
	if d.URI == "" {
		return d, errors.New(`neither "uri" nor "_id"`)
	}
	if r.Vector == nil && len(r.Chunks) == 0 {
		d.Body = []byte(r.Text)
		if d.MediaType == "" {
			d.MediaType = "text/plain"
		}
		return d, nil
	}
	if err := r.place(); err != nil {
		return d, err
	}
	r.Title = ""
	body, err := json.Marshal(r.prepackaged)
	d.Body, d.MediaType = body, PreparedType
	return d, err
}

// recordFile is a file of records as a source.
type recordFile struct {
	path string
	f    *os.File
}

func openRecords(path string) (*recordFile, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("%s: %s", path, plain(err))
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("not a file")
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %s", path, plain(err))
	}
	return &recordFile{path, f}, nil
}

func (r *recordFile) name() string { return uriOf(r.path) }
func (r *recordFile) close()       { r.f.Close() }

func (r *recordFile) list(context.Context) iter.Seq2[item, error] {
	return func(yield func(item, error) bool) {
		for n, err := range ReadRecords(r.f) {
			if err != nil {
				yield(item{}, fmt.Errorf("%s: %w", r.path, err))
				return
			}
			if !yield(r.item(n), nil) {
				return
			}
		}
	}
}

func (r *recordFile) item(n Numbered) item {
	it := item{uri: n.Document.URI, label: fmt.Sprintf("%s:%d", r.path, n.Line), reason: n.Reason}
	if it.reason != "" {
		it.nameless = true
		return it
	}
	// Its vectors are checked already: offerOf would read them once more.
	d := n.Document
	mediaType := d.MediaType
	if mediaType == PreparedType {
		d.MediaType = ""
	}
	o, err := offerOf(d)
	if err != nil {
		it.reason, it.nameless = "not a record: "+err.Error(), true
		return it
	}
	it.held = len(o.body)
	it.read = func(context.Context, state) (content, error) {
		return content{
			body: o.body, mediaType: mediaType, title: o.title,
			given: true, metadata: o.metadata, principals: o.principals,
		}, nil
	}
	return it
}
