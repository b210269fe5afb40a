package api

import (
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/quarry-rag/quarry/generate"
	"github.com/quarry-rag/quarry/generate/conversation"
	"github.com/quarry-rag/quarry/ingest"
	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
	"github.com/quarry-rag/quarry/retrieve"
)

func TestSettingsRoundTrip(t *testing.T) {
	for _, s := range []ingest.Settings{{}, full[ingest.Settings](t)} {
		if diff := cmp.Diff(s, toSettings(fromSettings(s))); diff != "" {
			t.Error(diff)
		}
	}
	if diff := cmp.Diff(ingest.Settings{}, toSettings(nil)); diff != "" {
		t.Error(diff)
	}
}

func TestStateRoundTrip(t *testing.T) {
	for _, s := range []string{ingest.Pending, ingest.Ready, ingest.Failed} {
		if got := toState(fromState(s)); got != s {
			t.Errorf("%s became %q", s, got)
		}
	}
	if got := toState(quarryv1.DocumentState_DOCUMENT_STATE_UNSPECIFIED); got != "" {
		t.Errorf("unspecified became %q", got)
	}
}

// Each conversion of a value whose every field is set gives a message whose
// every field is set, but for those named.
func TestConversionsLoseNothing(t *testing.T) {
	record := full[ingest.Record](t)
	record.State = ingest.Ready
	record.Metadata = map[string]any{"k": []any{"v", 1.0, true, nil}}
	document, err := fromRecord(record)
	if err != nil {
		t.Fatal(err)
	}
	im := full[ingest.Import](t)
	im.State = "indexing"
	passage := full[retrieve.Passage](t)
	citation := full[generate.Citation](t)
	citation.Passage = 1
	event := func(e generate.Event) *quarryv1.AskResponse { return fromEvent(e, []retrieve.Passage{passage}) }
	for _, m := range []proto.Message{
		fromCollection(full[ingest.Collection](t)),
		document,
		fromImport(im),
		fromPassage(passage),
		fromReport(full[retrieve.Result](t)),
		fromPlan(full[generate.Plan](t), &talk{
			Recalled: full[conversation.Recalled](t), conversation: &conversation.Conversation{ID: "c"},
		}).GetPlan(),
		event(full[generate.Delta](t)).GetDelta(),
		event(citation).GetCitation(),
		event(full[generate.Usage](t)).GetUsage(),
		event(generate.Verdict{Outcome: generate.Partial, Reason: "r"}).GetVerdict(),
	} {
		for _, path := range unset(m.ProtoReflect(), "") {
			t.Errorf("%s%s is not set", m.ProtoReflect().Descriptor().Name(), path)
		}
	}
}

func TestOutcomes(t *testing.T) {
	want := map[generate.Outcome]quarryv1.Verdict{
		generate.Answered:       quarryv1.Verdict_VERDICT_ANSWERED,
		generate.Partial:        quarryv1.Verdict_VERDICT_PARTIAL,
		generate.NotInDocuments: quarryv1.Verdict_VERDICT_NOT_IN_DOCUMENTS,
		generate.Refused:        quarryv1.Verdict_VERDICT_REFUSED_BY_POLICY,
		generate.Failed:         quarryv1.Verdict_VERDICT_FAILED,
	}
	for o, v := range want {
		if got := fromOutcome(o); got != v {
			t.Errorf("%v became %v", o, got)
		}
	}
}

