package api_test

import (
	"os/exec"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/quarry-rag/quarry/api"
	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

func TestImportHasOneSource(t *testing.T) {
	r := newRig(t, api.Options{ImportRoots: []string{"/"}, ImportURLs: []string{"s3://"}}, "")
	r.create(t, "docs")
	repo := &quarryv1.GitRepository{Repository: t.TempDir()}
	if out, err := exec.Command("git", "-C", repo.Repository, "init", "-q").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, bad := range []*quarryv1.StartImportRequest{
		{},
		{Git: repo, Bucket: "s3://papers"},
		{Git: repo, Paths: []string{"/tmp"}},
		{Git: repo, Records: true},
		{Bucket: "s3://"},
		{Web: &quarryv1.WebSite{Url: "https://example.com/"}},
	} {
		bad.Collection = "docs"
		_, err := r.ingest.StartImport(within(t), bad)
		if st := status.Convert(err); st.Code() != codes.InvalidArgument || strings.HasPrefix(st.Message(), ":") {
			t.Errorf("%v: %v", bad, err)
		}
	}
	// Why it can never be read is said before whether the server may read it.
	_, err := r.ingest.StartImport(within(t), &quarryv1.StartImportRequest{Collection: "docs", Git: &quarryv1.GitRepository{Repository: "git://host/repo"}})
	if st := status.Convert(err); st.Code() != codes.InvalidArgument || !strings.Contains(st.Message(), `the scheme "git"`) {
		t.Errorf("%v", err)
	}
	started, err := r.ingest.StartImport(within(t), &quarryv1.StartImportRequest{Collection: "docs", Git: repo})
	if err != nil {
		t.Fatal(err)
	}
	stream, err := r.ingest.WatchImport(within(t), &quarryv1.WatchImportRequest{Collection: "docs", Id: started.Import.Id})
	if err != nil {
		t.Fatal(err)
	}
	var last *quarryv1.Import
	for m, err := stream.Recv(); err == nil; m, err = stream.Recv() {
		last = m.Import
	}
	if last.GetState() != quarryv1.ImportState_IMPORT_STATE_FAILED || last.Error != repo.Repository+`: there is no revision "HEAD"` {
		t.Errorf("a repository without a commit: %v", last)
	}
}
