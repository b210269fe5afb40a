package ingest

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"unicode/utf8"
)

// listed is what a walk meets: a file to read, or something to skip.
type listed struct {
	uri    string // in byte order from one to the next
	in     *dir   // where it is read, by this name
	name   string
	info   fs.FileInfo
	labels labels
	// reason is why it is skipped; empty for a file to read.
	reason string
	// incomplete: a folder that could not be listed, so files may be missing.
	incomplete bool
	// unnamable: uri is not what the folder calls it, and out of order.
	unnamable bool
}

// path is absolute.
func (l *listed) path() string { return l.uri[len(uriOf("")):] }

// tree is a root of an import, opened. Nothing outside its folder can be read
// through it, whatever links there are or appear.
type tree struct {
	folder string // that is opened
	root   *os.Root
	top    *dir       // of root
	open   []*os.Root // folders below it, the latest last
	file   string     // the root itself when it is a file, else empty
	named  string     // how the caller names that file
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
	t.top = &dir{tree: t, rel: ".", uri: uriOf(folder(t.folder)), root: t.root}
	return t, nil
}

func (t *tree) close() {
	for _, r := range t.open {
		r.Close()
	}
	t.root.Close()
}

// at is the path of the root as the caller names it.
func (t *tree) at() string {
	if t.file != "" {
		return t.named
	}
	return t.folder
}

// walk yields what the tree holds in byte order of paths, which is the order of
// documents by URI. Hidden files and folders are left out; links to folders are
// not followed. It holds the names of one folder a level in memory.
func (t *tree) walk() iter.Seq[listed] {
	return func(yield func(listed) bool) {
		if t.file == "" {
			t.top.walk(labels{}, yield)
			return
		}
		said, err := t.top.labels()
		l := t.top.look(t.top.entry(t.file), said)
		if err != nil {
			l = t.top.unlabelled(err)
		}
		l.uri = uriOf(t.named)
		yield(l)
	}
}

// walk walks a folder below one of the given labels.
func (d *dir) walk(above labels, yield func(listed) bool) bool {
	entries, err := d.entries()
	if err != nil {
		return yield(d.skipped("folder cannot be read: " + plain(err)))
	}
	said, err := d.labels()
	if err != nil {
		return yield(d.unlabelled(err))
	}
	said = said.over(above)
	for _, e := range entries {
		if e.isDir() && len(d.uri)+len(e.name) <= maxURIBytes {
			if !d.below(e.name).walk(said, yield) {
				return false
			}
			continue
		}
		if !yield(d.look(e, said)) {
			return false
		}
	}
	return true
}

// skipped is a folder that is left out whole.
func (d *dir) skipped(reason string) listed {
	l := named(strings.TrimSuffix(d.uri, "/"))
	l.reason, l.incomplete = reason, true
	return l
}

// unlabelled is a folder of which it cannot be told who may read what is in it.
func (d *dir) unlabelled(err error) listed {
	return d.skipped(LabelsFile + " cannot be used: " + clip(err.Error(), 200))
}

const notUTF8 = "name is not valid UTF-8"

// named is something of that URI, made one that can be stored.
func named(uri string) listed {
	if !utf8.ValidString(uri) {
		return listed{uri: strings.ToValidUTF8(uri, "\uFFFD"), reason: notUTF8, unnamable: true}
	}
	return listed{uri: uri}
}

// look says whether an entry is a file to read.
func (d *dir) look(e entry, said labels) listed {
	l := named(d.uri + e.name)
	l.in, l.name, l.labels = d, e.name, said
	switch {
	case l.unnamable:
		return l
	case len(l.uri) > maxURIBytes:
		l.reason = fmt.Sprintf("path is longer than %d bytes", maxURIBytes)
		return l
	case e.err != nil:
		l.reason = unreadable(e.err)
		return l
	}
	l.info = e.info
	if e.info.Mode()&fs.ModeSymlink != 0 {
		// It may lead to anywhere in the tree.
		l.in, l.name = d.tree.top, path.Join(d.rel, e.name)
		var err error
		if l.info, err = d.tree.root.Stat(l.name); err != nil {
			l.reason = deadLink(err)
			return l
		}
	}
	l.reason = notRegular(l.info.Mode())
	if l.info.IsDir() {
		l.reason = "symbolic link to a folder, not followed"
	}
	return l
}

// deadLink tells why a link cannot be followed.
func deadLink(err error) string {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ELOOP) {
		return "symbolic link that leads nowhere"
	}
	return "symbolic link that leads out of the folder"
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
