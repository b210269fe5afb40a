package api_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/quarry-rag/quarry/api"
	"github.com/quarry-rag/quarry/ingest"
	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

type putClient interface {
	Send(*quarryv1.PutDocumentsRequest) error
	Recv() (*quarryv1.PutDocumentsResponse, error)
	CloseSend() error
}

func header(collection, uri string) *quarryv1.PutDocumentsRequest {
	return &quarryv1.PutDocumentsRequest{Part: &quarryv1.PutDocumentsRequest_Header{
		Header: &quarryv1.DocumentHeader{Collection: collection, Uri: uri, MediaType: "text/plain"},
	}}
}

func part(b []byte) *quarryv1.PutDocumentsRequest {
	return &quarryv1.PutDocumentsRequest{Part: &quarryv1.PutDocumentsRequest_Content{Content: b}}
}

// results reads the stream to its end.
func results(s putClient) (all []*quarryv1.PutDocumentsResponse, err error) {
	for {
		r, err := s.Recv()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, r)
	}
}

func TestPutDocuments(t *testing.T) {
	r := newRig(t, api.Options{}, "")
	r.create(t, "docs")
	s, err := r.ingest.PutDocuments(within(t))
	if err != nil {
		t.Fatal(err)
	}
	// The first is answered while the stream is open and silent.
	for _, m := range []*quarryv1.PutDocumentsRequest{header("docs", "first"), part([]byte("In two ")), part([]byte("parts.")), header("", "large")} {
		if err := s.Send(m); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := s.Recv(); err != nil || got.Uri != "first" || !got.Changed || got.Error != "" {
		t.Fatalf("first: %v, %v", got, err)
	}
	mib := bytes.Repeat([]byte("x"), 1<<20)
	for range ingest.MaxDocumentBytes>>20 + 4 {
		if err := s.Send(part(mib)); err != nil {
			t.Fatal(err)
		}
	}
	want := map[string]bool{"large": false}
	for i := range 200 {
		uri := fmt.Sprintf("%03d", i)
		want[uri] = true
		if err := errors.Join(s.Send(header("", uri)), s.Send(part([]byte("Text of document "+uri)))); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.CloseSend(); err != nil {
		t.Fatal(err)
	}
	all, err := results(s)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, a := range all {
		got[a.Uri] = a.Changed
		if refused := a.Uri == "large"; refused != strings.Contains(a.Error, "more than 33554432") {
			t.Errorf("%v", a)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || len(all) != 201 || all[0].Uri != "large" || all[200].Uri != "199" {
		t.Errorf("%d results (-want +got):\n%s", len(all), diff)
	}
	doc, err := r.ingest.GetDocument(within(t), &quarryv1.GetDocumentRequest{Collection: "docs", Uri: "first"})
	if err != nil || doc.Document.Size != int64(len("In two parts.")) {
		t.Errorf("first: %v, %v", doc, err)
	}
}

func TestPutDocumentsRefusesAStreamOutOfOrder(t *testing.T) {
	r := newRig(t, api.Options{}, "")
	r.create(t, "docs")
	for name, c := range map[string]struct {
		send []*quarryv1.PutDocumentsRequest
		code codes.Code
	}{
		"content first":   {[]*quarryv1.PutDocumentsRequest{part([]byte("x"))}, codes.InvalidArgument},
		"no collection":   {[]*quarryv1.PutDocumentsRequest{header("", "a")}, codes.InvalidArgument},
		"two collections": {[]*quarryv1.PutDocumentsRequest{header("docs", "a"), header("other", "b")}, codes.InvalidArgument},
		"nothing in it":   {[]*quarryv1.PutDocumentsRequest{{}}, codes.InvalidArgument},
		"no such":         {[]*quarryv1.PutDocumentsRequest{header("none", "a"), part([]byte("x"))}, codes.NotFound},
		"empty URI":       {[]*quarryv1.PutDocumentsRequest{header("docs", "")}, codes.InvalidArgument},
	} {
		s, err := r.ingest.PutDocuments(within(t))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range c.send {
			if err := s.Send(m); err != nil && !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
		}
		if err := s.CloseSend(); err != nil {
			t.Fatal(err)
		}
		if _, err := results(s); status.Code(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCheckAndRetry(t *testing.T) {
	r := newRig(t, api.Options{}, "")
	r.create(t, "docs")
	r.put(t, "docs", "lighthouse.md", lighthouse)
	check, err := r.ingest.CheckCollection(within(t), &quarryv1.CheckCollectionRequest{Collection: "docs"})
	if err != nil || len(check.Findings) != 0 {
		t.Errorf("check: %v, %v", check, err)
	}
	bad, err := r.ingest.PutDocument(within(t), &quarryv1.PutDocumentRequest{
		Collection: "docs", Uri: "bad.json", Content: []byte("{"), MediaType: "application/json", Wait: true,
	})
	if err != nil || bad.Document.State != quarryv1.DocumentState_DOCUMENT_STATE_FAILED {
		t.Fatalf("bad: %v, %v", bad, err)
	}
	retry, err := r.ingest.RetryDocuments(within(t), &quarryv1.RetryDocumentsRequest{Collection: "docs", AllFailed: true})
	if err != nil || retry.Retried != 1 {
		t.Errorf("retry: %v, %v", retry, err)
	}
	for _, in := range []*quarryv1.RetryDocumentsRequest{{Collection: "docs"}, {Collection: "docs", AllFailed: true, Uris: []string{"a"}}} {
		if _, err := r.ingest.RetryDocuments(within(t), in); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%v: %v", in, err)
		}
	}
}
