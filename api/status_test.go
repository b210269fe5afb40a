package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/puddle/v2"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/quarry-rag/quarry/generate"
	"github.com/quarry-rag/quarry/ingest"
	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
	"github.com/quarry-rag/quarry/retrieve"
	"github.com/quarry-rag/quarry/retrieve/embed"
)

// secret stands for what wraps an error: clients must never see it.
const secret = "select * from passwords"

func TestStatusTable(t *testing.T) {
	get := &quarryv1.GetDocumentRequest{Collection: "c", Uri: "u"}
	pg := func(code string) error { return &pgconn.PgError{Code: code, Message: secret} }
	cases := []struct {
		err     error
		code    codes.Code
		message string
		retry   time.Duration
	}{
		{ingest.ErrUnknownCollection, codes.NotFound, `unknown collection: "c"`, 0},
		{retrieve.ErrUnknownCollection, codes.NotFound, `unknown collection: "c"`, 0},
		{ingest.ErrUnknownDocument, codes.NotFound, `unknown document: "u"`, 0},
		{ingest.ErrCollectionExists, codes.AlreadyExists, `collection exists: "c"`, 0},
		{ingest.ErrBusy, codes.ResourceExhausted, "ingestion queue is full", 5 * time.Second},
		{errOverloaded, codes.ResourceExhausted, "too many calls at once", time.Second},
		{errStopping, codes.Unavailable, "server is stopping", time.Second},
		{retrieve.ErrModelMismatch, codes.FailedPrecondition, "", 0},
		{&ingest.Invalid{Field: "uri", Reason: "is odd"}, codes.InvalidArgument, "uri: is odd", 0},
		{&fieldError{"page_token", "is odd"}, codes.InvalidArgument, "page_token: is odd", 0},
		{context.Canceled, codes.Canceled, "cancelled", 0},
		{context.DeadlineExceeded, codes.DeadlineExceeded, "deadline exceeded", 0},
		{errors.Join(context.DeadlineExceeded, pg("57P01")), codes.Unavailable, "", 2 * time.Second},
		{retrieve.ErrGone, codes.Aborted, "", time.Second},
		{&embed.StatusError{Code: 503, Message: secret, RetryAfter: 3 * time.Second}, codes.Unavailable, "", 3 * time.Second},
		{&embed.StatusError{Code: 401, Message: secret}, codes.FailedPrecondition, "", 0},
		{&embed.DimensionError{Model: "m", Want: 3, Got: 4}, codes.FailedPrecondition, "", 0},
		{embed.ErrResponse, codes.Unavailable, "", 5 * time.Second},
		{embed.ErrUnreachable, codes.Unavailable, "no response from the embedding server", 5 * time.Second},
		{&net.OpError{Op: "dial", Err: errors.New(secret)}, codes.Unavailable, "", 2 * time.Second},
		{&pgconn.ConnectError{Config: &pgconn.Config{User: secret}}, codes.Unavailable, "", 2 * time.Second},
		{io.ErrUnexpectedEOF, codes.Unavailable, "", 2 * time.Second},
		{puddle.ErrClosedPool, codes.Unavailable, "", 2 * time.Second},
		{pg("57P01"), codes.Unavailable, "", 2 * time.Second},
		{pg("57P02"), codes.Unavailable, "", 2 * time.Second},
		{pg("57P03"), codes.Unavailable, "", 2 * time.Second},
		{pg("08006"), codes.Unavailable, "", 2 * time.Second},
		{pg("53300"), codes.Unavailable, "", 2 * time.Second},
		{pg("53100"), codes.ResourceExhausted, "the database's disk is full", 30 * time.Second},
		{pg("57014"), codes.DeadlineExceeded, "", 0},
		{pg("42601"), codes.Internal, "", 0},
		{&generate.ProviderError{Model: "m", Status: 429, Message: secret, RetryAfter: 7 * time.Second, Retryable: true}, codes.ResourceExhausted, `model "m" failed: status 429`, 7 * time.Second},
		{&generate.ProviderError{Model: "m", Code: "truncated", Message: secret, Retryable: true}, codes.Unavailable, `model "m" failed: truncated`, time.Second},
		{&generate.ProviderError{Model: "m", Status: 401, Message: secret}, codes.FailedPrecondition, `model "m" failed: status 401`, 0},
		{errors.New("anything"), codes.Internal, "", 0},
	}
	for _, c := range cases {
		wrapped := fmt.Errorf("%s: %w", secret, c.err)
		st := toStatus(wrapped, request{id: "id-1", msg: get})
		if st.Code() != c.code {
			t.Errorf("%v: code %v, want %v", c.err, st.Code(), c.code)
		}
		if c.message != "" && st.Message() != c.message {
			t.Errorf("%v: message %q, want %q", c.err, st.Message(), c.message)
		}
		if got := retryDelay(st); got != c.retry {
			t.Errorf("%v: retry after %v, want %v", c.err, got, c.retry)
		}
		if strings.Contains(fmt.Sprint(st.Proto()), secret) {
			t.Errorf("%v: the client sees what wraps it: %v", c.err, st.Proto())
		}
	}
}

func retryDelay(st *status.Status) time.Duration {
	for _, d := range st.Details() {
		if r, ok := d.(*errdetails.RetryInfo); ok {
			return r.RetryDelay.AsDuration()
		}
	}
	return 0
}

func TestInternalNamesTheRequest(t *testing.T) {
	st := toStatus(errors.New(secret), request{id: "id-1"})
	if !strings.Contains(st.Message(), "id-1") {
		t.Errorf("message %q does not name the request", st.Message())
	}
	if info, ok := st.Details()[0].(*errdetails.RequestInfo); !ok || info.RequestId != "id-1" {
		t.Errorf("details %v do not name the request", st.Details())
	}
}

func TestResourceInfo(t *testing.T) {
	st := toStatus(ingest.ErrUnknownImport, request{msg: &quarryv1.WatchImportRequest{Collection: "c", Id: "7"}})
	info, ok := st.Details()[0].(*errdetails.ResourceInfo)
	if !ok {
		t.Fatalf("details %v", st.Details())
	}
	if diff := cmp.Diff([]string{"import", "7"}, []string{info.ResourceType, info.ResourceName}); diff != "" {
		t.Error(diff)
	}
}

// A call that ran out of its own time failed for that, whatever it broke on.
func TestEndedCall(t *testing.T) {
	st := toStatus(&pgconn.PgError{Code: "57P01"}, request{ended: context.DeadlineExceeded})
	if st.Code() != codes.DeadlineExceeded {
		t.Errorf("got %v", st)
	}
}

func TestNoError(t *testing.T) {
	if st := toStatus(nil, request{}); st.Code() != codes.OK || st.Err() != nil {
		t.Errorf("nil became %v", st)
	}
}
