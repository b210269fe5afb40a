package pgserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// supervise restarts the server whenever it ends, until life ends; then it ends
// the server.
func (s *Server) supervise(life context.Context, p *process) {
	defer close(s.done)
	for wait := minWait; p != nil; {
		born := time.Now()
		select {
		case <-life.Done():
			p.shutdown(s.hurried)
			return
		case <-p.exited:
		}
		if time.Since(born) > time.Minute {
			wait = minWait
		}
		s.log.Error("Postgres ended by itself; it is restarted", "err", p.err, "log", s.dirs.log())
		p, wait = s.restart(life, wait)
	}
}

// A restart waits from minWait, doubling, up to maxWait.
const (
	minWait = 50 * time.Millisecond
	maxWait = 10 * time.Second
)

// restart tries until the server is back, or returns nil when life ends. It
// never gives up: a full disk may be cleared.
func (s *Server) restart(life context.Context, wait time.Duration) (*process, time.Duration) {
	for {
		select {
		case <-life.Done():
			return nil, wait
		case <-time.After(wait):
		}
		wait = min(2*wait, maxWait)
		start := time.Now()
		p, err := s.start(life)
		if err == nil {
			s.log.Warn("Postgres is back", "took", time.Since(start))
			return p, wait
		}
		if life.Err() == nil {
			s.log.Error("restart Postgres", "err", err, "again_in", wait)
		}
	}
}

// orphanGrace is how long a dead server's last processes may take to notice.
const orphanGrace = 15 * time.Second

// start reclaims the folder and starts the server. When a server was killed, its
// processes hold its memory for a moment longer, and a start fails.
func (s *Server) start(ctx context.Context) (*process, error) {
	if err := s.reclaim(ctx); err != nil {
		return nil, err
	}
	for begin := time.Now(); ; {
		p, err := s.startOnce(ctx)
		if err == nil || time.Since(begin) > orphanGrace ||
			!strings.Contains(err.Error(), "pre-existing shared memory block") {
			return p, err
		}
		if err := sleep(ctx, 50*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

// reclaim stops a server that a killed Quarry left on the folder. A file that
// names a process which is not that server, since ids are used again, is
// removed; Postgres alone would believe it.
func (s *Server) reclaim(ctx context.Context) error {
	b, err := os.ReadFile(s.dirs.pidFile())
	if err != nil {
		return nil
	}
	line, _, _ := strings.Cut(string(b), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil || pid <= 1 || syscall.Kill(pid, 0) == syscall.ESRCH {
		return nil
	}
	if !s.runsHere(pid) {
		return os.Remove(s.dirs.pidFile())
	}
	s.log.Info("stopping a Postgres left by a killed Quarry", "pid", pid)
	for _, try := range []struct {
		signal syscall.Signal
		grace  time.Duration
	}{{syscall.SIGINT, fastGrace}, {syscall.SIGQUIT, immediateGrace}, {syscall.SIGKILL, immediateGrace}} {
		syscall.Kill(pid, try.signal)
		for begin := time.Now(); time.Since(begin) < try.grace; {
			if !s.runsHere(pid) {
				return nil
			}
			if err := sleep(ctx, 10*time.Millisecond); err != nil {
				return err
			}
		}
	}
	return fmt.Errorf("a Postgres left by a killed Quarry does not end: process %d", pid)
}

// runsHere says whether pid is a Postgres whose working folder is the cluster.
func (s *Server) runsHere(pid int) bool {
	proc := filepath.Join("/proc", strconv.Itoa(pid))
	name, err := os.ReadFile(filepath.Join(proc, "comm"))
	if err != nil || strings.TrimSpace(string(name)) != "postgres" {
		return false
	}
	cwd, err1 := os.Stat(filepath.Join(proc, "cwd"))
	data, err2 := os.Stat(s.dirs.pgdata())
	return errors.Join(err1, err2) == nil && os.SameFile(cwd, data)
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
