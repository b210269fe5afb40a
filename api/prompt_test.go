package api_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/quarry-rag/quarry/api"
	"github.com/quarry-rag/quarry/generate/provider/openaitest"
	"github.com/quarry-rag/quarry/internal/eval"
	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

const desk = `---
name: desk
description: The desk's own words.
variables:
  - {name: tone, type: enum, values: [plain, formal], default: plain}
---
{{define "system"}}You are the desk%s. Be {{.tone}}. Else say: {{.Refusal}}{{end}}
{{define "user"}}{{.Passages}}{{.Question}}{{end}}
`

// promptRig is a server with a chat model, one document and two versions of a prompt.
func promptRig(t *testing.T) (*rig, quarryv1.PromptServiceClient, *openaitest.Server) {
	t.Helper()
	model := openaitest.New(t, openaitest.Reply{Pieces: []string{"It was built in 1871 [1]."}})
	r := newRig(t, api.Options{}, chatAt(model.URL))
	r.create(t, "docs")
	r.put(t, "docs", "lighthouse.md", lighthouse)
	client := quarryv1.NewPromptServiceClient(r.conn)
	for i, words := range []string{"", ", in new words"} {
		out, err := client.PushPrompt(within(t), &quarryv1.PushPromptRequest{Source: fmt.Sprintf(desk, words), By: "ann"})
		if err != nil || !out.Created || out.Prompt.Version != int32(i+1) || out.Prompt.CreatedBy != "ann" || len(out.Prompt.Variables) != 1 {
			t.Fatalf("%v, %v", out, err)
		}
	}
	return r, client, model
}

func askBrannock(in *quarryv1.AskRequest) *quarryv1.AskRequest {
	in.Collection, in.Question = "docs", "When was the Brannock lighthouse built?"
	return in
}

// used is the prompt that plan and receipt name, and the system message that the
// model was sent.
func used(t *testing.T, r *rig, model *openaitest.Server, in *quarryv1.AskRequest) (ref, system string) {
	t.Helper()
	events, err := r.ask(t, askBrannock(in))
	if err != nil {
		t.Fatal(err)
	}
	ref = events[0].GetPlan().GetPrompt()
	if receipt := events[len(events)-1].GetDone().GetReceipt().GetPrompt(); receipt != ref {
		t.Errorf("the plan names %q, the receipt %q", ref, receipt)
	}
	all := model.Requests()
	first := all[len(all)-1].Body["messages"].([]any)[0].(map[string]any)
	return ref, first["content"].(string)
}

func TestPromptIsActivatedAndRolledBack(t *testing.T) {
	r, client, model := promptRig(t)
	check := func(when string, in *quarryv1.AskRequest, want, words string) {
		t.Helper()
		if ref, system := used(t, r, model, in); ref != want || !strings.Contains(system, words) {
			t.Errorf("%s: %q answers with %q; want %q with %q", when, ref, system, want, words)
		}
	}
	check("at first", &quarryv1.AskRequest{}, "grounded-qa@2", "from the numbered passages")
	check("named", &quarryv1.AskRequest{Prompt: "desk"}, "desk@2", "desk, in new words. Be plain")
	check("named with its version", &quarryv1.AskRequest{Prompt: "desk@1", Variables: map[string]string{"tone": "formal"}}, "desk@1", "desk. Be formal")
	for _, ref := range []string{"desk@1", "desk"} {
		if _, err := client.ActivatePrompt(within(t), &quarryv1.ActivatePromptRequest{Collection: "docs", Prompt: ref, By: "ann"}); err != nil {
			t.Fatal(err)
		}
	}
	check("activated", &quarryv1.AskRequest{}, "desk@2", "in new words")
	out, err := client.RollbackPrompt(within(t), &quarryv1.RollbackPromptRequest{Collection: "docs", By: "bob"})
	if err != nil || out.Activation.Prompt != "desk@1" || out.Activation.By != "bob" {
		t.Fatalf("%v, %v", out, err)
	}
	check("rolled back", &quarryv1.AskRequest{}, "desk@1", "desk. Be plain")
	if _, err := client.ActivatePrompt(within(t), &quarryv1.ActivatePromptRequest{Collection: "docs", Prompt: "desk@2", Percent: 50}); err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for i := range 8 {
		in := func() *quarryv1.AskRequest { return &quarryv1.AskRequest{TrialKey: fmt.Sprint("user ", i)} }
		ref, _ := used(t, r, model, in())
		check("the same key again", in(), ref, "")
		seen[ref]++
	}
	if seen["desk@1"] == 0 || seen["desk@2"] == 0 {
		t.Errorf("a trial of half: %v", seen)
	}
	history, err := client.ListActivations(within(t), &quarryv1.ListActivationsRequest{Collection: "docs"})
	if err != nil || len(history.Activations) != 4 || history.Activations[0].Trial != "desk@2" || history.Activations[1].Action != "rollback" {
		t.Errorf("%v, %v", history, err)
	}
}

