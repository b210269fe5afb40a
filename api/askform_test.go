package api_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/quarry-rag/quarry/api"
	"github.com/quarry-rag/quarry/generate/provider/openaitest"
	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

const yearSchema = `{"type": "object", "properties": {"year": {"type": "integer"}}, "required": ["year"]}`

func jsonForm(schema string) *quarryv1.AskRequest_Json {
	return &quarryv1.AskRequest_Json{Json: &quarryv1.JsonForm{Schema: schema}}
}

// Each form is streamed as its own events.
func TestForms(t *testing.T) {
	model := openaitest.New(t, openaitest.Reply{Pieces: []string{`{"year": `, `1871}`}})
	r := newRig(t, api.Options{}, chatAt(model.URL))
	r.create(t, "docs")
	r.put(t, "docs", "lighthouse.md", lighthouse)
	r.put(t, "docs", "bread.md", bread)

	events, err := r.ask(t, askBrannock(&quarryv1.AskRequest{Form: jsonForm(yearSchema)}))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"plan", "passages", "json", "text", "usage", "verdict", "done"}, phases(events)); d != "" {
		t.Error(d)
	}
	if got := events[2].GetJson().Json; got != `{"year": 1871}` || !strings.Contains(events[3].GetCitation().GetQuote(), "1871") {
		t.Errorf("%s, %v", got, events[3])
	}

	model.Set(openaitest.Reply{Pieces: []string{`[1] "made up"`}})
	quotes := &quarryv1.AskRequest_Quotes{Quotes: &quarryv1.QuotesForm{}}
	if events, err = r.ask(t, askBrannock(&quarryv1.AskRequest{Form: quotes})); err != nil || events[len(events)-1].GetDone().RemovedMarkers != 1 {
		t.Errorf("quotes: %v, %v", events, err)
	}
	if events, err = r.ask(t, askBrannock(&quarryv1.AskRequest{Form: quotes, Model: "extractive"})); err != nil || !strings.Contains(textOf(events), "1871") {
		t.Errorf("extractive quotes: %v, %v", events, err)
	}

	model.Set(openaitest.Reply{Pieces: []string{"It was built in 1871 [1]."}})
	summary := &quarryv1.AskRequest_Summary{Summary: &quarryv1.SummaryForm{MaxCalls: 4}}
	if events, err = r.ask(t, askBrannock(&quarryv1.AskRequest{Form: summary})); err != nil || !strings.Contains(textOf(events), "1871") {
		t.Errorf("summary: %v, %v", events, err)
	}
	if notes := events[1].GetPassages().GetReport().GetNotes(); len(notes) != 0 {
		t.Errorf("notes of a summary of all: %v", notes)
	}
	few := &quarryv1.SearchOptions{Limit: 1}
	if events, err = r.ask(t, askBrannock(&quarryv1.AskRequest{Form: summary, Options: few})); err != nil || len(events[1].GetPassages().GetReport().GetNotes()) != 1 {
		t.Errorf("a summary of one passage: %v, %v", events[1], err)
	}
	events, err = r.ask(t, askBrannock(&quarryv1.AskRequest{Form: summary, Model: "extractive"}))
	if d := cmp.Diff([]string{"plan", "passages", "progress", "text"}, phases(events)[:4]); d != "" || err != nil {
		t.Errorf("extractive summary: %s, %v", d, err)
	}
}

func textOf(events []*quarryv1.AskResponse) (text string) {
	for _, e := range events {
		text += e.GetDelta().GetText()
	}
	return text
}

func TestFormErrors(t *testing.T) {
	model := openaitest.New(t, openaitest.Reply{Pieces: []string{`{"year": "soon"}`}})
	r := newRig(t, api.Options{}, chatAt(model.URL))
	r.create(t, "docs")
	r.put(t, "docs", "lighthouse.md", lighthouse)
	bounded := &quarryv1.AskRequest_Summary{Summary: &quarryv1.SummaryForm{MaxCost: 1}}
	for _, c := range []struct {
		name  string
		in    *quarryv1.AskRequest
		code  codes.Code
		field string
	}{
		{"does not obey", &quarryv1.AskRequest{Form: jsonForm(yearSchema)}, codes.Aborted, "answer/year"},
		{"no schema", &quarryv1.AskRequest{Form: jsonForm("{")}, codes.InvalidArgument, "json.schema"},
		{"a schema elsewhere", &quarryv1.AskRequest{Form: jsonForm(`{"$ref": "file:///etc/passwd"}`)}, codes.InvalidArgument, "json.schema"},
		{"no model that writes JSON", &quarryv1.AskRequest{Form: jsonForm(yearSchema), Model: "extractive"}, codes.FailedPrecondition, ""},
		{"no price", &quarryv1.AskRequest{Form: bounded}, codes.FailedPrecondition, ""},
	} {
		_, err := r.ask(t, askBrannock(c.in))
		if st := status.Convert(err); st.Code() != c.code || violated(st) != c.field {
			t.Errorf("%s: %v, field %q", c.name, err, violated(st))
		}
	}
	_, err := r.ask(t, askBrannock(&quarryv1.AskRequest{Form: jsonForm(yearSchema)}))
	for _, d := range status.Convert(err).Details() {
		if bad, ok := d.(*errdetails.BadRequest); !ok || bad.FieldViolations[0].Description == "" {
			t.Errorf("%v", d)
		}
	}
}

// An answer is given again only in the form, and in the words, that it was
// asked for.
func TestFormsAreCachedApart(t *testing.T) {
	model := openaitest.New(t, openaitest.Reply{Pieces: []string{`{"year": 1871}`}})
	r := newCachingRig(t, chatAt(model.URL), false)
	r.create(t, "docs")
	r.put(t, "docs", "lighthouse.md", lighthouse)
	ask := func(want quarryv1.CacheState, in *quarryv1.AskRequest) []*quarryv1.AskResponse {
		t.Helper()
		events, err := r.ask(t, askBrannock(in))
		if err != nil {
			t.Fatal(err)
		}
		if got := events[len(events)-1].GetDone().GetReceipt().GetCache(); got != want {
			t.Errorf("%v: %v, want %v", in, got, want)
		}
		return events
	}
	first := ask(miss, &quarryv1.AskRequest{Form: jsonForm(yearSchema)})
	checkReplay(t, first, ask(exact, &quarryv1.AskRequest{Form: jsonForm(yearSchema)}))
	for _, in := range []*quarryv1.AskRequest{
		{Form: jsonForm(`{"type": "object"}`)},
		{Form: jsonForm(yearSchema), Variables: map[string]string{"tone": "formal"}},
		{Form: &quarryv1.AskRequest_Quotes{Quotes: &quarryv1.QuotesForm{}}},
		{},
	} {
		ask(miss, in)
	}
}
