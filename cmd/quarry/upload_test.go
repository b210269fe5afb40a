package main

import (
	"context"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"

	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// taking is a server that takes documents.
type taking struct {
	quarryv1.IngestServiceClient
	mu  sync.Mutex
	got map[string]*quarryv1.PutDocumentRequest
}

func (f *taking) PutDocument(_ context.Context, in *quarryv1.PutDocumentRequest, _ ...grpc.CallOption) (*quarryv1.PutDocumentResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.got[filepath.Base(in.Uri)] = in
	return &quarryv1.PutDocumentResponse{Document: &quarryv1.Document{State: quarryv1.DocumentState_DOCUMENT_STATE_READY}, Changed: true}, nil
}

// What is sent is what the server would have read, for whom its folder says:
// nothing hidden, no format that is refused.
func TestUploadSendsWhatAnImportReads(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.md": "seen", ".git/config": "[core]", ".env": "SECRET=1", "b.bin": "\x00\x01\x02\x03",
		"hr/c.md": "pay", "hr/.quarry.yaml": "principals: [hr]\nmetadata: {year: 2026, team: people}\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	term, out := testTerminal()
	in := &quarryv1.StartImportRequest{Collection: "docs", Paths: []string{dir}}
	if err := (labelFlags{Metadata: []string{"team=all", "n=3"}}).into(in); err != nil {
		t.Fatal(err)
	}
	server := &taking{got: map[string]*quarryv1.PutDocumentRequest{}}
	if err := uploadPaths(t.Context(), &client{ingest: server}, term, in); err != nil {
		t.Fatal(err)
	}
	if names := slices.Sorted(maps.Keys(server.got)); !slices.Equal(names, []string{"a.md", "c.md"}) {
		t.Fatalf("sent %q; %s", names, out)
	}
	open, pay := server.got["a.md"], server.got["c.md"]
	if len(open.Principals) != 0 || !slices.Equal(pay.Principals, []string{"hr"}) {
		t.Errorf("for %q and %q", open.Principals, pay.Principals)
	}
	if diff := cmp.Diff(map[string]any{"year": 2026.0, "team": "all", "n": 3.0}, pay.Metadata.AsMap()); diff != "" {
		t.Error(diff)
	}
}

// stream takes documents of a stream, and answers when it is closed.
type stream struct {
	grpc.BidiStreamingClient[quarryv1.PutDocumentsRequest, quarryv1.PutDocumentsResponse]
	sent chan string
}

func (s *stream) Send(m *quarryv1.PutDocumentsRequest) error {
	if h := m.GetHeader(); h != nil {
		s.sent <- h.Uri
	}
	return nil
}

func (s *stream) CloseSend() error {
	close(s.sent)
	return nil
}

func (s *stream) Recv() (*quarryv1.PutDocumentsResponse, error) {
	uri, ok := <-s.sent
	if !ok {
		return nil, io.EOF
	}
	return &quarryv1.PutDocumentsResponse{Uri: uri, Changed: true}, nil
}

func (f *taking) PutDocuments(context.Context, ...grpc.CallOption) (grpc.BidiStreamingClient[quarryv1.PutDocumentsRequest, quarryv1.PutDocumentsResponse], error) {
	return &stream{sent: make(chan string, 10)}, nil
}

// Of two records of one name in a file the first is sent and the other is named, as
// an import does it; a later file may bring it anew.
func TestUploadSaysWhichRecordsShareAName(t *testing.T) {
	first, second := filepath.Join(t.TempDir(), "a.jsonl"), filepath.Join(t.TempDir(), "b.jsonl")
	for path, text := range map[string]string{
		first:  `{"uri":"a","text":"1"}` + "\n" + `{"uri":"b","text":"2"}` + "\n" + `{"uri":"a","text":"3"}` + "\n",
		second: `{"uri":"b","text":"4"}` + "\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	term, out := testTerminal()
	in := &quarryv1.StartImportRequest{Collection: "docs", Paths: []string{first, second}, Records: true}
	if err := uploadRecords(t.Context(), &client{ingest: &taking{}}, term, in); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.Contains(got, "Accepted: 3 to index") || !strings.Contains(got, "refused 1: a second document of the same name ("+first+":3)") {
		t.Error(got)
	}
}
