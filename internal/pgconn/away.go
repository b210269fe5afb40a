package pgconn

import (
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/puddle/v2"
)

// awayStates are the SQLSTATEs, or their first letters, of a server that ends
// or does not take connections yet: connection exceptions, shut down by an
// administrator or a crash, starting up, idle session.
var awayStates = []string{"08", "57P01", "57P02", "57P03", "57P05"}

// Away reports whether err says that Postgres could not be reached or went away
// meanwhile. The same call may succeed a moment later.
func Away(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		for _, state := range awayStates {
			if strings.HasPrefix(pg.Code, state) {
				return true
			}
		}
		return false
	}
	for _, lost := range []error{puddle.ErrClosedPool, net.ErrClosed, io.ErrUnexpectedEOF} {
		if errors.Is(err, lost) {
			return true
		}
	}
	_, network := errors.AsType[*net.OpError](err)
	_, connect := errors.AsType[*pgconn.ConnectError](err)
	return network || connect || pgconn.SafeToRetry(err)
}
