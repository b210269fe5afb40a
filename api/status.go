package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/puddle/v2"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/quarry-rag/quarry/generate"
	"github.com/quarry-rag/quarry/generate/conversation"
	"github.com/quarry-rag/quarry/generate/prompt"
	"github.com/quarry-rag/quarry/ingest"
	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
	"github.com/quarry-rag/quarry/retrieve"
	"github.com/quarry-rag/quarry/retrieve/embed"
)

// errOverloaded: as many calls of this kind as the server takes are running.
var errOverloaded = errors.New("too many calls at once")

// errStopping: the server is shutting down.
var errStopping = errors.New("server is stopping")

// fieldError is an invalid argument that only the server can see is invalid.
type fieldError struct{ field, description string }

func (e *fieldError) Error() string { return e.field + ": " + e.description }

// outcome is what a client is told of an error. An empty message is the
// error's kind in words: sentinels are written for clients, and nothing that
// wraps them is shown.
type outcome struct {
	code    codes.Code
	message string
	// resource names what was not found or exists, for ResourceInfo.
	resource string
	// retry is when trying again makes sense; 0: it does not by itself.
	retry time.Duration
}

// table is the one place where errors become codes; the first match counts.
// Errors that match nothing are Internal, and their detail stays in the log.
var table = []struct {
	is error
	outcome
}{
	{ingest.ErrUnknownCollection, outcome{codes.NotFound, "", "collection", 0}},
	{retrieve.ErrUnknownCollection, outcome{codes.NotFound, "", "collection", 0}},
	{ingest.ErrUnknownDocument, outcome{codes.NotFound, "", "document", 0}},
	{ingest.ErrUnknownImport, outcome{codes.NotFound, "", "import", 0}},
	{ingest.ErrCollectionExists, outcome{codes.AlreadyExists, "", "collection", 0}},
	{ingest.ErrBusy, outcome{codes.ResourceExhausted, "", "", 5 * time.Second}},
	{errOverloaded, outcome{codes.ResourceExhausted, "", "", time.Second}},
	{errStopping, outcome{codes.Unavailable, "", "", time.Second}},
	{generate.ErrNoForm, outcome{codes.FailedPrecondition, "", "", 0}},
	{generate.ErrMaxCost, outcome{codes.FailedPrecondition, "", "", 0}},
	{generate.ErrUnpriced, outcome{codes.FailedPrecondition, "", "", 0}},
	{prompt.ErrUnknown, outcome{codes.NotFound, "", "prompt", 0}},
	{prompt.ErrNothing, outcome{codes.FailedPrecondition, "", "", 0}},
	{conversation.ErrUnknown, outcome{codes.NotFound, "", "conversation", 0}},
	{conversation.ErrFull, outcome{codes.FailedPrecondition, "", "conversation", 0}},
	{generate.ErrBudget, outcome{codes.ResourceExhausted, "", "", 0}},
	{retrieve.ErrModelMismatch, outcome{codes.FailedPrecondition, "the collection's vectors were made by another embedding model than this server's", "collection", 0}},
	{retrieve.ErrGone, outcome{codes.Aborted, "a document changed while it was read", "", time.Second}},
	{embed.ErrResponse, outcome{codes.Unavailable, "", "", 5 * time.Second}},
	{embed.ErrUnreachable, outcome{codes.Unavailable, "", "", 5 * time.Second}},
	{context.Canceled, outcome{codes.Canceled, "cancelled", "", 0}},
	{context.DeadlineExceeded, outcome{codes.DeadlineExceeded, "deadline exceeded", "", 0}},
}

var unavailable = outcome{codes.Unavailable, "the database is not reachable at the moment", "", 2 * time.Second}

// sqlTable does the same for Postgres's SQLSTATE, by its longest known prefix.
var sqlTable = map[string]outcome{
	"08":    unavailable, // connection exceptions
	"57P01": unavailable, // admin shutdown
	"57P02": unavailable, // crash shutdown
	"57P03": unavailable, // cannot connect now: starting up
	"57P05": unavailable, // idle session timeout
	"53300": {codes.Unavailable, "the database has no free connection", "", 2 * time.Second},
	"53100": {codes.ResourceExhausted, "the database's disk is full", "", 30 * time.Second},
	"53200": {codes.ResourceExhausted, "the database is out of memory", "", 10 * time.Second},
	"22021": {codes.InvalidArgument, "a text holds a character that cannot be stored", "", 0},
	"57014": {codes.DeadlineExceeded, "a database statement ran too long", "", 0},
	"40001": {codes.Aborted, "the change collided with another one", "", time.Second},
	"40P01": {codes.Aborted, "the change collided with another one", "", time.Second},
}

// request is what the table's users know about the call that failed.
type request struct {
	id    string // for the log, and shown with Internal
	msg   any    // the request message, nil when it could not be read
	ended error  // the call's context's error, when that ended first
}

