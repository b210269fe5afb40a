package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/quarry-rag/quarry/ingest/parse"
)

// headBytes of a file tell most formats, so that a file of another format need
// not be read whole.
const headBytes = 64 << 10

// tooYoung is the age below which a file's time of change does not prove that
// it is unchanged: a second write within the clock's tick would not show.
const tooYoung = 2 * time.Second

// readFile returns a file's content, or why it is skipped. Content of the known
// hash is not looked at for its format: it was accepted under this name before. It
// never blocks on something that has become a pipe meanwhile. A file that changes
// while it is read is read once more.
func (d *dir) readFile(name string, known []byte) content {
	for range 2 {
		if c, stable := d.readOnce(name, known); stable || c.reason != "" {
			return c
		}
	}
	return content{reason: "changes while it is read"}
}

func (d *dir) readOnce(name string, known []byte) (c content, stable bool) {
	f, err := d.openFile(name)
	if err != nil {
		return content{reason: unreadable(err)}, false
	}
	defer f.Close()
	before, err := f.Stat()
	if err != nil {
		return content{reason: unreadable(err)}, false
	}
	if reason := notRegular(before.Mode()); reason != "" {
		return content{reason: reason}, false
	}
	body, reason, err := readWhole(f, name, before.Size(), 0) // its size is asked for once more
	if err != nil {
		reason = unreadable(err)
	}
	if reason != "" {
		return content{reason: reason}, false
	}
	after, err := f.Stat()
	if err != nil {
		return content{reason: unreadable(err)}, false
	}
	if after.Size() != before.Size() || !after.ModTime().Equal(before.ModTime()) || int64(len(body)) != after.Size() {
		return content{}, false
	}
	c = content{body: body, hash: contentHash("", "", body)}
	if !bytes.Equal(c.hash, known) {
		if reason := refused(name, body); reason != "" {
			return content{reason: reason}, false
		}
	}
	if at := after.ModTime(); time.Since(at) >= tooYoung {
		c.state.modified = &at
	}
	return c, true
}

// read reads a file of a format and size that are accepted.
func read(f io.Reader, name string, size int64) (body []byte, reason string, err error) {
	body, reason, err = readWhole(f, name, size, 1)
	if err == nil && reason == "" {
		reason = refused(name, body)
	}
	if err != nil || reason != "" {
		return nil, reason, err
	}
	return body, "", nil
}

// refused is why a file's format is not accepted, or empty.
func refused(name string, body []byte) string {
	if mt := parse.Detect(name, body); !parse.Supported(mt) {
		return unsupported(mt)
	}
	return ""
}

// readWhole reads a file of a size that is accepted, and tries for so many bytes
// beyond: one shows that it grew. Of a large file the format may turn out not to be
// accepted before all of it is read.
func readWhole(f io.Reader, name string, size int64, beyond int) (body []byte, reason string, err error) {
	if size > MaxDocumentBytes {
		return nil, fmt.Sprintf("larger than %d MiB", MaxDocumentBytes>>20), nil
	}
	if size == 0 {
		return nil, "empty file", nil
	}
	body = make([]byte, 0, size+1)
	if size > headBytes {
		if body, err = fill(f, body, headBytes, headBytes); err != nil {
			return nil, "", err
		}
		// What an archive holds shows at its end.
		if mt := parse.Detect(name, body); !parse.Supported(mt) && mt != "application/zip" {
			return nil, unsupported(mt), nil
		}
	}
	body, err = fill(f, body, int(size)+beyond, int(size)+1)
	return body, "", err
}

func unsupported(mediaType string) string { return "format not supported: " + mediaType }

// fill appends to b from f until b has least bytes, and never more than most, or f
// ends.
func fill(f io.Reader, b []byte, least, most int) ([]byte, error) {
	got, err := io.ReadAtLeast(f, b[len(b):most], least-len(b))
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return b[:len(b)+got], err
}

func unreadable(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "vanished while the folder was read"
	case errors.Is(err, fs.ErrPermission):
		return "cannot be read: permission denied"
	}
	return "cannot be read: " + plain(err)
}
