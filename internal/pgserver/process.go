package pgserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// process is one life of the server.
type process struct {
	cmd *exec.Cmd
	// exited is closed when the process is gone; err is then why.
	exited chan struct{}
	err    error
}

// launch starts the server without waiting for it to be ready. A thread waits
// for it all its life, since the server is told to end with that thread.
func (s *Server) launch(log *os.File) (*process, error) {
	p := &process{exited: make(chan struct{})}
	p.cmd = s.command(context.Background(), "postgres", "-D", s.dirs.pgdata(), "-c", "config_file="+s.dirs.config())
	p.cmd.Stdout, p.cmd.Stderr = log, log
	endWithParent(p.cmd.SysProcAttr)
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			p.err = p.cmd.Wait()
			close(p.exited)
		}
	}()
	return p, <-started
}

// Grace of each way to end a server before the next, harder one.
const (
	fastGrace      = 30 * time.Second
	immediateGrace = 5 * time.Second
)

// shutdown ends the server: by fast shutdown, unless and until hurried ends,
// then by immediate shutdown, then by force. It is gone when this returns.
func (p *process) shutdown(hurried context.Context) {
	if hurried.Err() == nil {
		p.cmd.Process.Signal(syscall.SIGINT)
		select {
		case <-p.exited:
			return
		case <-hurried.Done():
		case <-time.After(fastGrace):
		}
	}
	p.cmd.Process.Signal(syscall.SIGQUIT)
	select {
	case <-p.exited:
	case <-time.After(immediateGrace):
		p.cmd.Process.Kill()
		<-p.exited
	}
}

// maxLog is the size above which the log is put aside at a start, once.
const maxLog = 16 * mb

// startOnce starts the server and waits until it answers. It does not leave a
// process behind when it fails.
func (s *Server) startOnce(ctx context.Context) (*process, error) {
	if info, err := os.Stat(s.dirs.log()); err == nil && info.Size() > maxLog {
		if err := os.Rename(s.dirs.log(), s.dirs.log()+".old"); err != nil {
			return nil, err
		}
	}
	log, err := os.OpenFile(s.dirs.log(), os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	begin, err := log.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	p, err := s.launch(log)
	if err != nil {
		return nil, err
	}
	if err := s.awaitReady(ctx, p); err != nil {
		p.shutdown(ctx)
		said, _ := io.ReadAll(io.NewSectionReader(log, begin, 64<<10))
		if bytes.Contains(said, []byte("No space left on device")) {
			err = fmt.Errorf("the disk of %s is full: free some of it: %w", s.dirs.data, syscall.ENOSPC)
		}
		return nil, fmt.Errorf("%w; %s ends\n  %s", err, s.dirs.log(), tail(said))
	}
	return p, nil
}

// awaitReady waits as long as the server lives and ctx allows: recovery after a
// crash may take long.
func (s *Server) awaitReady(ctx context.Context, p *process) error {
	report := time.NewTicker(5 * time.Second)
	defer report.Stop()
	for {
		err := s.answers(ctx)
		if err == nil || !starting(err) {
			return err
		}
		select {
		case <-p.exited:
			return fmt.Errorf("it ended at once: %v", p.cmd.ProcessState)
		case <-ctx.Done():
			return ctx.Err()
		case <-report.C:
			s.log.Info("Postgres is still starting, as it does after a crash", "answer", err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// answers connects once, and makes the database if it is not there.
func (s *Server) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	err := execute(ctx, s.URL(), "select 1")
	switch code(err) {
	case "3D000":
		return execute(ctx, s.url("postgres"), "create database "+database)
	case "53300":
		// After a restart, clients may have taken every connection already.
		return nil
	}
	return err
}

func execute(ctx context.Context, url, sql string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, sql)
	return errors.Join(err, conn.Close(ctx))
}

// starting says whether err is what clients see until the server is up: no
// socket, or "cannot connect now". Any other answer is final.
func starting(err error) bool {
	c := code(err)
	return c == "" && !errors.Is(err, fs.ErrPermission) || strings.HasPrefix(c, "57P")
}

// code is the SQLSTATE that the server gave, if it did.
func code(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
