package git

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
)

// Kind is what a tree holds under a path.
type Kind int

// Kinds, by their modes.
const (
	Regular   Kind = iota
	Symlink        // 120000
	Submodule      // 160000
)

// File is an entry of a commit's tree.
type File struct {
	Path string // as git holds it: slashes, any bytes but NUL
	Kind Kind
	Blob string // the id of its content
	Size int64  // in bytes; 0 for a submodule
}

// maxPath bounds one path; git itself gives up at about the same.
const maxPath = 64 << 10

// Files yields what a commit holds, in byte order of paths. An error ends it.
func (r *Repository) Files(ctx context.Context, commit string) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		cmd, stderr := command(ctx, r.dir, "none", "ls-tree", "-r", "-l", "-z", "--full-tree", "--end-of-options", commit)
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			yield(File{}, failure(ctx, err, stderr))
			return
		}
		more, err := each(bufio.NewReaderSize(out, maxPath), yield)
		if !more || err != nil {
			cancel()
		}
		if waited := cmd.Wait(); more && err == nil && waited != nil {
			err = failure(ctx, waited, stderr)
		}
		if more && err != nil {
			yield(File{}, err)
		}
	}
}

// each reads the output of ls-tree. It reports whether the caller wants more.
func each(in *bufio.Reader, yield func(File, error) bool) (bool, error) {
	for {
		line, err := in.ReadSlice(0)
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return true, nil
		}
		if err != nil {
			return true, fmt.Errorf("git: read the tree: %w", err)
		}
		f, err := entry(string(line[:len(line)-1]))
		if err != nil {
			return true, err
		}
		if !yield(f, nil) {
			return false, nil
		}
	}
}

// entry reads "mode type id size\tpath".
func entry(line string) (File, error) {
	head, path, ok := strings.Cut(line, "\t")
	fields := strings.Fields(head)
	if !ok || len(fields) != 4 {
		return File{}, fmt.Errorf("git: tree entry %.200q", line)
	}
	f := File{Path: path, Blob: fields[2]}
	switch fields[0] {
	case "120000":
		f.Kind = Symlink
	case "160000":
		f.Kind = Submodule
		return f, nil
	}
	size, err := strconv.ParseInt(fields[3], 10, 64)
	if err != nil {
		return File{}, fmt.Errorf("git: tree entry %.200q", line)
	}
	f.Size = size
	return f, nil
}
