package eval

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"
)

// Limits of what is read, after decompression.
const (
	maxLine = 64 << 20 // bytes; a document of 32 MiB as JSON
	maxFile = 64 << 30 // bytes
)

// line is one line of a file, for errors that name it.
type line struct {
	file   string
	number int // from 1
	text   string
}

func (l line) errorf(format string, a ...any) error {
	return fmt.Errorf("%s:%d: %w", l.file, l.number, fmt.Errorf(format, a...))
}

// readLines yields the lines of a file that are not blank, without their line
// ends; a name that ends in .gz is decompressed. The first error ends it.
func readLines(path string) iter.Seq2[line, error] {
	return func(yield func(line, error) bool) {
		r, closeFile, err := openFile(path)
		if err != nil {
			yield(line{file: path}, err)
			return
		}
		defer closeFile()
		scanLines(path, r, yield)
	}
}

func scanLines(name string, r io.Reader, yield func(line, error) bool) {
	limited := &io.LimitedReader{R: r, N: maxFile}
	s := bufio.NewScanner(limited)
	s.Buffer(make([]byte, 0, 64<<10), maxLine)
	at := line{file: name}
	for s.Scan() {
		at.number++
		at.text = s.Text()
		if at.number == 1 {
			at.text = strings.TrimPrefix(at.text, "\ufeff")
		}
		if strings.TrimSpace(at.text) != "" && !yield(at, nil) {
			return
		}
	}
	at.number++
	switch err := s.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		yield(at, at.errorf("longer than %d MiB", maxLine>>20))
	case err != nil:
		yield(at, at.errorf("read: %w", err))
	case limited.N <= 0:
		yield(at, at.errorf("the file is larger than %d GiB", maxFile>>30))
	}
}

func openFile(path string) (io.Reader, func(), error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	if !strings.HasSuffix(path, ".gz") {
		return f, func() { f.Close() }, nil
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		f.Close()
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return z, func() { z.Close(); f.Close() }, nil
}

// findFile returns the first of the names, plain or with .gz, that is in dir,
// or "" when none is.
func findFile(dir string, names ...string) string {
	for _, n := range names {
		for _, path := range []string{dir + "/" + n, dir + "/" + n + ".gz"} {
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
				return path
			}
		}
	}
	return ""
}
