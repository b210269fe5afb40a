package parse

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"strings"
)

// Bounds of the archives within an archive or e-mail, together: each of them
// would be within its own bounds, and a hundred of them are a bomb still. Those
// are taken out one level deep, so that this is all that one document becomes.
const (
	maxNestedFiles = 1000
	maxNestedBytes = 4 * MaxBytes
)

// tally counts what archives in archives unpack to.
type tally struct {
	files int
	bytes int64
}

var errHeavy = errors.New("more than nested archives may unpack to")

// weigh adds what an archive unpacks to, or is errHeavy. What is damaged counts
// as far as it goes: when it is read it will say so.
func (t *tally) weigh(ctx context.Context, mediaType string, body []byte) error {
	var err error
	switch mediaType {
	case "application/zip":
		err = t.zip(ctx, body)
	case "application/x-tar":
		err = t.tar(contextReader{ctx, bytes.NewReader(body)})
	case "application/x-gzip":
		err = t.gzip(contextReader{ctx, bytes.NewReader(body)})
	}
	if errors.Is(err, errHeavy) || ctx.Err() != nil {
		return errors.Join(err, ctx.Err())
	}
	return nil
}

// add counts a file of what r gives.
func (t *tally) add(r io.Reader) error {
	n, err := io.Copy(io.Discard, io.LimitReader(r, maxNestedBytes-t.bytes+1))
	t.files, t.bytes = t.files+1, t.bytes+n
	if t.files > maxNestedFiles || t.bytes > maxNestedBytes {
		return errHeavy
	}
	return err
}

func (t *tally) zip(ctx context.Context, body []byte) error {
	p, err := openPack(body)
	if err != nil {
		return err
	}
	for _, name := range p.names {
		if strings.HasSuffix(name, "/") {
			continue
		}
		r, err := p.files[name].Open()
		if err != nil {
			return err
		}
		err = t.add(contextReader{ctx, r})
		r.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *tally) tar(r io.Reader) error {
	for in := tar.NewReader(r); ; {
		if _, err := in.Next(); err != nil {
			return err
		}
		if err := t.add(in); err != nil {
			return err
		}
	}
}

func (t *tally) gzip(r io.Reader) error {
	z, err := gzip.NewReader(r)
	if err != nil {
		return err
	}
	b := bufio.NewReaderSize(z, 1<<10)
	if head, _ := b.Peek(512); magic("", head) == "application/x-tar" {
		// The tar itself counts too: what it holds is unpacked from it.
		return t.tar(io.LimitReader(b, maxNestedBytes-t.bytes+1))
	}
	return t.add(b)
}
