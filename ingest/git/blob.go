package git

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os/exec"
	"strings"
)

// blobs is a running `git cat-file --batch`.
type blobs struct {
	stop context.CancelFunc
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
	left *io.LimitedReader // of the last blob
}

// Blob opens a blob by its id and returns its size in bytes. The reader is good
// until the next call.
func (r *Repository) Blob(ctx context.Context, id string) (io.Reader, int64, error) {
	if r.blobs == nil {
		b, err := startBlobs(ctx, r.dir)
		if err != nil {
			return nil, 0, err
		}
		r.blobs = b
	}
	return r.blobs.open(id)
}

func startBlobs(ctx context.Context, dir string) (*blobs, error) {
	ctx, stop := context.WithCancel(ctx)
	cmd, stderr := command(ctx, dir, "none", "cat-file", "--batch")
	in, err := cmd.StdinPipe()
	if err != nil {
		stop()
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		stop()
		return nil, failure(ctx, err, stderr)
	}
	return &blobs{stop: stop, cmd: cmd, in: in, out: bufio.NewReaderSize(out, 64<<10)}, nil
}

func (b *blobs) open(id string) (io.Reader, int64, error) {
	if b.left != nil { // what the caller left of the last one, and its newline
		if _, err := io.CopyN(io.Discard, b.out, b.left.N+1); err != nil {
			return nil, 0, fmt.Errorf("git: skip the rest of a blob: %w", err)
		}
		b.left = nil
	}
	if _, err := fmt.Fprintln(b.in, id); err != nil {
		return nil, 0, fmt.Errorf("git: ask for blob %s: %w", id, err)
	}
	head, err := b.out.ReadString('\n')
	if err != nil {
		return nil, 0, fmt.Errorf("git: read blob %s: %w", id, err)
	}
	var got, kind string
	var size int64
	if n, _ := fmt.Sscanf(head, "%s %s %d", &got, &kind, &size); n != 3 || kind != "blob" {
		return nil, 0, fmt.Errorf("git: %s", strings.TrimSpace(head))
	}
	b.left = &io.LimitedReader{R: b.out, N: size}
	return b.left, size, nil
}

func (b *blobs) close() {
	b.in.Close()
	b.stop()
	_ = b.cmd.Wait() // killed
}
