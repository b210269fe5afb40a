package main

import (
	"errors"
	"path/filepath"
	"regexp"
	"strings"

	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// remote are the sources of an import that are not files.
type remote struct {
	Git      string `env:"-" placeholder:"REPO" help:"A git repository: a path, or a URL with https or ssh."`
	Revision string `env:"-" help:"Its branch, tag or commit. Default: HEAD."`
}

// into adds the source to a request, which must have exactly one.
func (r *remote) into(in *quarryv1.StartImportRequest) error {
	given := 0
	for _, is := range []bool{len(in.Paths) > 0, r.Git != ""} {
		if is {
			given++
		}
	}
	if given != 1 {
		return errors.New("name what to ingest: files and folders, or --git REPO, and one of these only")
	}
	if in.Records && len(in.Paths) == 0 {
		return errors.New("--records is for files")
	}
	if r.Revision != "" && r.Git == "" {
		return errors.New("--revision is a git repository's: name that with --git REPO")
	}
	if r.Git != "" {
		at, err := repository(r.Git)
		if err != nil {
			return err
		}
		in.Git = &quarryv1.GitRepository{Repository: at, Revision: r.Revision}
	}
	return nil
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
