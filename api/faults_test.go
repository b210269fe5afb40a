package api_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/quarry-rag/quarry/api"
	"github.com/quarry-rag/quarry/generate/provider/openaitest"
	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// fields lists the fields that an error says are wrong.
func fields(err error) (names []string) {
	for _, d := range status.Convert(err).Details() {
		if bad, ok := d.(*errdetails.BadRequest); ok {
			for _, v := range bad.FieldViolations {
				names = append(names, v.Field)
			}
		}
	}
	return names
}

func retries(err error) bool {
	for _, d := range status.Convert(err).Details() {
		if r, ok := d.(*errdetails.RetryInfo); ok && r.RetryDelay.AsDuration() > 0 {
			return true
		}
	}
	return false
}

func TestInvalidArguments(t *testing.T) {
	r := newRig(t, api.Options{}, "")
	r.create(t, "docs")
	search := func(query string, o *quarryv1.SearchOptions) error {
		_, err := r.query.Search(within(t), &quarryv1.SearchRequest{Collection: "docs", Query: query, Options: o})
		return err
	}
	ask := func(in *quarryv1.AskRequest) error {
		in.Collection = "docs"
		_, err := r.ask(t, in)
		return err
	}
	_, tokenErr := r.ingest.ListDocuments(within(t), &quarryv1.ListDocumentsRequest{Collection: "docs", PageToken: "odd"})
	_, nameErr := r.collections.CreateCollection(within(t), &quarryv1.CreateCollectionRequest{Name: "No Good"})
	_, languageErr := r.collections.CreateCollection(within(t), &quarryv1.CreateCollectionRequest{
		Name: "x", Settings: &quarryv1.CollectionSettings{Language: new("xx")},
	})
	_, uriErr := r.ingest.PutDocument(within(t), &quarryv1.PutDocumentRequest{Collection: "docs", Uri: "a\x00b", Content: []byte("x")})
	cases := []struct {
		name  string
		err   error
		field string
	}{
		{"search k -1", search("q", &quarryv1.SearchOptions{Limit: -1}), "options.limit"},
		{"search k 1e9", search("q", &quarryv1.SearchOptions{Limit: 1e9}), "options.limit"},
		{"ask k -1", ask(&quarryv1.AskRequest{Question: "q", Options: &quarryv1.SearchOptions{Limit: -1}}), "options.limit"},
		{"ask k 1e9", ask(&quarryv1.AskRequest{Question: "q", Options: &quarryv1.SearchOptions{Limit: 1e9}}), "options.limit"},
		{"10,000 words", search(strings.Repeat("word ", 10_000), nil), "query"},
		{"ill-typed filter", search("q", &quarryv1.SearchOptions{FilterText: `modified_at > "soon"`}), "options.filter_text"},
		{"deep filter", search("q", &quarryv1.SearchOptions{FilterText: strings.Repeat("not ", 33) + "a = 1"}), "options.filter_text"},
		{"long filter", search("q", &quarryv1.SearchOptions{FilterText: strings.Repeat("a", 8193)}), "options.filter_text"},
		{"no such expansion", search("q", &quarryv1.SearchOptions{Expansion: 9}), "options.expansion"},
		{"6 paraphrases", search("q", &quarryv1.SearchOptions{Paraphrases: 6}), "options.paraphrases"},
		{"no query", search("", nil), "query"},
		{"blank query", search(" \t", nil), "query"},
		{"no question", ask(&quarryv1.AskRequest{}), "question"},
		{"100,000 characters", ask(&quarryv1.AskRequest{Question: strings.Repeat("x", 100_000)}), "question"},
		{"unknown model", ask(&quarryv1.AskRequest{Question: "q", Model: "no such"}), "model"},
		{"page token", tokenErr, "page_token"},
		{"collection name", nameErr, "name"},
		{"language", languageErr, "settings.language"},
		{"NUL in a URI", uriErr, "uri"},
	}
	for _, c := range cases {
		if status.Code(c.err) != codes.InvalidArgument || !slices.Contains(fields(c.err), c.field) {
			t.Errorf("%s: %v with fields %v, want %s", c.name, c.err, fields(c.err), c.field)
		}
	}
	// Rules that the library words for programs are worded for people.
	for err, want := range map[error]string{
		search("", nil): "query: must not be empty",
		search("q", &quarryv1.SearchOptions{Account: "team red"}): "options.account: must be letters, digits and . _ : @ / -, a letter or digit first",
		nameErr: `name: must be 1 to 63 lower-case letters, digits, "-", "_" and ".", of which a letter or digit comes first`,
	} {
		if got := status.Convert(err).Message(); got != want {
			t.Errorf("said %q, want %q", got, want)
		}
	}
}

