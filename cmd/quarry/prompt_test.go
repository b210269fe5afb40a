package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

func TestLineDiff(t *testing.T) {
	a := "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\n"
	b := "one\ntwo\nthree\nfour\nfive\n6\nseven\neight\nnine\n"
	want := "--- a\n+++ b\n…\n  three\n  four\n  five\n- six\n+ 6\n  seven\n  eight\n+ nine\n"
	if d := cmp.Diff(want, lineDiff("a", "b", a, b)); d != "" {
		t.Error(d)
	}
	if got := lineDiff("a", "b", a, a); got != "" {
		t.Errorf("%q", got)
	}
	// Too many lines to compare are all shown.
	long, other := strings.Repeat("x\n", 5000), strings.Repeat("y\n", 5000)
	if got := lineDiff("a", "b", long, other); strings.Count(got, "\n- x") != 5000 || strings.Count(got, "\n+ y") != 5000 {
		t.Errorf("%d bytes", len(got))
	}
}

// The list says what answers; a name cannot take over the terminal.
func TestPromptList(t *testing.T) {
	at := timestamppb.New(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	builtIn := &quarryv1.Prompt{Name: "grounded-qa", Version: 1, BuiltIn: true}
	one := &quarryv1.Prompt{Name: "desk", Version: 1, CreatedAt: at, CreatedBy: "ann\x1b[31m"}
	if got := promptOrigin(one); got != "2026-01-02 03:04:05 UTC by ann[31m" {
		t.Errorf("%q", got)
	}
	trial := []*quarryv1.Activation{{Prompt: "grounded-qa@1", Trial: "desk@1", TrialPercent: 12.5}, {Prompt: "desk@1"}}
	for _, c := range []struct {
		p       *quarryv1.Prompt
		history []*quarryv1.Activation
		want    string
	}{
		{builtIn, nil, "answers docs"},
		{one, nil, ""},
		{builtIn, trial, "answers 87.5% of docs"},
		{one, trial, "answers 12.5% of docs, on trial"},
		{one, trial[1:], "answers docs"},
		{builtIn, trial[1:], ""},
	} {
		if got := promptUse(c.p, c.history, "docs"); got != c.want {
			t.Errorf("%s: %q, want %q", c.p.Name, got, c.want)
		}
	}
}

// What is wrong before any server is asked.
func TestPromptArguments(t *testing.T) {
	for _, c := range []struct {
		code       int
		want, args string
	}{
		{exitFailed, "no such file", "prompt push /nowhere/x.prompt"},
		{exitFailed, "is a directory", "prompt push /"},
		{exitUsage, "more than 0", "prompt activate a --percent 0"},
		{exitUsage, "more than 0", "prompt activate a --percent NaN"},
		{exitUsage, "at most 100", "prompt activate a --percent 101"},
		{exitUsage, "no such file", "prompt try a --golden /nowhere/golden.jsonl"},
		{exitUsage, "want one of verdict", "prompt try a --golden prompt_test.go --min ndcg@10=1"},
		{exitFailed, "not a golden question", "prompt try a --golden prompt_test.go"},
		{exitUsage, "want one of them", "ask x --quotes --summary"},
		{exitUsage, "add --summary", "ask x --max-cost 1"},
	} {
		term, out := testTerminal()
		if code := run(strings.Fields(c.args), nil, term); code != c.code || !strings.Contains(out.String(), c.want) {
			t.Errorf("%s: %d, %s", c.args, code, out)
		}
	}
}
