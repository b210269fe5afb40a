package api

import (
	"errors"
	"strings"

	"buf.build/go/protovalidate"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"

	"github.com/quarry-rag/quarry/generate/prompt"
	"github.com/quarry-rag/quarry/ingest"
)

// invalid returns INVALID_ARGUMENT with its field violations when err is about
// the request's fields, else nil.
func invalid(err error) *status.Status {
	var one *fieldError
	var refused *ingest.Invalid
	var words *prompt.Invalid
	var many *protovalidate.ValidationError
	bad := &errdetails.BadRequest{}
	switch {
	case errors.As(err, &one):
		bad.FieldViolations = append(bad.FieldViolations,
			&errdetails.BadRequest_FieldViolation{Field: one.field, Description: one.description})
	case errors.As(err, &refused):
		bad.FieldViolations = append(bad.FieldViolations,
			&errdetails.BadRequest_FieldViolation{Field: refused.Field, Description: refused.Reason})
	case errors.As(err, &words):
		for _, problem := range words.Problems {
			bad.FieldViolations = append(bad.FieldViolations,
				&errdetails.BadRequest_FieldViolation{Field: words.Field, Description: problem})
		}
	case errors.As(err, &many):
		for _, v := range many.Violations {
			bad.FieldViolations = append(bad.FieldViolations, violation(v))
		}
	default:
		return nil
	}
	var lines []string
	for _, v := range bad.FieldViolations {
		lines = append(lines, strings.TrimPrefix(v.Field+": "+v.Description, ": ")) // some are about no single field
	}
	return detailed(status.New(codes.InvalidArgument, strings.Join(lines, "; ")), bad)
}

// patterns say in words, by field, what the protocol demands of a string.
var patterns = map[string]string{
	"account":  "must be letters, digits and . _ : @ / -, a letter or digit first",
	"language": "must be two small letters, ISO 639-1, as in en",
	"id":       "must be a number, as it was given out",
}

func violation(v *protovalidate.Violation) *errdetails.BadRequest_FieldViolation {
	description := v.Proto.GetMessage()
	field := protovalidate.FieldPathString(v.Proto.GetField())
	words := patterns[field[strings.LastIndexByte(field, '.')+1:]]
	switch {
	case description == "must be at least 1 characters":
		description = "must not be empty"
	case v.Proto.GetRuleId() == "string.pattern" && words != "":
		description = words
	}
	return &errdetails.BadRequest_FieldViolation{
		Field:       field,
		Description: description,
		Reason:      v.Proto.GetRuleId(),
	}
}

func detailed(st *status.Status, details ...protoadapt.MessageV1) *status.Status {
	if with, err := st.WithDetails(details...); err == nil {
		return with
	}
	return st
}
