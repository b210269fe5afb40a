package ingest

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"
)

// dir is a folder of a tree. It is kept open for a while: a file is looked up in
// it, not by its path from the top, which would open every folder on the way.
// Nothing outside the folder can be read through it.
type dir struct {
	tree  *tree
	above *dir
	name  string // in above
	rel   string // below the tree's folder
	uri   string // begins the URIs of what lies in it
	root  *os.Root
}

// openDirs is how many folders a tree keeps open: those of the files that are read
// ahead. What lies in one that is closed is looked up from the top.
const openDirs = 64

func (d *dir) below(name string) *dir {
	return &dir{tree: d.tree, above: d, name: name, rel: path.Join(d.rel, name), uri: d.uri + name + "/"}
}

// open opens a folder that is below another.
func (d *dir) open() (err error) {
	if d.root, err = in(d.above, d.name, (*os.Root).OpenRoot); err != nil {
		return err
	}
	t := d.tree
	if t.open = append(t.open, d.root); len(t.open) > openDirs {
		t.open[0].Close()
		t.open = t.open[1:]
	}
	return nil
}

// in does with a name in d what f does with one in a root.
func in[T any](d *dir, name string, f func(*os.Root, string) (T, error)) (T, error) {
	v, err := f(d.root, name)
	if errors.Is(err, os.ErrClosed) {
		return f(d.tree.root, path.Join(d.rel, name))
	}
	return v, err
}

// openFile opens a file to read. It never blocks on a pipe.
func (d *dir) openFile(name string) (*os.File, error) {
	return in(d, name, func(r *os.Root, name string) (*os.File, error) {
		return r.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	})
}

// entry is a name in a folder and what it stands for: a link itself, not what it
// leads to.
type entry struct {
	name string
	info fs.FileInfo
	err  error // then there is no info
}

func (d *dir) entry(name string) entry {
	info, err := in(d, name, (*os.Root).Lstat)
	return entry{name, info, err}
}

func (e *entry) isDir() bool { return e.err == nil && e.info.IsDir() }

// key is what entries are sorted by: "a.txt" comes before what is in "a", because
// "." is less than "/".
func (e *entry) key() string {
	if e.isDir() {
		return e.name + "/"
	}
	return e.name
}

// entries opens the folder and returns what is not hidden in it, so that walking
// it gives paths in byte order.
func (d *dir) entries() ([]entry, error) {
	if d.root == nil {
		if err := d.open(); err != nil {
			return nil, err
		}
	}
	f, err := in(d, ".", (*os.Root).Open)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	all := make([]entry, 0, len(names))
	for _, name := range names {
		if !strings.HasPrefix(name, ".") {
			all = append(all, d.entry(name))
		}
	}
	slices.SortFunc(all, func(a, b entry) int { return strings.Compare(a.key(), b.key()) })
	return all, nil
}
