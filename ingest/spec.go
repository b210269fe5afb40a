package ingest

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/quarry-rag/quarry/ingest/git"
	"github.com/quarry-rag/quarry/ingest/web"
)

// ImportSpec says what to import: Paths, or one of Git, Web and Bucket.
type ImportSpec struct {
	// Paths of files and folders, absolute, as the worker sees them. Hidden
	// files and folders within are left out.
	Paths []string `json:"paths,omitempty"`
	// Git is a repository at a revision.
	Git *GitSpec `json:"git,omitempty"`
	// Web is a web site.
	Web *WebSpec `json:"web,omitempty"`
	// Bucket is an S3 bucket and, after a slash, a folder in it: s3://bucket/folder.
	Bucket string `json:"bucket,omitempty"`
	// Records says that each of the paths is a JSONL file of documents: see
	// ReadRecords.
	Records bool `json:"records,omitempty"`
	// Principals, when there are any, may read the documents, whatever the source
	// says. Without, those of documents that exist stay.
	Principals []string `json:"principals,omitempty"`
	// Metadata goes over that of the source, key by key.
	Metadata map[string]any `json:"metadata,omitempty"`
	// Sync removes documents imported from these sources that are gone from them,
	// once all has been listed without an error.
	Sync bool `json:"sync"`
	// Reparse has documents read and parsed anew whose content has not changed, as
	// after an upgrade that reads them better. Their chunks whose text stays cost no
	// embedding.
	Reparse bool `json:"reparse,omitempty"`
	// DryRun only finds out what would be done: see Import.Plan.
	DryRun bool `json:"dry_run,omitempty"`
	// AllowMassRemoval lets a sync remove more than half of the documents of a
	// source that has at least massRemoval.
	AllowMassRemoval bool `json:"allow_mass_removal,omitempty"`
}

// GitSpec names a repository and what to read of it.
type GitSpec struct {
	// Repository is an absolute path as the worker sees it, or an https or ssh URL.
	Repository string `json:"repository"`
	// Revision is a branch, a tag or a commit. Empty: HEAD.
	Revision string `json:"revision,omitempty"`
}

// WebSpec names a web site and bounds what is read of it.
type WebSpec struct {
	// URL is where it begins, http or https. What lies in its folder and below
	// belongs to the site.
	URL string `json:"url"`
	// MaxPages is the most pages asked for, at most 1,000,000. 0 means 1000.
	MaxPages int `json:"max_pages,omitempty"`
	// MaxDepth is the most links followed to a page, at most 100. 0 means 10.
	MaxDepth int `json:"max_depth,omitempty"`
	// Crawl follows links also where there is a sitemap.
	Crawl bool `json:"crawl,omitempty"`
}

// Scope returns what begins the URLs of all that may be read of the site.
func (w WebSpec) Scope() (string, error) { return web.Scope(w.URL) }

// Check returns nil or an *Invalid.
func (s ImportSpec) Check() error {
	_, err := s.clean()
	return err
}

// clean returns the spec in its plain form, or an *Invalid.
func (s ImportSpec) clean() (ImportSpec, error) {
	given := 0
	for _, is := range []bool{len(s.Paths) > 0, s.Git != nil, s.Web != nil, s.Bucket != ""} {
		if is {
			given++
		}
	}
	if given != 1 {
		return s, &Invalid{"paths", "or one other source must be given, and only one"}
	}
	if err := s.labels().check(); err != nil {
		return s, err
	}
	if s.Git != nil {
		g, err := s.Git.clean()
		s.Git = &g
		return s, err
	}
	if s.Web != nil {
		return s, s.Web.check()
	}
	if s.Bucket != "" {
		_, _, err := bucketOf(s.Bucket)
		return s, err
	}
	roots, err := cleanRoots(s.Paths)
	s.Paths = roots
	return s, err
}

// labels is what the import says of all its documents.
func (s ImportSpec) labels() labels { return labels{s.Principals, s.Metadata} }

func (g GitSpec) clean() (GitSpec, error) {
	const field = "git.repository"
	if err := checkText("git.revision", g.Revision, 255); err != nil {
		return g, err
	}
	if err := checkText(field, g.Repository, 2000); err != nil {
		return g, err
	}
	if path, ok := strings.CutPrefix(g.Repository, "file://"); ok {
		g.Repository = path
	}
	if g.local() {
		g.Repository = filepath.Clean(g.Repository)
		return g, nil
	}
	g.Repository = strings.TrimRight(g.Repository, "/")
	if err := git.CheckURL(g.Repository); err != nil {
		return g, &Invalid{field, err.Error()}
	}
	return g, nil
}

func (w WebSpec) check() error {
	if err := checkText("web.url", w.URL, 2000); err != nil {
		return err
	}
	if _, err := w.Scope(); err != nil {
		return &Invalid{"web.url", err.Error()}
	}
	if w.MaxPages < 0 || w.MaxPages > 1_000_000 {
		return &Invalid{"web.max_pages", "must be from 0 to 1000000"}
	}
	if w.MaxDepth < 0 || w.MaxDepth > 100 {
		return &Invalid{"web.max_depth", "must be from 0 to 100"}
	}
	return nil
}

// local reports whether the repository is on the worker's disk.
func (g GitSpec) local() bool { return filepath.IsAbs(g.Repository) }

// cleanRoots checks the paths and drops those that lie within others, so that no
// file is listed twice.
func cleanRoots(paths []string) ([]string, error) {
	if len(paths) == 0 {
		return nil, &Invalid{"paths", "is empty"}
	}
	var roots []string
	for i, p := range paths {
		field := fmt.Sprintf("paths[%d]", i)
		if err := checkText(field, p, 4096); err != nil {
			return nil, err
		}
		if !filepath.IsAbs(p) {
			return nil, &Invalid{field, "is not an absolute path"}
		}
		roots = append(roots, filepath.Clean(p))
	}
	slices.Sort(roots)
	kept := roots[:0]
	for _, r := range roots {
		if !slices.ContainsFunc(kept, func(k string) bool { return r == k || strings.HasPrefix(r, folder(k)) }) {
			kept = append(kept, r)
		}
	}
	return kept, nil
}

// folder is a path with one slash at its end.
func folder(path string) string { return strings.TrimSuffix(path, "/") + "/" }
