package parse

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"path"
	"strings"
)

// Bounds of archives: an office document of 32 MiB that a person made expands
// some twenty times; what goes far beyond is made to fill memory.
const (
	maxEntries  = 20_000
	maxExpanded = 512 << 20 // of all entries that are read
	maxEntry    = 256 << 20
	maxRatio    = 200 // of an entry over 1 MiB
)

// pack is a zip archive being read, with its bounds. Names are only ever looked
// up, never used as paths.
type pack struct {
	files map[string]*zip.File
	read  int64 // bytes expanded so far
}

func openPack(body []byte) (*pack, error) {
	r, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		return nil, Permanent("damaged: not a whole zip archive (%v)", err)
	}
	if len(r.File) > maxEntries {
		return nil, Permanent("an archive of %d entries, more than the %d that are read", len(r.File), maxEntries)
	}
	p := &pack{files: make(map[string]*zip.File, len(r.File))}
	for _, f := range r.File {
		name := strings.TrimPrefix(strings.ReplaceAll(f.Name, `\`, "/"), "/")
		if p.files[name] == nil {
			p.files[name] = f
		}
	}
	return p, nil
}

// has reports whether there is an entry of that name.
func (p *pack) has(name string) bool { return p.files[name] != nil }

// file returns an entry's bytes, or nil when there is none of that name.
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
	limit := min(maxEntry, maxExpanded-p.read)
	if ratio := int64(f.CompressedSize64) * maxRatio; ratio > 1<<20 {
		limit = min(limit, ratio)
	} else {
		limit = min(limit, max(1<<20, ratio))
	}
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	switch {
	case int64(len(b)) > limit:
		return nil, Permanent("%q expands to more than is read: it may be a zip bomb", name)
	case err != nil && !errors.Is(err, zip.ErrChecksum):
		return nil, Permanent("damaged: %q cannot be read (%v)", name, err)
	}
	p.read += int64(len(b))
	return b, nil
}

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

type relation struct{ target, kind string }
