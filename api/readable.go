package api

import (
	"errors"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"

	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// readable is what clients may have the server read.
type readable struct {
	roots []string // folders
	urls  []string // what begins URLs
}

// read gives a field error for what an import may not read.
func (r readable) read(in *quarryv1.StartImportRequest) error {
	for i, path := range in.Paths {
		if err := allowed(r.roots, path); err != nil {
			return &fieldError{"paths[" + strconv.Itoa(i) + "]", err.Error()}
		}
	}
	spec := toImportSpec(in)
	if g := spec.Git; g != nil {
		path := strings.TrimPrefix(g.Repository, "file://")
		if strings.Contains(path, "://") {
			return r.url("git.repository", path)
		}
		if err := allowed(r.roots, filepath.Clean(path)); err != nil {
			return &fieldError{"git.repository", err.Error()}
		}
	}
	if w := spec.Web; w != nil {
		scope, err := w.Scope()
		if err != nil {
			return &fieldError{"web.url", err.Error()}
		}
		return r.url("web.url", scope)
	}
	if spec.Bucket != "" {
		return r.url("bucket", strings.TrimRight(spec.Bucket, "/")+"/")
	}
	return nil
}

// url gives a field error for a URL.
func (r readable) url(field, where string) error {
	if err := allowedURL(r.urls, where); err != nil {
		return &fieldError{field, err.Error()}
	}
	return nil
}

// allowed says why clients may not have the server read path.
func allowed(roots []string, path string) error {
	if len(roots) == 0 {
		return errors.New("this server reads no files for its clients; send them with PutDocument")
	}
	if !filepath.IsAbs(path) || path != filepath.Clean(path) {
		return errors.New("must be a clean absolute path")
	}
	for _, root := range roots {
		if path == root || strings.HasPrefix(path, strings.TrimSuffix(root, "/")+"/") {
			return nil
		}
	}
	return errors.New("outside the folders that this server may read")
}

// allowedURL says why clients may not have the server read what lies at a URL.
func allowedURL(prefixes []string, raw string) error {
	if len(prefixes) == 0 {
		return errors.New("this server reads no URLs for its clients; whoever runs it can allow some (--import-url)")
	}
	if !strings.Contains(raw, "://") {
		return errors.New("must be a URL, as in https://host/ or s3://bucket/folder")
	}
	u, err := url.Parse(raw)
	lower := strings.ToLower(raw)
	// Servers differ in what they make of these, and could leave the prefix.
	if err != nil || strings.Contains(u.Path, "/..") || strings.Contains(lower, "%2e") || strings.Contains(lower, "%2f") || strings.Contains(lower, "%5c") || strings.Contains(raw, `\`) {
		return errors.New("must be a plain URL")
	}
	for _, p := range prefixes {
		if raw == p || strings.HasPrefix(raw, strings.TrimSuffix(p, "/")+"/") {
			return nil
		}
	}
	return errors.New("outside the URLs that this server may read (--import-url)")
}