func TestUnknownThings(t *testing.T) {
	r := newRig(t, api.Options{}, "")
	r.create(t, "docs")
	_, search := r.query.Search(within(t), &quarryv1.SearchRequest{Collection: "none", Query: "q"})
	_, ask := r.ask(t, &quarryv1.AskRequest{Collection: "none", Question: "q"})
	_, put := r.ingest.PutDocument(within(t), &quarryv1.PutDocumentRequest{Collection: "none", Uri: "u", Content: []byte("x")})
	_, get := r.ingest.GetDocument(within(t), &quarryv1.GetDocumentRequest{Collection: "docs", Uri: "none"})
	_, del := r.ingest.DeleteDocument(within(t), &quarryv1.DeleteDocumentRequest{Collection: "docs", Uri: "none"})
	_, col := r.collections.DeleteCollection(within(t), &quarryv1.DeleteCollectionRequest{Name: "none"})
	watch, err := r.ingest.WatchImport(within(t), &quarryv1.WatchImportRequest{Collection: "docs", Id: "9223372036854775808"})
	if err != nil {
		t.Fatal(err)
	}
	_, overflow := watch.Recv()
	for i, err := range []error{search, ask, put, get, del, col, overflow} {
		st := status.Convert(err)
		if st.Code() != codes.NotFound || len(st.Details()) == 0 {
			t.Errorf("call %d: %v with details %v", i, err, st.Details())
		}
	}
	_, again := r.collections.CreateCollection(within(t), &quarryv1.CreateCollectionRequest{Name: "docs"})
	if status.Code(again) != codes.AlreadyExists {
		t.Errorf("second collection: %v", again)
	}
}

// rawCodec sends bytes as they are, as a client in a sloppier language can.
type rawCodec struct{}

func (rawCodec) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(v.([]byte))}, nil
}
func (rawCodec) Unmarshal(mem.BufferSlice, any) error { return nil }
func (rawCodec) Name() string                         { return "proto" }

func TestInvalidUTF8OnTheWire(t *testing.T) {
	r := newRig(t, api.Options{}, "")
	wire := protowire.AppendString(protowire.AppendTag(nil, 2, protowire.BytesType), "what\xff")
	var out []byte
	err := r.conn.Invoke(within(t), quarryv1.QueryService_Search_FullMethodName, wire, &out, grpc.ForceCodecV2(rawCodec{}))
	if status.Code(err) != codes.InvalidArgument || !slices.Contains(fields(err), "query") {
		t.Errorf("unary: %v with fields %v", err, fields(err))
	}
	stream, err := r.conn.NewStream(within(t), &grpc.StreamDesc{ServerStreams: true}, quarryv1.QueryService_Ask_FullMethodName, grpc.ForceCodecV2(rawCodec{}))
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.SendMsg(wire); err != nil {
		t.Fatal(err)
	}
	err = stream.RecvMsg(&out)
	if status.Code(err) != codes.InvalidArgument || !slices.Contains(fields(err), "question") {
		t.Errorf("stream: %v with fields %v", err, fields(err))
	}
}

func TestClientGoneEndsTheModelCall(t *testing.T) {
	chat := openaitest.New(t, openaitest.Reply{Pieces: []string{"It was built "}, Fault: openaitest.Stall})
	r := newRig(t, api.Options{}, chatAt(chat.URL))
	r.create(t, "docs")
	r.put(t, "docs", "lighthouse.md", lighthouse)
	ctx, cancel := context.WithCancel(within(t))
	askUntilText(t, r, ctx)
	cancel()
	openaitest.Await(t, chat.Gone, "end of the call when its client is gone")
}

