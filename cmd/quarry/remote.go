package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// remote are the sources of an import that are not files.
type remote struct {
	Git      string `env:"-" placeholder:"REPO" help:"A git repository: a path, or a URL with https or ssh."`
	Revision string `env:"-" help:"Its branch, tag or commit. Default: HEAD."`
	Web      string `env:"-" placeholder:"URL" help:"The pages of a web site in the folder of this address and below: those of its sitemap, or those that links lead to."`
	MaxPages int32  `env:"-" help:"The most pages asked for. Default: 1000."`
	MaxDepth int32  `env:"-" help:"The most links followed to a page. Default: 10."`
	S3       string `name:"s3" env:"-" placeholder:"s3://BUCKET/FOLDER" help:"What an S3-compatible bucket holds in a folder. Who runs the worker sets endpoint and credentials."`
	Crawl    bool   `env:"-" help:"Follow links also where there is a sitemap."`
}

// into adds the source to a request, which must have exactly one.
func (r *remote) into(in *quarryv1.StartImportRequest) error {
	given := 0
	for _, is := range []bool{len(in.Paths) > 0, r.Git != "", r.Web != "", r.S3 != ""} {
		if is {
			given++
		}
	}
	if given != 1 {
		return errors.New("name what to ingest: files and folders, --git REPO, --web URL or --s3 s3://BUCKET/FOLDER; one of these")
	}
	for _, path := range in.Paths {
		if m := urlLike.FindStringSubmatch(path); m != nil && !exists(path) {
			return fmt.Errorf("%s is a URL, not a path: --web takes http and https, --git a repository's https and ssh, --s3 a bucket's s3", m[1]+"//"+m[2])
		}
	}
	if in.Records && len(in.Paths) == 0 {
		return errors.New("--records is for files")
	}
	if r.Revision != "" && r.Git == "" {
		return errors.New("--revision is a git repository's: name that with --git REPO")
	}
	if r.Web == "" && (r.MaxPages != 0 || r.MaxDepth != 0 || r.Crawl) {
		return errors.New("--max-pages, --max-depth and --crawl are for --web URL")
	}
	if r.Web != "" {
		in.Web = &quarryv1.WebSite{Url: r.Web, MaxPages: r.MaxPages, MaxDepth: r.MaxDepth, Crawl: r.Crawl}
	}
	in.Bucket = r.S3
	if r.Git != "" {
		at, err := repository(r.Git)
		if err != nil {
			return err
		}
		in.Git = &quarryv1.GitRepository{Repository: at, Revision: r.Revision}
	}
	return nil
}

// urlLike is a URL once it is taken for a path below this folder, and cleaned.
var urlLike = regexp.MustCompile(`(?:^|/)([a-z][a-z0-9+.-]+:)/(.+)$`)

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

var scpLike = regexp.MustCompile(`^([A-Za-z0-9_.-]+@[A-Za-z0-9.-]+):(.+)$`)

// repository is a repository as the server is told of it.
func repository(at string) (string, error) {
	if strings.Contains(at, "://") {
		return at, nil
	}
	if m := scpLike.FindStringSubmatch(at); m != nil {
		return "", errors.New("write it as a URL: --git ssh://" + m[1] + "/" + m[2])
	}
	return filepath.Abs(at)
}
