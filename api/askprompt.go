package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/quarry-rag/quarry/generate"
	"github.com/quarry-rag/quarry/generate/prompt"
	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// words are what a chat model is asked with, and the plan that names them: the
// prompt that the request names, else what its collection uses. They are nil for
// a model that needs none, as the extractive one.
func (s *queries) words(ctx context.Context, in *quarryv1.AskRequest, plan generate.Plan) (*prompt.Words, generate.Plan, error) {
	if plan.Prompt == "" {
		switch {
		case in.Prompt != "":
			return nil, plan, &fieldError{"prompt", fmt.Sprintf("the model %q is asked without a prompt", plan.Model)}
		case len(in.Variables) > 0:
			return nil, plan, &fieldError{"variables", fmt.Sprintf("the model %q is asked without a prompt", plan.Model)}
		}
		return nil, plan, nil
	}
	t, err := s.template(ctx, in)
	if err != nil {
		return nil, plan, err
	}
	w, err := t.Bind(in.Variables)
	if err != nil {
		return nil, plan, variableError(err)
	}
	plan.Prompt = w.Ref()
	return w, plan, nil
}

func (s *queries) template(ctx context.Context, in *quarryv1.AskRequest) (*prompt.Template, error) {
	switch {
	case s.prompts == nil:
		return prompt.Default(), nil
	case in.Prompt == "":
		return s.prompts.Choose(ctx, in.Collection, trialKey(in))
	}
	r, err := prompt.ParseRef(in.Prompt)
	if err != nil {
		return nil, err
	}
	return s.prompts.Template(ctx, r)
}

// trialKey decides who gets which prompt and which model while some are on trial.
func trialKey(in *quarryv1.AskRequest) string {
	return cmp.Or(in.TrialKey, in.Conversation, in.Question)
}

// variableError names the variable as protobuf names a map's field.
func variableError(err error) error {
	bad, ok := errors.AsType[*prompt.Invalid](err)
	if !ok {
		return err
	}
	field := fmt.Sprintf("variables[%q]", bad.Field)
	if bad.Field == "source" {
		field = "variables" // only all together are too much
	}
	return &prompt.Invalid{Field: field, Problems: bad.Problems}
}
