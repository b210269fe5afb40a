package parse

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"path"
	"strings"
)

// readZip, readTar and readGzip read archives as folders: the files in them
// become attachments, and there is no text. More than fits the bounds of
// attachments is an error, so that no part of a folder is left out unseen.

func readZip(ctx context.Context, body []byte) (Parsed, error) {
	p, err := openPack(body)
	if err != nil {
		return Parsed{}, err
	}
	p.limit = maxAttachmentBytes
	var files attachments
	for _, name := range p.names {
		if ctx.Err() != nil {
			return Parsed{}, ctx.Err()
		}
		if strings.HasSuffix(name, "/") || hidden(name) {
			continue
		}
		if !files.room(0) {
			return Parsed{}, errTooManyFiles()
		}
		b, err := p.file(name)
		if err != nil {
			return Parsed{}, err
		}
		if err := files.add(ctx, name, b); err != nil {
			return Parsed{}, tooHeavy(err)
		}
	}
	return files.folder()
}

func readTar(ctx context.Context, body []byte) (Parsed, error) {
	return tarFiles(ctx, bytes.NewReader(body))
}

func readGzip(ctx context.Context, body []byte) (Parsed, error) {
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return Parsed{}, Permanent("damaged: not whole gzip data (%v)", err)
	}
	b, err := io.ReadAll(io.LimitReader(contextReader{ctx, z}, maxAttachmentBytes+1))
	switch {
	case ctx.Err() != nil:
		return Parsed{}, ctx.Err()
	case err != nil:
		return Parsed{}, Permanent("damaged: not whole gzip data (%v)", err)
	case len(b) > maxAttachmentBytes:
		return Parsed{}, errTooLarge()
	}
	if magic("", b) == "application/x-tar" {
		return tarFiles(ctx, bytes.NewReader(b))
	}
	var files attachments
	if err := files.add(ctx, z.Name, b); err != nil {
		return Parsed{}, tooHeavy(err)
	}
	return files.folder()
}

func tarFiles(ctx context.Context, r io.Reader) (Parsed, error) {
	t := tar.NewReader(r)
	var files attachments
	for {
		if ctx.Err() != nil {
			return Parsed{}, ctx.Err()
		}
		h, err := t.Next()
		switch {
		case errors.Is(err, io.EOF):
			return files.folder()
		case err != nil:
			return Parsed{}, Permanent("damaged: not a whole tar archive (%v)", err)
		case h.Typeflag != tar.TypeReg || hidden(h.Name):
			continue
		case !files.room(0):
			return Parsed{}, errTooManyFiles()
		case h.Size > int64(maxAttachmentBytes-files.bytes):
			return Parsed{}, errTooLarge()
		}
		b, err := io.ReadAll(t)
		if err != nil {
			return Parsed{}, Permanent("damaged: not a whole tar archive (%v)", err)
		}
		if err := files.add(ctx, h.Name, b); err != nil {
			return Parsed{}, tooHeavy(err)
		}
	}
}

// hidden names are what systems leave in archives, not what people put there.
func hidden(name string) bool {
	return strings.HasPrefix(path.Base(name), ".") || strings.HasPrefix(name, "__MACOSX/")
}

func (a *attachments) folder() (Parsed, error) {
	if len(a.list) == 0 {
		return Parsed{}, Permanent("an archive without files")
	}
	return Parsed{Attachments: a.list, Metadata: map[string]any{"files": len(a.list)}}, nil
}

func errTooManyFiles() error {
	return Permanent("an archive of more than %d files: unpack it and send the folder", maxAttachments)
}

func errTooLarge() error {
	return Permanent("an archive of more than %d MB when unpacked: unpack it and send the folder", maxAttachmentBytes>>20)
}

// tooHeavy is the reason that archives in an archive give.
func tooHeavy(err error) error {
	if !errors.Is(err, errHeavy) {
		return err
	}
	return Permanent("the archives in it unpack to more than %d files or %d MB together: it may be a zip bomb; unpack it and send the folder",
		maxNestedFiles, maxNestedBytes>>20)
}

// contextReader ends with ctx's error when ctx ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(b)
}
