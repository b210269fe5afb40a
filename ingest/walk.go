package ingest

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"unicode/utf8"
)

// listed is what a walk meets: a file to read, or something to skip.
type listed struct {
	path   string // absolute, in byte order from one to the next
	rel    string // below the tree's folder
	info   fs.FileInfo
	labels labels
	// reason is why it is skipped; empty for a file to read.
	reason string
	// incomplete: a folder that could not be listed, so files may be missing.
	incomplete bool
	// unnamable: path is not what the folder calls it, and out of order.
	unnamable bool
}

// tree is a root of an import, opened. Nothing outside its folder can be read
// through it, whatever links there are or appear.
type tree struct {
	folder string // that rel paths are below
	root   *os.Root
	file   string // the root itself when it is a file, else empty
	named  string // how the caller names that file
}

// openTree opens a file or a folder. A link at the root itself is followed.
func openTree(root string) (*tree, error) {
	info, err := os.Stat(root)
	if err != nil {
		return nil, fmt.Errorf("%s: %s", root, plain(err))
	}
	t := &tree{folder: root}
	if !info.IsDir() {
		real, err := filepath.EvalSymlinks(root)
		if err != nil {
			return nil, fmt.Errorf("%s: %s", root, plain(err))
		}
		t.folder, t.file, t.named = path.Dir(real), path.Base(real), root
	}
	if t.root, err = os.OpenRoot(t.folder); err != nil {
		return nil, fmt.Errorf("%s: %s", t.folder, plain(err))
	}
	return t, nil
}

func (t *tree) close() { t.root.Close() }

// walk yields what the tree holds in byte order of paths, which is the order of
// documents by URI. Hidden files and folders are left out; links to folders are
// not followed. It holds the names of one folder a level in memory.
func (t *tree) walk() iter.Seq[listed] {
	return func(yield func(listed) bool) {
		if t.file == "" {
			t.walkFolder(".", labels{}, yield)
			return
		}
		said, err := t.labelsOf(".")
		if err != nil {
			yield(t.unlabelled(".", err))
			return
		}
		yield(t.look(t.file, said))
	}
}

// walkFolder walks a folder below one of the given labels.
func (t *tree) walkFolder(rel string, above labels, yield func(listed) bool) bool {
	entries, err := t.entries(rel)
	if err != nil {
		return yield(listed{path: t.abs(rel), rel: rel, reason: "folder cannot be read: " + plain(err), incomplete: true})
	}
	said, err := t.labelsOf(rel)
	if err != nil {
		return yield(t.unlabelled(rel, err))
	}
	said = said.over(above)
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		below := path.Join(rel, e.Name())
		if e.IsDir() && len(t.abs(below)) <= maxURIBytes {
			if !t.walkFolder(below, said, yield) {
				return false
			}
			continue
		}
		if !yield(t.look(below, said)) {
			return false
		}
	}
	return true
}

// entries returns a folder's entries so that walking them gives paths in byte
// order: "a.txt" comes before what is in "a", because "." is less than "/".
func (t *tree) entries(rel string) ([]fs.DirEntry, error) {
	f, err := t.root.Open(rel)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	entries, err := f.ReadDir(-1)
	if err != nil {
		return nil, err
	}
	key := func(e fs.DirEntry) string {
		if e.IsDir() {
			return e.Name() + "/"
		}
		return e.Name()
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(key(a), key(b)) })
	return entries, nil
}

const notUTF8 = "name is not valid UTF-8"

// unlabelled is a folder that is left out whole, because it cannot be told who
// may read what is in it.
func (t *tree) unlabelled(rel string, err error) listed {
	reason := LabelsFile + " cannot be used: " + clip(err.Error(), 200)
	return listed{path: t.abs(rel), rel: rel, reason: reason, incomplete: true}
}

// look says whether a path is a file to read.
func (t *tree) look(rel string, said labels) listed {
	l := listed{path: t.abs(rel), rel: rel, labels: said}
	if !utf8.ValidString(l.path) {
		l.path, l.reason, l.unnamable = strings.ToValidUTF8(l.path, "\uFFFD"), notUTF8, true
		return l
	}
	if len(uriOf(l.path)) > maxURIBytes {
		l.reason = fmt.Sprintf("path is longer than %d bytes", maxURIBytes)
		return l
	}
	info, err := t.root.Stat(rel)
	if err != nil {
		l.reason = t.unreachable(rel, err)
		return l
	}
	l.info, l.reason = info, notRegular(info.Mode())
	if info.IsDir() {
		l.reason = "symbolic link to a folder, not followed"
	}
	return l
}

// unreachable tells a link that cannot be followed from a file that cannot be seen.
func (t *tree) unreachable(rel string, err error) string {
	if link, lerr := t.root.Lstat(rel); lerr == nil && link.Mode()&fs.ModeSymlink != 0 {
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ELOOP) {
			return "symbolic link that leads nowhere"
		}
		return "symbolic link that leads out of the folder"
	}
	return unreadable(err)
}

func (t *tree) abs(rel string) string {
	if t.file != "" {
		return t.named
	}
	return path.Join(t.folder, rel)
}

// uriOf is the URI of a file's document. It is for people to read, so nothing
// is escaped.
func uriOf(path string) string { return "file://" + path }

// notRegular is why something that is not a file is skipped, or empty.
func notRegular(m fs.FileMode) string {
	switch {
	case m.IsRegular():
		return ""
	case m&fs.ModeNamedPipe != 0:
		return "named pipe, not a file"
	case m&fs.ModeSocket != 0:
		return "socket, not a file"
	case m&fs.ModeDevice != 0:
		return "device, not a file"
	}
	return "not a regular file"
}

// plain is an error without the path that every os error repeats.
func plain(err error) string {
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}
