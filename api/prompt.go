package api

import (
	"context"
	"fmt"

	"github.com/quarry-rag/quarry/generate/prompt"
	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// prompts is PromptService.
type prompts struct {
	quarryv1.UnimplementedPromptServiceServer
	library *prompt.Library
}

func (s *prompts) PushPrompt(ctx context.Context, in *quarryv1.PushPromptRequest) (*quarryv1.PushPromptResponse, error) {
	if in.DryRun {
		t, err := prompt.Parse(in.Source)
		if err != nil {
			return nil, err
		}
		return &quarryv1.PushPromptResponse{Prompt: fromPrompt(prompt.Stored{Template: t})}, nil
	}
	t, created, err := s.library.Push(ctx, in.Source, in.By)
	if err != nil {
		return nil, err
	}
	stored, err := s.library.Get(ctx, prompt.Ref{Name: t.Name, Version: t.Version})
	if err != nil {
		return nil, err
	}
	return &quarryv1.PushPromptResponse{Prompt: fromPrompt(stored), Created: created}, nil
}

func (s *prompts) GetPrompt(ctx context.Context, in *quarryv1.GetPromptRequest) (*quarryv1.GetPromptResponse, error) {
	r, err := prompt.ParseRef(in.Prompt)
	if err != nil {
		return nil, err
	}
	stored, err := s.library.Get(ctx, r)
	if err != nil {
		return nil, err
	}
	return &quarryv1.GetPromptResponse{Prompt: fromPrompt(stored)}, nil
}

func (s *prompts) ListPrompts(ctx context.Context, _ *quarryv1.ListPromptsRequest) (*quarryv1.ListPromptsResponse, error) {
	all, err := s.library.List(ctx)
	if err != nil {
		return nil, err
	}
	own := fromPrompt(prompt.Stored{Template: prompt.Default()})
	own.Source = ""
	out := &quarryv1.ListPromptsResponse{Prompts: []*quarryv1.Prompt{own}}
	for _, i := range all {
		out.Prompts = append(out.Prompts, &quarryv1.Prompt{
			Name: i.Name, Version: int32(i.Version), CreatedAt: fromTime(i.CreatedAt), CreatedBy: i.CreatedBy,
		})
	}
	return out, nil
}

func (s *prompts) ActivatePrompt(ctx context.Context, in *quarryv1.ActivatePromptRequest) (*quarryv1.ActivatePromptResponse, error) {
	r, err := prompt.ParseRef(in.Prompt)
	if err != nil {
		return nil, err
	}
	percent := in.Percent
	if percent == 0 {
		percent = 100
	}
	a, err := s.library.Activate(ctx, in.Collection, r, percent, in.By)
	if err != nil {
		return nil, err
	}
	return &quarryv1.ActivatePromptResponse{Activation: fromActivation(a)}, nil
}

func (s *prompts) RollbackPrompt(ctx context.Context, in *quarryv1.RollbackPromptRequest) (*quarryv1.RollbackPromptResponse, error) {
	a, err := s.library.Rollback(ctx, in.Collection, in.By)
	if err != nil {
		return nil, err
	}
	return &quarryv1.RollbackPromptResponse{Activation: fromActivation(a)}, nil
}

func (s *prompts) ListActivations(ctx context.Context, in *quarryv1.ListActivationsRequest) (*quarryv1.ListActivationsResponse, error) {
	all, err := s.library.History(ctx, in.Collection)
	if err != nil {
		return nil, err
	}
	out := &quarryv1.ListActivationsResponse{}
	for _, a := range all {
		out.Activations = append(out.Activations, fromActivation(a))
	}
	return out, nil
}

func fromPrompt(s prompt.Stored) *quarryv1.Prompt {
	out := &quarryv1.Prompt{
		Name: s.Name, Version: int32(s.Version), Description: s.Description, Source: s.Source,
		CreatedAt: fromTime(s.CreatedAt), CreatedBy: s.CreatedBy, BuiltIn: s.Template == prompt.Default(),
	}
	for _, v := range s.Variables {
		out.Variables = append(out.Variables, &quarryv1.PromptVariable{
			Name: v.Name, Type: v.Type, Values: v.Values, Default: fmt.Sprint(v.Default), Description: v.Description,
		})
	}
	return out
}

func fromActivation(a prompt.Activation) *quarryv1.Activation {
	out := &quarryv1.Activation{
		Sequence: int32(a.Sequence), Prompt: a.Base.String(), TrialPercent: a.TrialPercent,
		Action: a.Action, At: fromTime(a.At), By: a.By,
	}
	if a.TrialPercent > 0 {
		out.Trial = a.Trial.String()
	}
	return out
}
