package ingest

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// txTries bounds how often inTx starts over.
const txTries = 12

// inTx runs f in a transaction and starts over when the server says that it
// lost a race: deadlock, serialization failure, or two first puts of one URI.
// f may therefore run more than once and must not keep state between runs.
func inTx(ctx context.Context, pool *pgxpool.Pool, f func(pgx.Tx) error) error {
	for try := 1; ; try++ {
		err := pgx.BeginFunc(ctx, pool, f)
		if err == nil || try == txTries || !lostRace(err) {
			return err
		}
		if err := sleep(ctx, rand.N(time.Duration(try)*20*time.Millisecond)); err != nil {
			return err
		}
	}
}

func lostRace(err error) bool {
	pe := (*pgconn.PgError)(nil)
	if !errors.As(err, &pe) {
		return false
	}
	return pe.Code == "40P01" || pe.Code == "40001" || pe.ConstraintName == "document_collection_id_uri_key"
}

// refusedData reports whether the server refused the values themselves, so that
// the same values will be refused again.
func refusedData(err error) bool {
	pe := (*pgconn.PgError)(nil)
	return errors.As(err, &pe) && (pe.Code[:2] == "22" || pe.Code == "54000")
}

// lockCollection keeps the collection from being deleted until tx ends. It gives
// ErrUnknownCollection when it is gone or going. Every transaction that writes
// rows of a collection calls it first.
func lockCollection(ctx context.Context, tx pgx.Tx, id int64) error {
	var one int
	err := tx.QueryRow(ctx, `select 1 from collection where collection_id = $1 and name not like '~%' for key share`, id).Scan(&one)
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrUnknownCollection
	}
	return err
}

// sleep waits for d or until ctx ends, then with its error.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
