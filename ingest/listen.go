package ingest

import (
	"context"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
)

// listening is River's driver with a pool of its own for the connection that
// waits for notices. The other pool ends a wait by asking the server to cancel a
// statement, of which there is none, and waiting a second for that to show: a
// worker that began to listen three times took three seconds to start.
type listening struct {
	*riverpgxv5.Driver
	waiting *riverpgxv5.Driver
}

func newListening(pool *pgxpool.Pool) (listening, *pgxpool.Pool, error) {
	config := pool.Config()
	config.ConnConfig.BuildContextWatcherHandler = func(c *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.DeadlineContextWatcherHandler{Conn: c.Conn()} // only stops reading
	}
	config.MinConns, config.MaxConns = 0, 1
	waiting, err := pgxpool.NewWithConfig(context.Background(), config) // dials nothing yet
	if err != nil {
		return listening{}, nil, err
	}
	return listening{riverpgxv5.New(pool), riverpgxv5.New(waiting)}, waiting, nil
}

// GetListener implements riverdriver.Driver.
func (l listening) GetListener(p *riverdriver.GetListenenerParams) riverdriver.Listener {
	return l.waiting.GetListener(p)
}
