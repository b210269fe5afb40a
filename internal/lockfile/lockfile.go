// Package lockfile gives one process at a time the right to something on disk.
// The kernel frees the lock when its holder ends, however it ends.
package lockfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"time"
)

// HeldError says that another process, or another Lock of this one, has the lock.
type HeldError struct {
	Path string
	// PID is the holder's process id as it wrote it, empty when unknown.
	PID string
}

func (e *HeldError) Error() string {
	return fmt.Sprintf("%s is locked by process %s", e.Path, e.PID)
}

// Lock is held until Release or the end of the process.
type Lock struct{ file *os.File }

// Try takes the lock on path, which it makes if needed, or returns a *HeldError
// at once.
func Try(path string) (*Lock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		pid, _ := io.ReadAll(io.LimitReader(f, 20))
		f.Close()
		return nil, &HeldError{path, strings.TrimSpace(string(pid))}
	}
	if err == nil {
		err = sign(f)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return &Lock{f}, nil
}

// sign tells others who holds the lock. Only their messages depend on it.
func sign(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt(fmt.Appendln(nil, os.Getpid()), 0)
	if errors.Is(err, syscall.ENOSPC) {
		return nil
	}
	return err
}

// Wait takes the lock as soon as it is free. It calls waiting once if another
// process has it. It ends with ctx's error when ctx ends.
func Wait(ctx context.Context, path string, waiting func(*HeldError)) (*Lock, error) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for first := true; ; first = false {
		l, err := Try(path)
		var held *HeldError
		if !errors.As(err, &held) {
			return l, err
		}
		if first {
			waiting(held)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for %w: %w", held, ctx.Err())
		case <-tick.C:
		}
	}
}

// Release frees the lock. The file stays: removing it would let two others lock
// two files of one name.
func (l *Lock) Release() error { return l.file.Close() }
