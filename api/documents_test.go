package api_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/quarry-rag/quarry/api"
	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

func TestDocumentsArePagedAndDeleted(t *testing.T) {
	r := newRig(t, api.Options{}, "")
	r.create(t, "docs")
	var want []string
	for i := range 4 {
		uri := fmt.Sprintf("doc%d.md", i)
		want = append(want, uri)
		r.put(t, "docs", uri, fmt.Sprintf("# Title %d\n\nBody of number %d.\n", i, i))
	}
	if diff := cmp.Diff(want, listAll(t, r, 2, 2)); diff != "" {
		t.Error(diff)
	}
	if _, err := r.ingest.DeleteDocument(within(t), &quarryv1.DeleteDocumentRequest{Collection: "docs", Uri: "doc1.md"}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(slices.Delete(want, 1, 2), listAll(t, r, 2, 2)); diff != "" {
		t.Error(diff)
	}
	found, err := r.query.Search(within(t), &quarryv1.SearchRequest{Collection: "docs", Query: "Body of number 1"})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range found.Passages {
		if p.Uri == "doc1.md" {
			t.Error("a deleted document is found")
		}
	}
	checkCounts(t, r, 3)
}

func listAll(t *testing.T, r *rig, size int32, pages int) (uris []string) {
	t.Helper()
	in := &quarryv1.ListDocumentsRequest{Collection: "docs", PageSize: size}
	for range pages {
		page, err := r.ingest.ListDocuments(within(t), in)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range page.Documents {
			uris = append(uris, d.Uri)
		}
		in.PageToken = page.NextPageToken
	}
	if in.PageToken != "" {
		t.Errorf("a page follows after %d pages of %d", pages, size)
	}
	return uris
}

func checkCounts(t *testing.T, r *rig, documents int64) {
	t.Helper()
	got, err := r.collections.GetCollection(within(t), &quarryv1.GetCollectionRequest{Name: "docs"})
	if err != nil {
		t.Fatal(err)
	}
	if got.Collection.Documents != documents {
		t.Errorf("%d documents, want %d", got.Collection.Documents, documents)
	}
}

// Who names principals lists and reads what they may read, in pages too; a document
// of others is one that there is not.
func TestDocumentsForPrincipals(t *testing.T) {
	r := newRig(t, api.Options{}, "")
	r.create(t, "docs")
	for uri, who := range map[string][]string{"a": nil, "b": {"ann"}, "c": {"bo"}, "d": {"ann", "bo"}} {
		if _, err := r.ingest.PutDocument(within(t), &quarryv1.PutDocumentRequest{
			Collection: "docs", Uri: uri, Content: []byte("Text of " + uri), Principals: who, Wait: true,
		}); err != nil {
			t.Fatal(err)
		}
	}
	in := &quarryv1.ListDocumentsRequest{Collection: "docs", PageSize: 2, Principals: []string{"ann"}}
	first, err := r.ingest.ListDocuments(within(t), in)
	if err != nil {
		t.Fatal(err)
	}
	in.PageToken = first.NextPageToken
	second, err := r.ingest.ListDocuments(within(t), in)
	if err != nil {
		t.Fatal(err)
	}
	var uris []string
	for _, d := range append(first.Documents, second.Documents...) {
		uris = append(uris, d.Uri)
	}
	if diff := cmp.Diff([]string{"a", "b", "d"}, uris); diff != "" || second.NextPageToken != "" {
		t.Errorf("%v (-want +got):\n%s", second, diff)
	}
	get := func(uri string) (*quarryv1.GetDocumentResponse, error) {
		return r.ingest.GetDocument(within(t), &quarryv1.GetDocumentRequest{Collection: "docs", Uri: uri, WithText: true, Principals: []string{"ann"}})
	}
	if got, err := get("b"); err != nil || got.Text != "Text of b" {
		t.Errorf("%v, %v", got, err)
	}
	_, theirs := get("c")
	_, nobodys := get("x")
	if status.Code(theirs) != codes.NotFound || status.Code(nobodys) != codes.NotFound {
		t.Errorf("%v, %v", theirs, nobodys)
	}
}
