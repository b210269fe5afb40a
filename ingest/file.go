package ingest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/quarry-rag/quarry/ingest/parse"
)

// headBytes of a file tell most formats, so that a file of another format need
// not be read whole.
const headBytes = 64 << 10

// tooYoung is the age below which a file's time of change does not prove that
// it is unchanged: a second write within the clock's tick would not show.
const tooYoung = 2 * time.Second

// readFile returns a file's bytes and its time of change, or why it is skipped.
// It never blocks on something that has become a pipe meanwhile. A file that
// changes while it is read is read once more.
func (t *tree) readFile(rel string) (body []byte, modified *time.Time, reason string) {
	for range 2 {
		body, info, stable, reason := t.readOnce(rel)
		if reason != "" {
			return nil, nil, reason
		}
		if stable {
			at := info.ModTime()
			if age := time.Since(at); age < tooYoung {
				return body, nil, ""
			}
			return body, &at, ""
		}
	}
	return nil, nil, "changes while it is read"
}

func (t *tree) readOnce(rel string) (body []byte, info fs.FileInfo, stable bool, reason string) {
	f, err := t.root.OpenFile(rel, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, false, unreadable(err)
	}
	defer f.Close()
	before, err := f.Stat()
	if err != nil {
		return nil, nil, false, unreadable(err)
	}
	if reason := notRegular(before.Mode()); reason != "" {
		return nil, nil, false, reason
	}
	body, reason, err = read(f, rel, before.Size())
	if err != nil {
		return nil, nil, false, unreadable(err)
	}
	if reason != "" {
		return nil, nil, false, reason
	}
	after, err := f.Stat()
	if err != nil {
		return nil, nil, false, unreadable(err)
	}
	stable = after.Size() == before.Size() && after.ModTime().Equal(before.ModTime()) && int64(len(body)) == after.Size()
	return body, after, stable, ""
}

// read reads a file of a format and size that are accepted.
func read(f io.Reader, name string, size int64) (body []byte, reason string, err error) {
	if size > MaxDocumentBytes {
		return nil, fmt.Sprintf("larger than %d MiB", MaxDocumentBytes>>20), nil
	}
	if size == 0 {
		return nil, "empty file", nil
	}
	body = make([]byte, 0, size+1)
	if body, err = fill(f, body, int(min(size, headBytes))); err != nil {
		return nil, "", err
	}
	// What an archive holds shows at its end.
	mt := parse.Detect(name, body)
	if !parse.Supported(mt) && mt != "application/zip" {
		return nil, unsupported(mt), nil
	}
	// One byte more than expected shows that the file grew.
	head := len(body)
	if body, err = fill(f, body, int(size)+1); err != nil {
		return nil, "", err
	}
	if len(body) == head && parse.Supported(mt) {
		return body, "", nil // all of it has been looked at
	}
	if mt := parse.Detect(name, body); !parse.Supported(mt) {
		return nil, unsupported(mt), nil
	}
	return body, "", nil
}

func unsupported(mediaType string) string { return "format not supported: " + mediaType }

// fill appends to b from f until b has n bytes or f ends.
func fill(f io.Reader, b []byte, n int) ([]byte, error) {
	got, err := io.ReadFull(f, b[len(b):n])
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
