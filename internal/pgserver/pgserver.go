// Package pgserver runs a private Postgres: on a Unix socket only, never as
// root, restarted when it dies, reclaimed when Quarry died. It needs Linux's
// /proc to tell its own server from a stranger with the same process id.
//
// The data folder holds pgdata (the cluster, the server's own), three
// configuration files written anew at each start, postgres.log, the socket's
// folder and a lock. As root, nothing is ever written inside what belongs to
// the server's user.
package pgserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/quarry-rag/quarry/internal/lockfile"
)

// superuser and database are the names within the server. Only the operating
// system's user that runs Quarry may connect.
const (
	superuser = "quarry"
	database  = "quarry"
)

// Options configures Start.
type Options struct {
	// Bin is the folder of initdb and postgres.
	Bin string
	// Data is the folder for all that the server keeps; it is made if needed.
	Data string
	// Settings replaces or adds to the settings chosen from the machine's size,
	// in the spelling of postgresql.conf, without quotes.
	Settings map[string]string
	// Logger is told of restarts and reclaims. nil means silence.
	Logger *slog.Logger
	// Progress is called when a step ends, with how long it took. nil means silence.
	Progress func(step string, took time.Duration)
}

// Server is a running Postgres. Safe for concurrent use.
type Server struct {
	bin      string
	dirs     dirs
	account  account
	log      *slog.Logger
	progress func(string, time.Duration)
	// end asks the supervisor to stop the server, hurry to lose no time with it.
	end, hurry context.CancelFunc
	hurried    context.Context
	done       chan struct{}
	release    func() error
}

// Start makes the cluster if there is none, starts the server, and returns when
// it answers. It first stops a server that a killed Quarry left behind. Another
// live Quarry on the same folder, a cluster of another major version, and
// folders that the server's user cannot enter are refused. ctx bounds the start,
// not the server's life; the caller must call Stop.
func Start(ctx context.Context, o Options) (*Server, error) {
	s, err := newServer(o)
	if err != nil {
		return nil, err
	}
	if err := s.dirs.make(s.account); err != nil {
		return nil, fmt.Errorf("prepare the data folder: %w", err)
	}
	lock, err := lockfile.Try(s.dirs.lock())
	var held *lockfile.HeldError
	if errors.As(err, &held) {
		return nil, fmt.Errorf("the data folder %s is in use by another Quarry, process %s: stop that one, or set QUARRY_HOME to another folder",
			s.dirs.data, held.PID)
	}
	if err != nil {
		return nil, err
	}
	s.release = sync.OnceValue(lock.Release)
	p, err := s.startLocked(ctx, o.Settings)
	if err != nil {
		return nil, errors.Join(err, s.release())
	}
	var life context.Context
	life, s.end = context.WithCancel(context.Background())
	go s.supervise(life, p)
	return s, nil
}

func newServer(o Options) (*Server, error) {
	s := &Server{bin: o.Bin, log: o.Logger, progress: o.Progress, done: make(chan struct{})}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.progress == nil {
		s.progress = func(string, time.Duration) {}
	}
	s.hurried, s.hurry = context.WithCancel(context.Background())
	var err error
	if s.account, err = serverAccount(); err != nil {
		return nil, err
	}
	if s.dirs, err = dirsOf(o.Data); err != nil {
		return nil, err
	}
	if _, err := pgx.ParseConfig(s.URL()); err != nil {
		return nil, fmt.Errorf("the PG variables of the environment: %w", err)
	}
	return s, errors.Join(s.account.reach(s.dirs.data), s.account.reach(s.bin))
}

func (s *Server) startLocked(ctx context.Context, settings map[string]string) (*process, error) {
	if err := s.ensureCluster(ctx); err != nil {
		return nil, err
	}
	if err := s.writeConfig(settings); err != nil {
		return nil, fmt.Errorf("write the server's settings: %w", err)
	}
	start := time.Now()
	p, err := s.start(ctx)
	if err != nil {
		return nil, fmt.Errorf("start Postgres: %w", err)
	}
	s.progress("start Postgres", time.Since(start))
	return p, nil
}

// URL connects to the database made for Quarry, as a superuser. It stays the
// same through restarts.
func (s *Server) URL() string { return s.url(database) }

func (s *Server) url(db string) string {
	// libpq does not read + as a space.
	host := strings.ReplaceAll(url.QueryEscape(s.dirs.socket), "+", "%20")
	u := url.URL{Scheme: "postgres", User: url.User(superuser), Path: "/" + db, RawQuery: "host=" + host + "&port=" + port}
	return u.String()
}

// URL connects to the database made for Quarry of the server over a data folder,
// whoever started it, as its Server's URL does.
func URL(data string) (string, error) {
	d, err := dirsOf(data)
	if err != nil {
		return "", err
	}
	return (&Server{dirs: d}).URL(), nil
}

// Stop shuts the server down cleanly: clients are disconnected, everything is
// written. When ctx ends first it ends the server at once, which loses nothing
// but makes the next start slower. Either way the server is gone and the folder
// free when it returns. Further calls do nothing.
func (s *Server) Stop(ctx context.Context) error {
	s.end()
	select {
	case <-s.done:
	case <-ctx.Done():
		s.hurry()
		<-s.done
	}
	// It may be in /tmp. If it is not empty it stays.
	os.Remove(s.dirs.socket)
	return s.release()
}

// Reachable says whether the user that will run Postgres can enter dir, or
// the nearest of its parents that exists, and names the folder that bars the
// way. It always can unless Quarry is root. Ask before a long set-up.
func Reachable(dir string) error {
	a, err := serverAccount()
	if err != nil {
		return err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	return a.reach(dir)
}
