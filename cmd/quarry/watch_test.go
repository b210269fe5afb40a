package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fsnotify/fsnotify"
)

// TestAwait: many changes are one round, a stream of them is not put off for
// ever, and without any the clock decides.
func TestAwait(t *testing.T) {
	for _, c := range []struct {
		name   string
		every  time.Duration // between hints; 0: none come
		count  int
		want   time.Duration
		hinted bool
	}{
		{"none", 0, 0, time.Minute, false},
		{"one", 100 * time.Millisecond, 1, 600 * time.Millisecond, true},
		{"a burst", 100 * time.Millisecond, 10, 1500 * time.Millisecond, true},
		{"without end", 100 * time.Millisecond, 1000, 5100 * time.Millisecond, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				hints := make(chan struct{})
				go func() {
					for range c.count {
						select {
						case <-time.After(c.every):
						case <-ctx.Done():
							return
						}
						select {
						case hints <- struct{}{}:
						case <-ctx.Done():
							return
						}
					}
				}()
				began := time.Now()
				hinted, err := await(ctx, hints, time.Minute)
				if took := time.Since(began); took != c.want || hinted != c.hinted || err != nil {
					t.Errorf("after %s, hinted %v, %v; want %s", took, hinted, err, c.want)
				}
			})
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := await(ctx, nil, time.Minute); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// hinted fails the test when no hint comes.
func hinted(t *testing.T, h *hints, of string) {
	t.Helper()
	select {
	case <-h.changed:
	case <-time.After(10 * time.Second):
		t.Fatalf("no hint of %s", of)
	}
}

func TestHints(t *testing.T) {
	root, other := t.TempDir(), t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.MkdirAll(root+"/a/b", 0o755))
	must(os.MkdirAll(root+"/.hidden/x", 0o755))
	must(os.WriteFile(other+"/one.md", []byte("x"), 0o644))
	h, err := watchFiles([]string{root, other + "/one.md"})
	must(err)
	defer h.close()
	write := func(path string) { must(os.WriteFile(path, []byte(path), 0o644)) }
	for _, change := range []struct {
		what string
		do   func()
	}{
		{"a file", func() { write(root + "/a/b/c.md") }},
		{"a rename", func() { must(os.Rename(root+"/a/b/c.md", root+"/a/b/d.md")) }},
		{"a new folder", func() { must(os.Mkdir(root+"/new", 0o755)) }},
		{"a file that is watched alone", func() { write(other + "/one.md") }},
		{"a removal", func() { must(os.Remove(root + "/a/b/d.md")) }},
	} {
		change.do()
		hinted(t, h, change.what)
		h.drain(t, root)
	}
	write(root + "/new/in.md")
	hinted(t, h, "a file in the new folder")
	if got := len(h.watcher.WatchList()); got != 5 {
		t.Errorf("%d folders are watched: %q", got, h.watcher.WatchList())
	}
	if _, err := watchFiles([]string{filepath.Join(root, "nowhere")}); err == nil {
		t.Error("a path that is not there is watched")
	}
}

func TestWhatGivesNoHint(t *testing.T) {
	h := &hints{changed: make(chan struct{}, 1), files: map[string]bool{"/one/a.md": true}}
	for event, want := range map[fsnotify.Event]int{
		{Name: "/one/a.md", Op: fsnotify.Write}:                  1,
		{Name: "/one/a.md", Op: fsnotify.Chmod}:                  0,
		{Name: "/one/neighbour.md", Op: fsnotify.Write}:          0,
		{Name: "/two/x.md", Op: fsnotify.Write}:                  1,
		{Name: "/two/.x.md.swp", Op: fsnotify.Create}:            0,
		{Name: "/two/x.md", Op: fsnotify.Write | fsnotify.Chmod}: 1,
		{Name: "/two/.quarry.yaml", Op: fsnotify.Write}:          1,
		{Name: "/one/.quarry.yaml", Op: fsnotify.Remove}:         1,
	} {
		h.event(event)
		if len(h.changed) != want {
			t.Errorf("%s: %d hints", event, len(h.changed))
		}
		h.changed = make(chan struct{}, 1)
	}
}

// drain waits until all that has happened so far is known, by something that
// happens after it.
func (h *hints) drain(t *testing.T, root string) {
	t.Helper()
	mark := filepath.Join(root, "mark")
	if err := os.WriteFile(mark, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(mark); err != nil {
		t.Fatal(err)
	}
	hinted(t, h, "the mark")
	for len(h.changed) > 0 {
		<-h.changed
	}
}