// askUntilText begins a question and returns once the model was called.
func askUntilText(t *testing.T, r *rig, ctx context.Context) grpc.ServerStreamingClient[quarryv1.AskResponse] {
	t.Helper()
	stream, err := r.query.Ask(ctx, &quarryv1.AskRequest{Collection: "docs", Question: "When was the lighthouse built?"})
	if err != nil {
		t.Fatal(err)
	}
	for {
		e, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if e.GetDelta() != nil {
			return stream
		}
	}
}

func TestOverloadIsRefusedAtOnce(t *testing.T) {
	chat := openaitest.New(t, openaitest.Reply{Pieces: []string{"It was built "}, Fault: openaitest.Stall})
	r := newRig(t, api.Options{MaxAnswers: 1}, chatAt(chat.URL))
	r.create(t, "docs")
	r.put(t, "docs", "lighthouse.md", lighthouse)
	ctx, cancel := context.WithCancel(within(t))
	defer cancel()
	askUntilText(t, r, ctx)
	_, err := r.ask(t, &quarryv1.AskRequest{Collection: "docs", Question: "And now?"})
	if status.Code(err) != codes.ResourceExhausted || !retries(err) {
		t.Errorf("second question: %v", err)
	}
}

// An answer that a model writes holds no turn that others search with.
func TestSlowModelsHoldUpNobodysSearch(t *testing.T) {
	chat := openaitest.New(t, openaitest.Reply{Pieces: []string{"It was built "}, Fault: openaitest.Stall})
	r := newRig(t, api.Options{MaxSearches: 1}, chatAt(chat.URL))
	r.create(t, "docs")
	r.put(t, "docs", "lighthouse.md", lighthouse)
	ctx, cancel := context.WithCancel(within(t))
	defer cancel()
	for range 3 {
		askUntilText(t, r, ctx)
	}
	if _, err := r.ask(t, &quarryv1.AskRequest{Collection: "docs", Question: "When was the lighthouse built?", Model: "extractive"}); err != nil {
		t.Error(err)
	}
}

func TestProviderFailureIsNotHalfAnAnswer(t *testing.T) {
	chat := openaitest.New(t, openaitest.Reply{Pieces: []string{"It was built "}, Fault: openaitest.Truncate})
	r := newRig(t, api.Options{}, chatAt(chat.URL))
	r.create(t, "docs")
	r.put(t, "docs", "lighthouse.md", lighthouse)
	events, err := r.ask(t, &quarryv1.AskRequest{Collection: "docs", Question: "When was the lighthouse built?"})
	if status.Code(err) != codes.Unavailable {
		t.Errorf("a truncated stream ended with %v", err)
	}
	for _, e := range events {
		if e.GetDone() != nil || e.GetVerdict() != nil {
			t.Errorf("%v after a truncated stream", e)
		}
	}
	_, err = r.ask(t, &quarryv1.AskRequest{Collection: "docs", Question: "When was the lighthouse built?", Model: "extractive"})
	if err != nil {
		t.Errorf("extractive by name: %v", err)
	}
}

func TestDeadline(t *testing.T) {
	chat := openaitest.New(t, openaitest.Reply{Fault: openaitest.SlowHeaders})
	r := newRig(t, api.Options{}, chatAt(chat.URL))
	r.create(t, "docs")
	r.put(t, "docs", "lighthouse.md", lighthouse)
	ctx, cancel := context.WithTimeout(within(t), 300*time.Millisecond)
	defer cancel()
	stream, err := r.query.Ask(ctx, &quarryv1.AskRequest{Collection: "docs", Question: "When was the lighthouse built?"})
	for err == nil {
		_, err = stream.Recv()
	}
	if status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("got %v", err)
	}
}

func TestDatabaseGone(t *testing.T) {
	r := newRig(t, api.Options{}, "")
	r.create(t, "docs")
	r.stopWorker()
	r.closePool()
	_, err := r.query.Search(within(t), &quarryv1.SearchRequest{Collection: "docs", Query: "q"})
	if status.Code(err) != codes.Unavailable || !retries(err) {
		t.Errorf("got %v", err)
	}
}
