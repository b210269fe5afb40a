package main

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

func TestExplain(t *testing.T) {
	bad, err := status.New(codes.InvalidArgument, "x").WithDetails(&errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{
		{Field: "options.limit", Description: "must be at most 1000"}, {Field: "query", Description: "is empty"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	busy, err := status.New(codes.ResourceExhausted, "too many calls at once").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(600 * time.Millisecond)})
	if err != nil {
		t.Fatal(err)
	}
	tried, err := status.New(codes.Unavailable, "model failed").WithDetails(&quarryv1.Receipt{
		Tries: []*quarryv1.Try{{Model: "a", Code: "timeout"}, {Model: "b", Code: "status_503"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	broken, err := status.New(codes.Unavailable, "broke off").WithDetails(&quarryv1.Receipt{
		Tries: []*quarryv1.Try{{Model: "a", Code: "stalled", InputTokens: 7, OutputTokens: 2, Estimated: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	disobeyed, err := status.New(codes.Aborted, "no JSON that obeys the schema").WithDetails(
		&errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: "answer/year", Description: "got string, want integer"}}},
		&quarryv1.Receipt{Tries: []*quarryv1.Try{{Model: "a", Code: "invalid_json", InputTokens: 9, OutputTokens: 3}}})
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]error{
		"no JSON that obeys the schema\n  answer/year: got string, want integer\nModels: a (invalid_json) 9 tokens in, 3 out · cost unknown": disobeyed.Err(),
		"broke off\nModels: a (stalled) about 7 tokens in, 2 out · cost unknown":                                                             broken.Err(),
		"model failed\nModels: a (timeout) → b (status_503) · cost unknown":                                                                  tried.Err(),
		"invalid request\n  options.limit: must be at most 1000\n  query: is empty":                                                          bad.Err(),
		"too many calls at once (try again in 1s)":                                                                                           busy.Err(),
		"plain":            errors.New("plain"),
		"not found: \"x\"": fmt.Errorf("a.txt: %w", status.Error(codes.NotFound, "not found: \"x\"")),
	}
	for want, err := range cases {
		if got := explain(err); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestEitherURI(t *testing.T) {
	stored := map[string]bool{"named": true, fileURI("/a/b.md"): true}
	find := func(tried *[]string) func(string) error {
		return func(uri string) error {
			*tried = append(*tried, uri)
			if !stored[uri] {
				return status.Errorf(codes.NotFound, "%s", uri)
			}
			return nil
		}
	}
	cases := []struct {
		name  string
		tried []string
		found bool
	}{
		{"named", []string{"named"}, true},
		{"/a/b.md", []string{"/a/b.md", fileURI("/a/b.md")}, true},
		{"file:///none", []string{"file:///none"}, false},
		{"/none", []string{"/none", fileURI("/none")}, false},
	}
	for _, c := range cases {
		var tried []string
		err := eitherURI(c.name, find(&tried))
		if diff := cmp.Diff(c.tried, tried); diff != "" || (err == nil) != c.found {
			t.Errorf("%s: %v %s", c.name, err, diff)
		}
		if err != nil && status.Convert(err).Message() != c.name {
			t.Errorf("%s: the error names %v", c.name, err)
		}
	}
}