// toStatus returns the status that a client sees for err, and nil for nil. A
// status made on purpose passes as it is.
func toStatus(err error, r request) *status.Status {
	if err == nil {
		return nil
	}
	st := statusOf(err, r)
	if failed, ok := errors.AsType[*failedAnswer](err); ok {
		st = detailed(st, protoadapt.MessageV1Of(failed.receipt))
	}
	return st
}

func statusOf(err error, r request) *status.Status {
	if st := disobeyed(err); st != nil {
		return st
	}
	if st := invalid(err); st != nil {
		return st
	}
	if r.ended != nil {
		err = r.ended
	}
	if o, ok := lookup(err); ok {
		return o.status(r)
	}
	if s, ok := err.(interface{ GRPCStatus() *status.Status }); ok {
		return s.GRPCStatus()
	}
	return internal(r)
}

func internal(r request) *status.Status {
	st := status.New(codes.Internal, "internal error; the server's log has the details under request "+r.id)
	return detailed(st, &errdetails.RequestInfo{RequestId: r.id})
}

// lookup finds err's row. A model or a database that is away comes before the
// context errors that it may wrap: those are of a budget within the call.
func lookup(err error) (outcome, bool) {
	if o, ok := modelOutcome(err); ok {
		return o, true
	}
	if o, ok := databaseOutcome(err); ok {
		return o, true
	}
	for _, row := range table {
		if errors.Is(err, row.is) {
			if row.message == "" {
				row.message = row.is.Error()
			}
			return row.outcome, true
		}
	}
	return outcome{}, false
}

func modelOutcome(err error) (outcome, bool) {
	if e, ok := errors.AsType[*generate.ProviderError](err); ok {
		return providerOutcome(e), true
	}
	if e, ok := errors.AsType[*embed.StatusError](err); ok {
		message, retry := fmt.Sprintf("the embedding server answered with status %d", e.Code), max(e.RetryAfter, time.Second)
		switch {
		case e.Code == http.StatusTooManyRequests:
			return outcome{codes.ResourceExhausted, message, "", retry}, true
		case e.Code >= 500:
			return outcome{codes.Unavailable, message, "", retry}, true
		}
		return outcome{codes.FailedPrecondition, message, "", 0}, true
	}
	if e, ok := errors.AsType[*embed.DimensionError](err); ok {
		return outcome{codes.FailedPrecondition, e.Error(), "", 0}, true
	}
	return outcome{}, false
}

// providerOutcome names the model and what is wrong, but not the provider's own
// words, which may speak of the operator's account.
func providerOutcome(e *generate.ProviderError) outcome {
	what := e.Code
	if what == "" {
		what = fmt.Sprintf("status %d", e.Status)
	}
	message := fmt.Sprintf("model %q failed: %s", e.Model, what)
	retry := max(e.RetryAfter, time.Second)
	switch {
	case e.Status == http.StatusTooManyRequests:
		return outcome{codes.ResourceExhausted, message, "", retry}
	case e.Retryable:
		return outcome{codes.Unavailable, message, "", retry}
	}
	return outcome{codes.FailedPrecondition, message, "", 0}
}

func databaseOutcome(err error) (outcome, bool) {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		for n := len(pg.Code); n >= 2; n-- {
			if o, ok := sqlTable[pg.Code[:n]]; ok {
				return o, true
			}
		}
		return outcome{}, false
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return unavailable, true
	}
	_, network := errors.AsType[*net.OpError](err)
	for _, lost := range []error{puddle.ErrClosedPool, net.ErrClosed, io.ErrUnexpectedEOF} {
		network = network || errors.Is(err, lost)
	}
	if network || pgconn.SafeToRetry(err) {
		return unavailable, true
	}
	return outcome{}, false
}

func (o outcome) status(r request) *status.Status {
	message := o.message
	var details []protoadapt.MessageV1
	if o.resource != "" {
		name := resourceName(o.resource, r.msg)
		if name != "" {
			message = fmt.Sprintf("%s: %q", message, name)
		}
		details = append(details, &errdetails.ResourceInfo{ResourceType: o.resource, ResourceName: name})
	}
	if o.retry > 0 {
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(o.retry)})
	}
	return detailed(status.New(o.code, message), details...)
}

// resourceName reads from the request which resource of this kind it is about.
func resourceName(kind string, msg any) string {
	switch m := msg.(type) {
	case interface{ GetUri() string }:
		if kind == "document" {
			return m.GetUri()
		}
	case interface{ GetPrompt() string }:
		if kind == "prompt" {
			return m.GetPrompt()
		}
	case interface{ GetId() string }:
		if kind == "import" || kind == "conversation" {
			return m.GetId()
		}
	}
	if m, ok := msg.(*quarryv1.AskRequest); ok && kind == "conversation" {
		return m.Conversation
	}
	switch m := msg.(type) {
	case interface{ GetCollection() string }:
		return m.GetCollection()
	case interface{ GetName() string }:
		return m.GetName()
	}
	return ""
}
