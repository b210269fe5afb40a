package ingest

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// unread fails the test when it is read.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("it was read")
	return 0, errors.New("read")
}

// A gigabyte of zeros is refused for its size, without a read.
func TestHugeFileIsNotRead(t *testing.T) {
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, "zeros.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Truncate(1<<30), f.Close()); err != nil {
		t.Fatal(err)
	}
	tr, err := openTree(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.root.Close()
	if body, _, reason := tr.readFile("zeros.txt"); reason != "larger than 32 MiB" || body != nil {
		t.Errorf("got %d bytes, %q", len(body), reason)
	}
	if _, reason, err := read(unread{t}, "zeros.txt", 1<<30); reason == "" || err != nil {
		t.Errorf("got %q, %v", reason, err)
	}
}