func TestPromptErrors(t *testing.T) {
	r, client, _ := promptRig(t)
	ask := func(in *quarryv1.AskRequest) error {
		_, err := r.ask(t, askBrannock(in))
		return err
	}
	push := func(source string) error {
		_, err := client.PushPrompt(within(t), &quarryv1.PushPromptRequest{Source: source})
		return err
	}
	get := func(ref string) error {
		_, err := client.GetPrompt(within(t), &quarryv1.GetPromptRequest{Prompt: ref})
		return err
	}
	rollback := func(collection string) error {
		_, err := client.RollbackPrompt(within(t), &quarryv1.RollbackPromptRequest{Collection: collection})
		return err
	}
	for _, c := range []struct {
		name  string
		err   error
		code  codes.Code
		field string
		says  string
	}{
		{"unknown variable", ask(&quarryv1.AskRequest{Prompt: "desk", Variables: map[string]string{"mood": "x"}}), codes.InvalidArgument, `variables["mood"]`, "desk@2 has tone"},
		{"value of no type", ask(&quarryv1.AskRequest{Prompt: "desk", Variables: map[string]string{"tone": "rude"}}), codes.InvalidArgument, `variables["tone"]`, "one of plain, formal"},
		{"unknown prompt", ask(&quarryv1.AskRequest{Prompt: "nobody"}), codes.NotFound, "", `"nobody"`},
		{"unknown version", ask(&quarryv1.AskRequest{Prompt: "desk@9"}), codes.NotFound, "", `"desk@9"`},
		{"no name", ask(&quarryv1.AskRequest{Prompt: "../x"}), codes.InvalidArgument, "prompt", "want a name"},
		{"no prompt is needed", ask(&quarryv1.AskRequest{Model: "extractive", Prompt: "desk"}), codes.InvalidArgument, "prompt", "without a prompt"},
		{"an endless loop", push(fmt.Sprintf(desk, "{{range 1000000000}}{{end}}")), codes.InvalidArgument, "source", `line 7: "range" is not allowed`},
		{"an unknown variable", push(fmt.Sprintf(desk, "{{.mood}}")), codes.InvalidArgument, "source", "unknown variable mood"},
		{"a huge file", push(fmt.Sprintf(desk, strings.Repeat("x", 70000))), codes.InvalidArgument, "source", ""},
		{"a file that is empty", push(""), codes.InvalidArgument, "source", ""},
		{"unknown", get("nobody"), codes.NotFound, "", `"nobody"`},
		{"nothing to roll back", rollback("docs"), codes.FailedPrecondition, "", "nothing to roll back"},
		{"unknown collection", rollback("nowhere"), codes.NotFound, "", `"nowhere"`},
	} {
		st := status.Convert(c.err)
		if st.Code() != c.code || !strings.Contains(st.Message(), c.says) || c.field != violated(st) {
			t.Errorf("%s: %v, field %q", c.name, c.err, violated(st))
		}
	}
	if out, err := client.PushPrompt(within(t), &quarryv1.PushPromptRequest{Source: fmt.Sprintf(desk, "!"), DryRun: true}); err != nil || out.Created || out.Prompt.Version != 0 {
		t.Errorf("dry run: %v, %v", out, err)
	}
	all, err := client.ListPrompts(within(t), &quarryv1.ListPromptsRequest{})
	if err != nil || len(all.Prompts) != 3 || !all.Prompts[0].BuiltIn || all.Prompts[1].Version != 2 {
		t.Errorf("%v, %v", all, err)
	}
}

// violated is the first field that a status names.
func violated(st *status.Status) string {
	for _, d := range st.Details() {
		if bad, ok := d.(*errdetails.BadRequest); ok {
			return bad.FieldViolations[0].Field
		}
	}
	return ""
}

// A prompt is tried on a golden set as `quarry prompt try` does it.
func TestPromptIsTried(t *testing.T) {
	r, _, model := promptRig(t)
	golden := filepath.Join(t.TempDir(), "golden.jsonl")
	if err := os.WriteFile(golden, []byte(`{"question": "When was the Brannock lighthouse built?", "document": "lighthouse", "quote": "1871"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := eval.ReadGolden(golden)
	if err != nil {
		t.Fatal(err)
	}
	settings := []eval.TrialSetting{{Prompt: "desk@1", Model: "chat"}, {Prompt: "desk@2"}, {Model: "extractive"}}
	rows, err := eval.RunTrial(t.Context(), d, settings, 2, eval.NewServer(r.conn, "docs").Answer)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if row.Failed > 0 || row.Means["answered"] != 1 || row.Means["cited"] != 1 || row.Means["support"] != 1 || row.P50 <= 0 {
			t.Errorf("%+v", row)
		}
	}
	if rows[0].Unpriced != 1 || rows[2].Unpriced != 0 || len(model.Requests()) != 2 {
		t.Errorf("%+v", rows)
	}
	if _, err := eval.RunTrial(t.Context(), d, []eval.TrialSetting{{Prompt: "nobody"}}, 1, eval.NewServer(r.conn, "docs").Answer); status.Code(err) != codes.NotFound {
		t.Errorf("an unknown prompt: %v", err)
	}
}
