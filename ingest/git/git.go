// Package git reads the files of a git repository at a revision, by the git
// command: it is the one that reads every repository, streams, and keeps what a
// hostile one makes it allocate out of this process. It is run without a shell,
// hooks, prompts, or the configuration of the user, and with one protocol.
package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// commandFor bounds every command but a fetch and those that stream.
const commandFor = time.Minute

// Repository is a repository on this machine. Not safe for concurrent use.
type Repository struct {
	dir       string // the git directory
	temporary bool   // it goes when it is closed
	blobs     *blobs // once one was read
}

// Open opens the repository whose folder, or whose bare repository, is at path.
// One that keeps objects outside of path is refused: it would let whoever can
// write there have other repositories read.
func Open(ctx context.Context, path string) (*Repository, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, errors.Unwrap(err)
	}
	if !info.IsDir() {
		return nil, errors.New("not a folder")
	}
	out, err := run(ctx, commandFor, path, "none", "rev-parse", "--absolute-git-dir", "--git-common-dir")
	if err != nil {
		return nil, err
	}
	dirs := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(dirs) != 2 {
		return nil, fmt.Errorf("git: unexpected answer %.200q", out)
	}
	own, common := dirs[0], dirs[1] // two for a worktree, else one
	if !filepath.IsAbs(common) {
		common = filepath.Join(path, common)
	}
	objects := filepath.Join(common, "objects")
	for _, d := range []string{common, own, objects, filepath.Join(objects, "pack")} {
		if err := within(path, d); err != nil {
			return nil, err
		}
	}
	if b, err := os.ReadFile(filepath.Join(objects, "info", "alternates")); err == nil && len(bytes.TrimSpace(b)) > 0 {
		return nil, errors.New("it borrows objects from another repository (objects/info/alternates)")
	}
	return &Repository{dir: own}, nil
}

// within says when dir, its links followed, lies outside of root.
func within(root, dir string) error {
	real, err := filepath.EvalSymlinks(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return errors.Unwrap(err)
	}
	realRoot, err := filepath.EvalSymlinks(root)
	if err != nil {
		return errors.Unwrap(err)
	}
	if real != realRoot && !strings.HasPrefix(real, strings.TrimSuffix(realRoot, "/")+"/") {
		return fmt.Errorf("its data are outside of it, in %s: name that repository instead", real)
	}
	return nil
}

// Resolve returns the commit that a revision names, as 40 or 64 hex digits.
func (r *Repository) Resolve(ctx context.Context, revision string) (string, error) {
	out, err := run(ctx, commandFor, r.dir, "none", "rev-parse", "--verify", "--quiet", "--end-of-options", revision+"^{commit}")
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return "", fmt.Errorf("there is no revision %q", revision)
		}
		return "", err
	}
	return strings.TrimSpace(string(out)), nil
}

// Close ends what runs for the repository.
func (r *Repository) Close() {
	if r.blobs != nil {
		r.blobs.close()
	}
	if r.temporary {
		os.RemoveAll(r.dir)
	}
}

// run returns the output of a command, at most 1 MiB. protocol is the only one
// that it may speak; "none" is none.
func run(ctx context.Context, limit time.Duration, dir, protocol string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd, stderr := command(ctx, dir, protocol, args...)
	var out capped
	cmd.Stdout = &out
	if err := cmd.Run(); err != nil {
		return nil, failure(ctx, err, stderr)
	}
	return out.b, nil
}

// command prepares a command in dir. Only the repository in dir itself is
// found, not one around it.
func command(ctx context.Context, dir, protocol string, args ...string) (*exec.Cmd, *capped) {
	common := []string{
		"--no-pager", "-C", dir,
		// Whose repository it is does not matter: nothing that it configures is run.
		"-c", "safe.directory=*", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "gc.auto=0", "-c", "maintenance.auto=false",
		"-c", "credential.helper=", "-c", "core.askPass=", "-c", "http.followRedirects=false", "-c", "fetch.fsckObjects=true",
	}
	cmd := exec.CommandContext(ctx, "git", append(common, args...)...)
	cmd.Env = append(inherited(cmd.Environ()),
		"GIT_TERMINAL_PROMPT=0", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_ALLOW_PROTOCOL="+protocol,
		"GIT_NO_LAZY_FETCH=1", "GIT_NO_REPLACE_OBJECTS=1", "GIT_OPTIONAL_LOCKS=0", "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir), "LC_ALL=C")
	// Git's children go with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	stderr := &capped{}
	cmd.Stderr = stderr
	return cmd, stderr
}

// inherited is what git may know of this process's environment: where programs
// are, and what ssh and .netrc log in with.
func inherited(environ []string) []string {
	return slices.DeleteFunc(environ, func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return !slices.Contains([]string{"PATH", "HOME", "SSH_AUTH_SOCK"}, name)
	})
}

// failure is an error with the last line that git wrote.
func failure(ctx context.Context, err error, stderr *capped) error {
	if ctx.Err() != nil {
		return fmt.Errorf("git was stopped: %w", ctx.Err())
	}
	if errors.Is(err, exec.ErrNotFound) {
		return errors.New("the git command is not installed where the worker runs")
	}
	said := strings.TrimSpace(strings.ToValidUTF8(string(stderr.b), "\uFFFD"))
	for _, l := range strings.Split(said, "\n") {
		if s, ok := strings.CutPrefix(l, "fatal: "); ok {
			said = s
			break
		}
	}
	if said == "" {
		return fmt.Errorf("git: %w", err)
	}
	return &gitError{said[:min(len(said), 500)], err}
}

// gitError is what git said before it ended with an error.
type gitError struct {
	said string
	err  error
}

func (e *gitError) Error() string { return "git: " + e.said }
func (e *gitError) Unwrap() error { return e.err }

// capped keeps the first MiB that is written to it.
type capped struct{ b []byte }

func (c *capped) Write(p []byte) (int, error) {
	c.b = append(c.b, p[:min(len(p), 1<<20-len(c.b))]...)
	return len(p), nil
}
