package api_test

import (
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/quarry-rag/quarry/api"
	"github.com/quarry-rag/quarry/generate/provider/openaitest"
	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

func TestContextualize(t *testing.T) {
	r := newRig(t, api.Options{}, chatAt(openaitest.New(t, openaitest.Reply{}).URL))
	r.create(t, "c")
	r.put(t, "c", "a", "# One\n\nA short text.")
	is := func(want bool) {
		t.Helper()
		got, err := r.collections.GetCollection(t.Context(), &quarryv1.GetCollectionRequest{Name: "c"})
		if err != nil || got.Collection.Settings.GetContextual() != want {
			t.Errorf("contextual: %v, %v; want %v", got.GetCollection().GetSettings(), err, want)
		}
	}
	for _, in := range []*quarryv1.ContextualizeCollectionRequest{{Name: "c", DryRun: true}, {Name: "c"}, {Name: "c", Off: true}} {
		got, err := r.collections.ContextualizeCollection(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		if got.Chunks != 1 || got.Waiting != 1 || got.Model != "chat" || got.InputTokens < 200 || got.OutputTokens < 20 || got.Cost != nil {
			t.Errorf("%v: %v", in, got)
		}
		is(!in.DryRun && !in.Off)
	}
	for code, in := range map[codes.Code]*quarryv1.ContextualizeCollectionRequest{codes.NotFound: {Name: "x"}, codes.InvalidArgument: {}} {
		if _, err := r.collections.ContextualizeCollection(t.Context(), in); status.Code(err) != code {
			t.Errorf("%v: %v", in, err)
		}
	}
}

func TestContextualizeWithoutAModel(t *testing.T) {
	r := newRig(t, api.Options{}, "")
	r.create(t, "c")
	if _, err := r.collections.ContextualizeCollection(t.Context(), &quarryv1.ContextualizeCollectionRequest{Name: "c"}); status.Code(err) != codes.FailedPrecondition {
		t.Errorf("%v", err)
	}
	if _, err := r.collections.ContextualizeCollection(t.Context(), &quarryv1.ContextualizeCollectionRequest{Name: "c", Off: true}); err != nil {
		t.Error(err)
	}
}

// A query is searched as it is where nobody can put it in other words.
func TestSearchWithoutARewriter(t *testing.T) {
	r := newRig(t, api.Options{}, "")
	r.create(t, "c")
	r.put(t, "c", "a", "Harbours keep lanterns.")
	for _, o := range []*quarryv1.SearchOptions{{Paraphrases: 2}, {Hyde: true}} {
		got, err := r.query.Search(t.Context(), &quarryv1.SearchRequest{Collection: "c", Query: "lanterns", Options: o})
		if err != nil || len(got.Passages) != 1 || len(got.Report.Degraded) != 1 {
			t.Errorf("%v: %v, %v", o, got, err)
		}
	}
	for _, o := range []*quarryv1.SearchOptions{{Paraphrases: 6}, {Paraphrases: -1}, {Expansion: 9}} {
		if _, err := r.query.Search(t.Context(), &quarryv1.SearchRequest{Collection: "c", Query: "lanterns", Options: o}); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%v: %v", o, err)
		}
	}
}
