package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/fsnotify/fsnotify"

	"github.com/quarry-rag/quarry/ingest"
)

// hints tell that something below paths may have changed. They may be missing or
// needless: the system drops events under load, and has a limit of folders. Only
// a new look at the files tells the truth.
type hints struct {
	// changed holds at most one hint.
	changed chan struct{}
	watcher *fsnotify.Watcher
	files   map[string]bool // paths that are files, whose folders are watched
	done    chan struct{}
}

// watchFiles gives hints until close is called. The error says why some or all
// changes will give none; the hints that there are can be used.
func watchFiles(paths []string) (*hints, error) {
	h := &hints{changed: make(chan struct{}, 1), files: map[string]bool{}, done: make(chan struct{})}
	var err error
	if h.watcher, err = fsnotify.NewWatcher(); err != nil {
		close(h.done)
		return h, err
	}
	for _, p := range paths {
		info, statErr := os.Stat(p)
		switch {
		case statErr != nil:
			err = errors.Join(err, statErr)
		case info.IsDir():
			err = errors.Join(err, h.add(p))
		default:
			h.files[p] = true
			err = errors.Join(err, h.watcher.Add(filepath.Dir(p)))
		}
	}
	go h.run(paths)
	return h, err
}

// add watches a folder and those in it, as far as an import reads them.
func (h *hints) add(root string) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil || !d.IsDir():
			return nil // the import itself says what cannot be read
		case path != root && strings.HasPrefix(d.Name(), "."):
			return filepath.SkipDir
		}
		return h.watcher.Add(path)
	})
}

// renew watches what is not watched yet or any more: folders that came unseen or
// were replaced. What fails is left to the periodic look.
func (h *hints) renew(paths []string) {
	for _, p := range paths {
		switch {
		case h.watcher == nil:
		case h.files[p]:
			_ = h.watcher.Add(filepath.Dir(p))
		default:
			_ = h.add(p)
		}
	}
}

func (h *hints) run(paths []string) {
	defer close(h.done)
	for {
		select {
		case e, ok := <-h.watcher.Events:
			if !ok {
				return
			}
			h.event(e)
		case err, ok := <-h.watcher.Errors:
			if !ok {
				return
			}
			if errors.Is(err, fsnotify.ErrEventOverflow) { // new folders may be among what was dropped
				h.renew(paths)
			}
			h.hint()
		}
	}
}

func (h *hints) event(e fsnotify.Event) {
	name := filepath.Base(e.Name)
	said := name == ingest.LabelsFile // for all around it and below
	if e.Op == fsnotify.Chmod || strings.HasPrefix(name, ".") && !said {
		return
	}
	if len(h.files) > 0 && !said && !h.concerns(e.Name) {
		return
	}
	if info, err := os.Lstat(e.Name); err == nil && info.IsDir() && e.Has(fsnotify.Create) {
		_ = h.add(e.Name) // without it, the periodic look sees what is in it
	}
	h.hint()
}

// concerns tells events of a file from those of its neighbours, which are only
// watched for its sake.
func (h *hints) concerns(path string) bool {
	if h.files[path] {
		return true
	}
	for f := range h.files {
		if filepath.Dir(f) == filepath.Dir(path) {
			return false
		}
	}
	return true
}

func (h *hints) hint() {
	select {
	case h.changed <- struct{}{}:
	default:
	}
}

func (h *hints) close() {
	if h.watcher != nil {
		h.watcher.Close()
	}
	<-h.done
}
