package ingest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/quarry-rag/quarry/ingest/git"
)

// repository is a git repository at a commit. Git lists in byte order of paths,
// so it is an ordered source.
//
// A document's URI is git+<repository>//<path>, without the revision, so that a
// sync after a new commit finds the documents of the old one. Which commit a
// citation rests on is in the document's metadata. For a file that has not
// changed it stays the earlier one: that commit still holds the very bytes that
// were indexed, and nothing need be written.
type repository struct {
	uri      string
	repo     *git.Repository
	commit   string
	metadata json.RawMessage
}

func openGit(ctx context.Context, spec GitSpec, o Sources) (*repository, error) {
	revision := spec.Revision
	if revision == "" {
		revision = "HEAD"
	}
	r := &repository{uri: "git+" + spec.Repository}
	var err error
	if spec.local() {
		r.uri = "git+" + uriOf(spec.Repository)
		if r.repo, err = git.Open(ctx, spec.Repository); err == nil {
			if r.commit, err = r.repo.Resolve(ctx, revision); err != nil {
				r.repo.Close()
			}
		}
	} else {
		m := git.Remote{URL: spec.Repository, Dialer: o.dialer()}
		if o.Cache != "" {
			m.Cache = filepath.Join(o.Cache, "git")
		}
		r.repo, r.commit, err = git.Fetch(ctx, m, revision)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", spec.Repository, err)
	}
	r.metadata, err = json.Marshal(map[string]string{"commit": r.commit, "revision": revision})
	return r, err
}

func (r *repository) name() string                 { return r.uri }
func (r *repository) within() (root, below string) { return r.uri, r.uri + "//" }
func (r *repository) close()                       { r.repo.Close() }

func (r *repository) list(ctx context.Context) iter.Seq2[item, error] {
	return func(yield func(item, error) bool) {
		for f, err := range r.repo.Files(ctx, r.commit) {
			if err != nil {
				yield(item{}, fmt.Errorf("%s: %w", r.uri, err))
				return
			}
			if hidden(f.Path) {
				continue
			}
			if !yield(r.item(f), nil) {
				return
			}
		}
	}
}

// hidden reports whether a path lies in a hidden file or folder, which are left
// out as they are of a folder.
func hidden(path string) bool {
	return strings.HasPrefix(path, ".") || strings.Contains(path, "/.")
}

func (r *repository) item(f git.File) item {
	it := item{uri: r.uri + "//" + f.Path, state: state{size: f.Size, version: f.Blob}}
	it.label = it.uri
	switch {
	case !utf8.ValidString(f.Path):
		it.uri, it.label, it.reason = "", strings.ToValidUTF8(it.label, "\uFFFD"), notUTF8
	case len(it.uri) > maxURIBytes:
		it.uri, it.reason = "", fmt.Sprintf("path is longer than %d bytes", maxURIBytes)
	case f.Kind == git.Symlink:
		it.reason = "symbolic link, not followed in a repository"
	case f.Kind == git.Submodule:
		it.reason = "submodule: a repository of its own"
	default:
		it.read = func(ctx context.Context, _ state) (content, error) { return r.read(ctx, f) }
	}
	return it
}

// read reads a blob. What git cannot give is missing for good: another try would
// find it as broken.
func (r *repository) read(ctx context.Context, f git.File) (content, error) {
	if f.Size > MaxDocumentBytes { // not even begun
		_, reason, err := read(nil, f.Path, f.Size)
		return content{reason: reason}, err
	}
	in, size, err := r.repo.Blob(ctx, f.Blob)
	var body []byte
	var reason string
	if err == nil {
		body, reason, err = read(in, f.Path, size)
	}
	switch {
	case ctx.Err() != nil:
		return content{}, ctx.Err()
	case err != nil:
		return content{reason: "cannot be read from the repository: " + clip(err.Error(), 200), incomplete: true}, nil
	case reason == "" && int64(len(body)) != size:
		return content{}, io.ErrUnexpectedEOF
	case bytes.HasPrefix(body, []byte("version https://git-lfs.github.com/spec/")):
		reason = "kept by Git LFS, not in the repository itself"
	}
	return content{
		body: body, reason: reason, metadata: r.metadata,
		state: state{size: size, version: f.Blob},
	}, nil
}
