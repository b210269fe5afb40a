// Package pgtest gives a test a migrated Postgres database of its own.
package pgtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/quarry-rag/quarry/internal/pgconn"
	"github.com/quarry-rag/quarry/migrations"
)

// EnvURL names the server on which New makes its databases; `make test` starts one.
const EnvURL = "QUARRY_TEST_DATABASE_URL"

var serial atomic.Int64

// New returns the URL of a migrated database, cloned from a template that is
// made once for each state of the migrations. It is dropped when the test
// passes; when it fails it stays and the log names it.
func New(t testing.TB) string {
	t.Helper()
	server := os.Getenv(EnvURL)
	if server == "" {
		t.Fatalf("%s is not set: run `make test`, or `make test PKG=./retrieve RUN=TestName` for one package", EnvURL)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	admin := connect(t, ctx, server)
	defer admin.Close(ctx)
	template := ensureTemplate(t, ctx, admin, server)
	name := fmt.Sprintf("t_%d_%d_%d", os.Getpid(), serial.Add(1), time.Now().UnixMilli())
	exec(t, ctx, admin, fmt.Sprintf("create database %s template %s", name, template))
	t.Cleanup(func() { drop(t, server, name) })
	return withDatabase(t, server, name)
}

// Pool is New, opened as the product opens it and closed when the test ends.
func Pool(t testing.TB) *pgxpool.Pool {
	t.Helper()
	pool, err := pgconn.Open(context.Background(), New(t), pgconn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// ensureTemplate makes the template under a lock, since packages are tested in parallel.
func ensureTemplate(t testing.TB, ctx context.Context, admin *pgx.Conn, server string) string {
	t.Helper()
	name := "template_" + migrationsHash(t)
	exec(t, ctx, admin, "select pg_advisory_lock(7365)")
	defer exec(t, ctx, admin, "select pg_advisory_unlock(7365)")
	var done bool
	if err := admin.QueryRow(ctx, "select exists(select from pg_database where datname = $1 and datistemplate)", name).Scan(&done); err != nil {
		t.Fatal(err)
	}
	if done {
		return name
	}
	exec(t, ctx, admin, "drop database if exists "+name)
	exec(t, ctx, admin, "create database "+name)
	if err := migrations.Up(ctx, withDatabase(t, server, name)); err != nil {
		t.Fatal(err)
	}
	exec(t, ctx, admin, "alter database "+name+" is_template true")
	return name
}

func migrationsHash(t testing.TB) string {
	t.Helper()
	h := sha256.New()
	files, err := fs.Glob(migrations.Files, "0*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := migrations.Files.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(h, "%s %d\n%s", f, len(b), b)
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

func drop(t testing.TB, server, name string) {
	if t.Failed() {
		t.Logf("database kept: %s", name)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	admin := connect(t, ctx, server)
	defer admin.Close(ctx)
	exec(t, ctx, admin, "drop database "+name+" with (force)")
}

func connect(t testing.TB, ctx context.Context, dsn string) *pgx.Conn {
	t.Helper()
	c, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func exec(t testing.TB, ctx context.Context, c *pgx.Conn, sql string) {
	t.Helper()
	if _, err := c.Exec(ctx, sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func withDatabase(t testing.TB, server, name string) string {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil || !strings.HasPrefix(u.Scheme, "postgres") {
		t.Fatalf("%s must be a postgres:// URL", EnvURL)
	}
	u.Path = "/" + name
	return u.String()
}