func TestToQuery(t *testing.T) {
	weight := 0.25
	got, err := toQuery("c", "q", &quarryv1.SearchOptions{
		Limit: 7, Legs: []quarryv1.Leg{quarryv1.Leg_LEG_LEXICAL}, DenseWeight: &weight,
		Fusion: quarryv1.Fusion_FUSION_RRF, Expand: true, MaxTokens: 9,
		Principals: []string{"ann"}, DensePlan: quarryv1.DensePlan_DENSE_PLAN_EXACT, Explain: true,
		Dedupe: true, Diversity: 0.5, NoRerank: true, Paraphrases: 2, Hyde: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	want := retrieve.Query{
		Collection: "c", Text: "q", Limit: 7, Legs: retrieve.Lexical, DenseWeight: &weight,
		Fusion: retrieve.RRF, Expand: retrieve.Neighbours, MaxTokens: 9,
		Principals: []string{"ann"}, DensePlan: "exact", Explain: true,
		Dedupe: true, Diversity: 0.5, NoRerank: true, Paraphrases: 2, HyDE: true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	both, err := toQuery("c", "q", &quarryv1.SearchOptions{Legs: []quarryv1.Leg{quarryv1.Leg_LEG_LEXICAL, quarryv1.Leg_LEG_DENSE}})
	if err != nil || both.Legs != retrieve.Dense|retrieve.Lexical || !both.Unrestricted {
		t.Errorf("both legs became %+v, %v", both, err)
	}
}

func TestToExpansion(t *testing.T) {
	none, neighbours, section := quarryv1.Expansion_EXPANSION_NONE, quarryv1.Expansion_EXPANSION_NEIGHBOURS, quarryv1.Expansion_EXPANSION_SECTION
	for _, tt := range []struct {
		o      *quarryv1.SearchOptions
		quotes bool
		search retrieve.Expansion
		ask    retrieve.Expansion
	}{
		{nil, false, retrieve.Alone, retrieve.Neighbours},
		{nil, true, retrieve.Alone, retrieve.Alone},
		{&quarryv1.SearchOptions{Expand: true}, false, retrieve.Neighbours, retrieve.Neighbours},
		{&quarryv1.SearchOptions{Expand: true, Expansion: none}, false, retrieve.Alone, retrieve.Alone},
		{&quarryv1.SearchOptions{Expansion: neighbours}, true, retrieve.Neighbours, retrieve.Neighbours},
		{&quarryv1.SearchOptions{Expansion: section}, true, retrieve.Section, retrieve.Section},
	} {
		search, err := toQuery("c", "q", tt.o)
		if err != nil || search.Expand != tt.search {
			t.Errorf("search with %v: %v, %v", tt.o, search.Expand, err)
		}
		ask, err := askQuery(&quarryv1.AskRequest{Options: tt.o}, generate.Plan{Quotes: tt.quotes})
		if err != nil || ask.Expand != tt.ask {
			t.Errorf("ask with %v: %v, %v", tt.o, ask.Expand, err)
		}
	}
}

func TestAskQueryDefaults(t *testing.T) {
	got, err := askQuery(&quarryv1.AskRequest{Collection: "c", Question: "q"}, generate.Plan{})
	if err != nil {
		t.Fatal(err)
	}
	want := retrieve.Query{Collection: "c", Text: "q", Limit: askLimit, Expand: retrieve.Neighbours, MaxTokens: askTokens, Unrestricted: true, Dedupe: true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestToDocument(t *testing.T) {
	in := &quarryv1.PutDocumentRequest{Uri: "u", Content: []byte("b"), MediaType: "m", Title: "t", Principals: []string{"p"}}
	want := ingest.Document{URI: "u", Body: []byte("b"), MediaType: "m", Title: "t", Principals: []string{"p"}, Metadata: map[string]any{}}
	if diff := cmp.Diff(want, toDocument(in)); diff != "" {
		t.Error(diff)
	}
}

// full returns a T in which every exported field is set.
func full[T any](t *testing.T) T {
	t.Helper()
	var v T
	fill(t, reflect.ValueOf(&v).Elem())
	return v
}

func fill(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(3)
	case reflect.Uint8:
		v.SetUint(1)
	case reflect.Float32, reflect.Float64:
		v.SetFloat(0.5)
	case reflect.String:
		v.SetString("s")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(t, v.Index(0))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(t, key)
		fill(t, value)
		v.SetMapIndex(key, value)
	case reflect.Interface:
		v.Set(reflect.ValueOf("s"))
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(1, 0)))
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(t, v.Field(i))
			}
		}
	default:
		t.Fatalf("cannot fill a %v", v.Type())
	}
}

// unset lists the fields of a message that are not set.
func unset(m protoreflect.Message, at string) (paths []string) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		path := at + "." + string(fd.Name())
		switch {
		case !m.Has(fd):
			paths = append(paths, path)
		case fd.Message() != nil && !fd.IsList() && !fd.IsMap() && fd.Message().ParentFile().Package() == "quarry.v1":
			paths = append(paths, unset(m.Get(fd).Message(), path)...)
		}
	}
	return paths
}
