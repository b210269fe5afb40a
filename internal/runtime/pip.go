package runtime

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

// download fetches the wheels into dir and reports how much is there twice a
// second. The log stays when it fails, but not when it was interrupted.
func (b builder) download(ctx context.Context, dir, log string) error {
	var total int64
	for _, p := range b.pins {
		total += p.size
	}
	tmp := filepath.Join(dir, "tmp")
	if err := os.MkdirAll(tmp, 0o700); err != nil {
		return err
	}
	step, start := fmt.Sprintf("download %d packages", len(b.pins)), time.Now()
	b.progress(Event{Step: step, Total: total})
	done := make(chan error, 1)
	go func() { done <- b.fetch(ctx, b.pins, dir, log) }()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			b.progress(Event{Step: step, Bytes: min(folderSize(dir), total), Total: total, Took: time.Since(start)})
		case err := <-done:
			// A full disk may have kept the log from saying so; pip holds each
			// package twice for a moment, and takes its own files away again.
			if free, statErr := room(dir); err != nil && statErr == nil && free < 2*uint64(total) {
				err = errors.Join(syscall.ENOSPC, os.RemoveAll(log))
			}
			if ctx.Err() != nil {
				err = errors.Join(ctx.Err(), os.RemoveAll(log))
			}
			if err != nil {
				return fmt.Errorf("%s: %w", step, err)
			}
			b.progress(Event{Step: step, Bytes: total, Total: total, Took: time.Since(start), Done: true})
			return errors.Join(os.RemoveAll(tmp), os.RemoveAll(log))
		}
	}
}

// pipDownload is builder.fetch with pip, which reads its own configuration
// (mirror, proxy, certificates) and installs nothing.
func pipDownload(ctx context.Context, pins []pin, dir, log string) error {
	pip, err := findPip(ctx)
	if err != nil {
		return err
	}
	requirements := filepath.Join(dir, "tmp", "requirements.txt")
	if err := os.WriteFile(requirements, requirementsOf(pins), 0o600); err != nil {
		return err
	}
	out, err := os.Create(log)
	if err != nil {
		return err
	}
	defer out.Close()
	args := append(pip[1:], "download", "--no-deps", "--only-binary=:all:", "--python-version", "311",
		"--implementation", "cp", "--abi", "cp311", "--platform", "manylinux_2_28_x86_64",
		"--require-hashes", "--no-input", "--disable-pip-version-check", "--progress-bar", "off",
		"--dest", dir, "--requirement", requirements)
	cmd := exec.CommandContext(ctx, pip[0], args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, out, out
	// On the disk whose room was checked, and swept with the rest.
	cmd.Env = append(os.Environ(), "TMPDIR="+filepath.Join(dir, "tmp"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return pipError(err, log)
	}
	return nil
}

// requirementsOf is the pins in pip's form, hashes included.
func requirementsOf(pins []pin) []byte {
	var b bytes.Buffer
	for _, p := range pins {
		fmt.Fprintf(&b, "%s==%s --hash=sha256:%s\n", p.name, p.version, p.sha256)
	}
	return b.Bytes()
}

// findPip returns the first of the usual commands for pip that runs.
func findPip(ctx context.Context) ([]string, error) {
	for _, c := range [][]string{{"python3", "-m", "pip"}, {"pip3"}, {"pip"}} {
		if exec.CommandContext(ctx, c[0], append(c[1:len(c):len(c)], "--version")...).Run() == nil {
			return c, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	missing := "pip for Python 3 is missing"
	if _, err := exec.LookPath("python3"); err != nil {
		missing = "Python 3 with pip is missing"
	}
	return nil, errors.New(missing + ", which the first set-up needs: install python3-pip " +
		"(apt-get install python3-pip, dnf install python3-pip, zypper install python3-pip, pacman -S python-pip)")
}

// pipError adds what pip said last, and what to do where that is plain.
func pipError(err error, log string) error {
	said, readErr := os.ReadFile(log)
	if readErr != nil {
		return errors.Join(err, readErr)
	}
	if bytes.Contains(said, []byte("No space left on device")) {
		return fmt.Errorf("pip: %w", syscall.ENOSPC)
	}
	// Each try that did not get through has a line of its own, all alike.
	away := "WARNING: Retrying ("
	lines := slices.DeleteFunc(strings.Split(strings.TrimSpace(string(said)), "\n"), func(line string) bool {
		return strings.HasPrefix(line, away)
	})
	tail := strings.Join(lines[max(0, len(lines)-8):], "\n  ")
	if bytes.Contains(said, []byte(away)) {
		return fmt.Errorf("pip cannot reach its package index (%w): the first set-up needs the network, or a mirror or proxy in pip's configuration. "+
			"Its log is %s and ends\n  %s", err, log, tail)
	}
	return fmt.Errorf("pip failed (%w); its log is %s and ends\n  %s", err, log, tail)
}
