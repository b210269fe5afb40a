package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	"github.com/quarry-rag/quarry/ingest"
	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// client is a connection to a server.
type client struct {
	conn        *grpc.ClientConn
	server      string
	collections quarryv1.CollectionServiceClient
	ingest      quarryv1.IngestServiceClient
	query       quarryv1.QueryServiceClient
}

// dial connects lazily: the first call tells whether a server is there.
func dial(server string) (*client, error) {
	conn, err := grpc.NewClient(server,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(ingest.MaxDocumentBytes+8<<20)),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 30 * time.Second, Timeout: 20 * time.Second}),
	)
	if err != nil {
		return nil, fmt.Errorf("--server %q: %w", server, err)
	}
	return &client{
		conn: conn, server: server,
		collections: quarryv1.NewCollectionServiceClient(conn),
		ingest:      quarryv1.NewIngestServiceClient(conn),
		query:       quarryv1.NewQueryServiceClient(conn),
	}, nil
}

// withClient runs a client command.
func withClient(server string, do func(*client) error) error {
	c, err := dial(server)
	if err != nil {
		return err
	}
	defer c.conn.Close()
	if err := do(c); err != nil {
		return c.explained(err)
	}
	return nil
}

// explained adds how to start a server when there is none. The server's own
// UNAVAILABLE always says when to retry; a failed connection never does.
func (c *client) explained(err error) error {
	st, ok := status.FromError(err)
	if ok && st.Code() == codes.Unavailable && retryAfter(st) == 0 {
		return fmt.Errorf("no Quarry server answers at %s: start one with `quarry up`, or name another with --server (%s)",
			c.server, line(st.Message(), 200))
	}
	return err
}

// ensureCollection makes the collection when it is missing.
func (c *client) ensureCollection(ctx context.Context, name string) error {
	_, err := c.collections.CreateCollection(ctx, &quarryv1.CreateCollectionRequest{Name: name})
	if status.Code(err) == codes.AlreadyExists {
		return nil
	}
	return err
}

// interrupted reports whether err is that this process was told to stop.
func interrupted(err error) bool {
	return errors.Is(err, context.Canceled) || status.Code(err) == codes.Canceled
}

// explain is an error's text for people: of a server's status, its message,
// with the fields that are wrong each on a line of its own.
func explain(err error) string {
	if interrupted(err) {
		return "interrupted"
	}
	var s interface{ GRPCStatus() *status.Status }
	if !errors.As(err, &s) {
		return err.Error()
	}
	st := s.GRPCStatus()
	var lines []string
	for _, d := range st.Details() {
		if bad, ok := d.(*errdetails.BadRequest); ok {
			for _, v := range bad.FieldViolations {
				lines = append(lines, fmt.Sprintf("  %s: %s", v.Field, v.Description))
			}
		}
	}
	if len(lines) > 0 {
		what := "invalid request"
		if st.Code() != codes.InvalidArgument {
			what = clean(st.Message())
		}
		return what + "\n" + strings.Join(lines, "\n") + triedText(st)
	}
	if wait := retryAfter(st); wait > 0 {
		wait = (wait + time.Second - 1).Truncate(time.Second) // up, as who comes early is refused again
		return fmt.Sprintf("%s (try again in %v)%s", st.Message(), wait, triedText(st))
	}
	return st.Message() + whereToLook(st) + triedText(st)
}

// listedBy is the command that lists what is of a kind.
var listedBy = map[string]string{
	"collection": "collections list", "document": "docs list", "import": "imports list",
	"prompt": "prompt list", "conversation": "conversations list",
}

// whereToLook names the command that lists what there is, when something is not.
func whereToLook(st *status.Status) string {
	for _, d := range st.Details() {
		if r, ok := d.(*errdetails.ResourceInfo); ok && st.Code() == codes.NotFound && listedBy[r.ResourceType] != "" {
			return fmt.Sprintf(" (`quarry %s` shows what there is)", listedBy[r.ResourceType])
		}
	}
	return ""
}

// triedText lists the models of an answer that failed, when there were several or
// something was used.
func triedText(st *status.Status) string {
	for _, d := range st.Details() {
		if r, ok := d.(*quarryv1.Receipt); ok && (len(r.Tries) > 1 || used(r)) {
			return "\n" + triesLine(r)
		}
	}
	return ""
}

func used(r *quarryv1.Receipt) bool {
	return slices.ContainsFunc(r.Tries, func(t *quarryv1.Try) bool { return t.InputTokens+t.OutputTokens > 0 })
}

// retryAfter is the server's advice, 0 without one.
func retryAfter(st *status.Status) time.Duration {
	for _, d := range st.Details() {
		if retry, ok := d.(*errdetails.RetryInfo); ok {
			return retry.RetryDelay.AsDuration()
		}
	}
	return 0
}
