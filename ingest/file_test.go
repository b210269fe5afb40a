package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
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
	if c := tr.top.readFile("zeros.txt", nil); c.reason != "larger than 32 MiB" || c.body != nil {
		t.Errorf("got %d bytes, %q", len(c.body), c.reason)
	}
	if _, reason, err := read(unread{t}, "zeros.txt", 1<<30); reason == "" || err != nil {
		t.Errorf("got %q, %v", reason, err)
	}
}

// TestFileThatChangesWhileItIsRead: whatever imports make of a file that is being
// written, one that comes after the last write has it as it is.
func TestFileThatChangesWhileItIsRead(t *testing.T) {
	b, root := setUp(t), t.TempDir()
	b.work(WorkerOptions{})
	path := filepath.Join(root, "log.txt")
	text := func(i int) []byte { return bytes.Repeat(fmt.Appendf(nil, "line of writing %d\n", i), 2000) }
	b.ok(os.WriteFile(path, text(0), 0o644))
	done, last := make(chan struct{}), make(chan int, 1)
	stop := sync.OnceFunc(func() { close(done) })
	t.Cleanup(stop)
	go func() {
		i := 1
		for ; ; i++ {
			select {
			case <-done:
				last <- i - 1
				return
			default:
				_ = os.WriteFile(path, text(i), 0o644)
			}
		}
	}()
	spec := ImportSpec{Paths: []string{root}, Sync: true}
	for range 4 {
		b.runImport(spec)
	}
	stop()
	want := strings.TrimSpace(string(text(<-last)))
	b.runImport(spec)
	if got, err := b.in.Text(b.ctx, "docs", uriOf(path), Everything); err != nil || strings.TrimSpace(got) != want {
		t.Errorf("%d bytes that begin with %.40q, want %d that begin with %.40q; %v", len(got), got, len(want), want, err)
	}
}
