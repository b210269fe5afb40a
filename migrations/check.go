package migrations

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/pressly/goose/v3"
)

// ErrBehind is wrapped by Check's error about a schema that is too old.
var ErrBehind = errors.New("the database's schema is not this version's")

// Check refuses a database that Up has not brought to this binary's schema. A
// newer one is accepted: migrations leave the previous binary running.
func Check(ctx context.Context, dsn string) error {
	want, err := newest()
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return fmt.Errorf("connect to Postgres: %w", err)
	}
	defer conn.Close(ctx)
	var made bool
	if err := conn.QueryRow(ctx, `select to_regclass('goose_db_version') is not null`).Scan(&made); err != nil {
		return fmt.Errorf("look for the schema: %w", err)
	}
	var has int64
	if made {
		if err := conn.QueryRow(ctx, `select coalesce(max(version_id), 0) from goose_db_version`).Scan(&has); err != nil {
			return fmt.Errorf("read the schema's version: %w", err)
		}
	}
	if has < want {
		return fmt.Errorf("%w: it is at %d, needed is %d", ErrBehind, has, want)
	}
	return nil
}

// newest is the number of the last migration.
func newest() (int64, error) {
	names, err := fs.Glob(Files, "[0-9]*.sql")
	if err != nil {
		return 0, err
	}
	var last int64
	for _, name := range names {
		n, err := goose.NumericComponent(name)
		if err != nil {
			return 0, err
		}
		last = max(last, n)
	}
	return last, nil
}
