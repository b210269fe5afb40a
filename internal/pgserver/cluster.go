package pgserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// clusterRoom is for initdb's files, the first WAL, and some work.
const clusterRoom = 250 << 20

// ensureCluster makes the cluster, or checks that the one there is for this
// server. A new one appears whole or not at all.
func (s *Server) ensureCluster(ctx context.Context) error {
	if _, err := os.Lstat(s.dirs.pgdata()); err == nil {
		return s.checkCluster(ctx)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	start := time.Now()
	if err := s.initCluster(ctx); err != nil {
		os.RemoveAll(s.dirs.unready())
		if errors.Is(err, syscall.ENOSPC) {
			return fmt.Errorf("the disk of %s is full, nothing was left behind: free %d MB and start again: %w", s.dirs.data, clusterRoom>>20, err)
		}
		return fmt.Errorf("make the Postgres data folder: %w", err)
	}
	s.progress("make the Postgres data folder", time.Since(start))
	return nil
}

func (s *Server) initCluster(ctx context.Context) error {
	var fsys syscall.Statfs_t
	if err := syscall.Statfs(s.dirs.data, &fsys); err != nil {
		return err
	}
	if fsys.Bavail*uint64(fsys.Bsize) < clusterRoom {
		return syscall.ENOSPC
	}
	dir := s.dirs.unready()
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := s.account.give(dir); err != nil {
		return err
	}
	// The built-in locale needs none of the system's and does not change with it.
	// The server uses configuration files elsewhere; the ones that initdb makes
	// let nobody in who starts it by hand. One sync of the file system costs less
	// than one for each of a thousand files.
	_, err := s.run(ctx, "initdb", "--pgdata", dir, "--username", superuser, "--encoding", "UTF8",
		"--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8",
		"--auth-local", "peer", "--auth-host", "reject", "--sync-method", "syncfs", "--no-instructions")
	if err != nil {
		return err
	}
	if err := os.Rename(dir, s.dirs.pgdata()); err != nil {
		return err
	}
	d, err := os.Open(s.dirs.data)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// checkCluster refuses a cluster of another major version or owner.
func (s *Server) checkCluster(ctx context.Context) error {
	if err := s.account.owns(s.dirs.pgdata()); err != nil {
		return err
	}
	b, err := os.ReadFile(s.dirs.version())
	if err != nil {
		return fmt.Errorf("%s is not a Postgres data folder: %w", s.dirs.pgdata(), err)
	}
	out, err := s.run(ctx, "postgres", "--version")
	if err != nil {
		return err
	}
	has, wants := strings.TrimSpace(string(b)), major(out)
	if has != wants {
		return fmt.Errorf("%s was made by PostgreSQL %.8q and this Quarry runs PostgreSQL %s, which cannot read it: dump it with the old version, or move the folder away to start anew",
			s.dirs.pgdata(), has, wants)
	}
	return nil
}

// major reads "18" out of "postgres (PostgreSQL) 18.4".
func major(version string) string {
	_, v, _ := strings.Cut(version, ") ")
	v, _, _ = strings.Cut(strings.TrimSpace(v), ".")
	return v
}

// run runs one of the server's programs to its end. Its error tells what the
// program said last, and is ENOSPC where that is what it said.
func (s *Server) run(ctx context.Context, program string, args ...string) (string, error) {
	cmd := s.command(ctx, program, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	switch {
	case err == nil:
		return out.String(), nil
	case ctx.Err() != nil:
		return "", ctx.Err()
	case bytes.Contains(out.Bytes(), []byte("No space left on device")):
		return "", syscall.ENOSPC
	case errors.Is(err, fs.ErrPermission):
		return "", fmt.Errorf("%w (is its file system mounted noexec, or may root not change users here?)", err)
	}
	return "", fmt.Errorf("%s: %w: %s", program, err, tail(out.Bytes()))
}

// command is a program of the server's, as the server's user, away from
// Quarry's terminal, and with nothing of Quarry's environment, which may hold
// keys and would change how the server runs.
func (s *Server) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin, program), args...)
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: s.account.credential}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd
}

// tail is the last lines of what a program said.
func tail(said []byte) string {
	lines := strings.Split(strings.TrimSpace(string(said)), "\n")
	return strings.Join(lines[max(0, len(lines)-6):], "\n  ")
}
