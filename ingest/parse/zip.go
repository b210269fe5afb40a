package parse

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"path"
	"slices"
	"strings"
)

// Bounds of archives: an office document of 32 MiB that a person made expands
// some twenty times; what goes far beyond is made to fill memory.
const (
	maxEntries  = 20_000
	maxExpanded = 256 << 20 // of all entries that are read
	maxEntry    = 128 << 20
	maxRatio    = 200 // of an entry over freeEntry
	freeEntry   = 1 << 20
)

// pack is a zip archive being read, with its bounds. Names are only ever looked
// up, never used as paths.
type pack struct {
	files map[string]*zip.File
	names []string // as they come; the first of a name counts
	limit int64    // of bytes that may still be expanded
}

func openPack(body []byte) (*pack, error) {
	r, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, Permanent("damaged: not a whole zip archive (%v)", err)
	}
	if len(r.File) > maxEntries {
		return nil, Permanent("an archive of %d entries, more than the %d that are read", len(r.File), maxEntries)
	}
	p := &pack{files: make(map[string]*zip.File, len(r.File)), limit: maxExpanded}
	decodeNames(r.File)
	for _, f := range r.File {
		name := strings.TrimPrefix(strings.ReplaceAll(f.Name, `\`, "/"), "/")
		if p.files[name] == nil {
			p.files[name] = f
			p.names = append(p.names, name)
		}
	}
	return p, nil
}

// file returns an entry's bytes, or nil when there is none of that name. An
// entry whose checksum is wrong is read as it is.
func (p *pack) file(name string) ([]byte, error) {
	f := p.files[name]
	if f == nil {
		return nil, nil
	}
	if f.Flags&1 != 0 {
		return nil, Permanent("password-protected: remove the password and send it again")
	}
	r, err := f.Open()
	if err != nil {
		return nil, Permanent("damaged: %q cannot be read (%v)", name, err)
	}
	defer r.Close()
	packed := min(f.CompressedSize64, maxEntry)
	limit := min(maxEntry, p.limit, max(freeEntry, int64(packed)*maxRatio))
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	switch {
	case int64(len(b)) > limit:
		return nil, Permanent("%q expands to more than is read: it may be a zip bomb", name)
	case err != nil && !errors.Is(err, zip.ErrChecksum):
		return nil, Permanent("damaged: %q cannot be read (%v)", name, err)
	}
	p.limit -= int64(len(b))
	return b, nil
}

type relation struct{ target, kind string }

// relations returns the targets of an OOXML part by relation id, resolved
// against the part's folder, and their types' last word ("slide", "hyperlink").
func (p *pack) relations(w walkContext, part string) (map[string]relation, error) {
	dir, base := path.Split(part)
	b, err := p.file(dir + "_rels/" + base + ".rels")
	if err != nil || b == nil {
		return nil, err
	}
	rels := map[string]relation{}
	err = w.open(b).walk(func(x *xmlWalker, e element) error {
		if e.Name.Local != "Relationship" {
			return x.descend()
		}
		target := e.attr("Target")
		if e.attr("TargetMode") != "External" {
			if strings.HasPrefix(target, "/") {
				target = target[1:]
			} else {
				target = path.Join(dir, target)
			}
		}
		rels[e.attr("Id")] = relation{target, path.Base(e.attr("Type"))}
		return nil
	})
	return rels, err
}

// targets returns the targets of a part's relations of a kind, in order of name.
func (p *pack) targets(w walkContext, part, kind string) ([]string, error) {
	rels, err := p.relations(w, part)
	var targets []string
	for _, r := range rels {
		if r.kind == kind {
			targets = append(targets, r.target)
		}
	}
	slices.Sort(targets)
	return slices.Compact(targets), err
}
