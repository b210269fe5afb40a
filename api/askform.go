package api

import (
	"errors"
	"fmt"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/quarry-rag/quarry/generate"
	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
	"github.com/quarry-rag/quarry/retrieve"
)

// What a summary retrieves unless told otherwise.
const (
	summaryLimit  = 64
	summaryTokens = 16_000
)

// toForm is the form that an answer is asked for; nil is text. What the model of
// a plan cannot write fails here, before any event.
func toForm(in *quarryv1.AskRequest, plan generate.Plan) (generate.Form, error) {
	switch f := in.Form.(type) {
	case *quarryv1.AskRequest_Json:
		schema, err := generate.ParseSchema(f.Json.GetSchema())
		if err != nil {
			return nil, &fieldError{"json.schema", err.Error()}
		}
		if plan.Quotes {
			return nil, generate.ErrNoForm
		}
		return generate.JSON{Schema: schema}, nil
	case *quarryv1.AskRequest_Quotes:
		return generate.Quotes{Max: int(f.Quotes.GetMax())}, nil
	case *quarryv1.AskRequest_Summary:
		return generate.Summary{MaxCalls: int(f.Summary.GetMaxCalls()), MaxCost: f.Summary.GetMaxCost()}, nil
	}
	return nil, nil
}

// askDefaults are the passages and tokens that a form is drawn from.
func askDefaults(in *quarryv1.AskRequest) (limit, tokens int) {
	if in.GetSummary() != nil {
		return summaryLimit, summaryTokens
	}
	return askLimit, askTokens
}

// summaryNote says when more passages may bear on a summary than it reads.
func summaryNote(in *quarryv1.AskRequest, q retrieve.Query, found []retrieve.Passage) []string {
	tokens := 0
	for _, p := range found {
		tokens += p.Tokens
	}
	if in.GetSummary() == nil || len(found) < q.Limit && tokens < q.MaxTokens*9/10 {
		return nil
	}
	return []string{fmt.Sprintf("The summary reads the best %d passages; there may be more. Raise options.limit and options.max_tokens for them.", len(found))}
}

// disobeyed is the status of an answer that does not obey its schema, with the
// parts that do not as field violations; nil for other errors.
func disobeyed(err error) *status.Status {
	failed, ok := errors.AsType[*generate.SchemaError](err)
	if !ok {
		return nil
	}
	bad := &errdetails.BadRequest{}
	for _, p := range failed.Problems {
		bad.FieldViolations = append(bad.FieldViolations,
			&errdetails.BadRequest_FieldViolation{Field: "answer" + p.Path, Description: p.Message})
	}
	return detailed(status.New(codes.Aborted, fmt.Sprintf("model %q wrote no JSON that obeys the schema", failed.Model)), bad)
}

func fromObject(o generate.Object) *quarryv1.AskResponse {
	return &quarryv1.AskResponse{Event: &quarryv1.AskResponse_Json{Json: &quarryv1.JsonEvent{Json: o.JSON}}}
}

func fromProgress(p generate.Progress) *quarryv1.AskResponse {
	return &quarryv1.AskResponse{Event: &quarryv1.AskResponse_Progress{
		Progress: &quarryv1.ProgressEvent{Stage: p.Stage, Done: int32(p.Done), Total: int32(p.Total)},
	}}
}
