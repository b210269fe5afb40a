package api

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/quarry-rag/quarry/ingest"
	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

func TestReadable(t *testing.T) {
	gitAt := func(at string) *quarryv1.StartImportRequest {
		return &quarryv1.StartImportRequest{Git: &quarryv1.GitRepository{Repository: at}}
	}
	webAt := func(at string) *quarryv1.StartImportRequest {
		return &quarryv1.StartImportRequest{Web: &quarryv1.WebSite{Url: at}}
	}
	s3At := func(at string) *quarryv1.StartImportRequest { return &quarryv1.StartImportRequest{Bucket: at} }
	some := readable{
		roots: []string{"/srv/docs"},
		urls:  []string{"https://docs.example.com/public/", "ssh://git@example.com", "s3://papers/open"},
	}
	for _, c := range []struct {
		may  readable
		in   *quarryv1.StartImportRequest
		want bool
	}{
		{some, gitAt("/srv/docs/repo"), true},
		{some, gitAt("file:///srv/docs/repo/"), true},
		{some, gitAt("ssh://git@example.com/repo"), true},
		{some, gitAt("/srv/docs/../secret"), false},
		{some, gitAt("file:///etc"), false},
		{some, gitAt("relative"), false},
		{some, gitAt("ssh://git@example.com.evil.net/repo"), false},
		{some, gitAt("https://docs.example.com/public/../private.git"), false},
		{some, webAt("https://docs.example.com/public/"), true},
		{some, webAt("https://docs.example.com/public/a/index.html"), true},
		{some, webAt("HTTPS://DOCS.example.com:443/public/"), true},
		{some, webAt("https://docs.example.com/public"), false}, // its folder is the root
		{some, webAt("https://docs.example.com/public/../private/"), false},
		{some, webAt("https://docs.example.com/public/%2e%2e/private/"), false},
		{some, webAt("https://docs.example.com/public/..%2fprivate/"), false},
		{some, webAt("http://docs.example.com/public/"), false},
		{some, webAt("https://docs.example.com@evil.net/public/"), false},
		{some, webAt("https://docs.example.com:8443/public/"), false},
		{some, webAt("nonsense"), false},
		{some, s3At("s3://papers/open"), true},
		{some, s3At("s3://papers/open/more/"), true},
		{some, s3At("s3://papers/opened"), false},
		{some, s3At("s3://papers"), false},
		{some, s3At("papers/open"), false},
		{readable{urls: []string{"https://"}}, webAt("https://anything.example/"), true},
		{readable{urls: []string{"https://"}}, webAt("http://anything.example/"), false},
		{readable{}, webAt("https://docs.example.com/"), false},
		{readable{}, gitAt("/srv"), false},
		{readable{}, s3At("s3://papers"), false},
	} {
		if err := c.may.read(c.in); (err == nil) != c.want {
			t.Errorf("%v: %v, want allowed %v", c.in, err, c.want)
		}
	}
}

func TestToImportSpec(t *testing.T) {
	want := full[ingest.ImportSpec](t)
	want.Git, want.Web = &ingest.GitSpec{Repository: "r", Revision: "v"}, &ingest.WebSpec{URL: "u", MaxPages: 1, MaxDepth: 2, Crawl: true}
	got := toImportSpec(&quarryv1.StartImportRequest{
		Paths: want.Paths, Records: want.Records, Sync: want.Sync, DryRun: want.DryRun, Reparse: want.Reparse, AllowMassRemoval: want.AllowMassRemoval, Bucket: want.Bucket,
		Git: &quarryv1.GitRepository{Repository: "r", Revision: "v"}, Web: &quarryv1.WebSite{Url: "u", MaxPages: 1, MaxDepth: 2, Crawl: true},
		Principals: want.Principals, Metadata: &structpb.Struct{Fields: map[string]*structpb.Value{"s": structpb.NewStringValue("s")}},
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
