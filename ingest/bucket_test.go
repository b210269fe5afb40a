package ingest

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/minio/minio-go/v7"
)

// s3Server is an S3 server on loopback that knows one key and can be made to fail.
type s3Server struct {
	t      *testing.T
	s3     S3
	c      *minio.Core
	failAt atomic.Int64 // the listing that fails, from 1; 0: none
	lists  atomic.Int64
	reads  atomic.Int64
}

func newS3Server(t *testing.T) *s3Server {
	s := &s3Server{t: t}
	real := gofakes3.New(s3mem.New(), gofakes3.WithoutVersioning()).Server()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		listing := r.Method == http.MethodGet && r.URL.Query().Has("list-type")
		switch {
		case !strings.Contains(r.Header.Get("Authorization"), "Credential=KEY/"):
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `<?xml version="1.0"?><Error><Code>InvalidAccessKeyId</Code><Message>The access key is not known.</Message></Error>`)
			return
		case listing && s.lists.Add(1) == s.failAt.Load():
			w.WriteHeader(http.StatusBadRequest)
			return
		case r.Method == http.MethodGet && !listing && !r.URL.Query().Has("location"):
			s.reads.Add(1)
		}
		real.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	s.s3 = S3{Endpoint: srv.URL, AccessKey: "KEY", SecretKey: "SECRET", Region: "us-east-1"}
	c, err := s.s3.client()
	s.ok(err)
	s.c = c
	s.ok(c.MakeBucket(t.Context(), "papers", minio.MakeBucketOptions{}))
	return s
}

func (s *s3Server) ok(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *s3Server) put(key, body string) {
	s.t.Helper()
	_, err := s.c.Client.PutObject(s.t.Context(), "papers", key, strings.NewReader(body), int64(len(body)), minio.PutObjectOptions{})
	s.ok(err)
}

func (s *s3Server) remove(key string) {
	s.t.Helper()
	s.ok(s.c.RemoveObject(s.t.Context(), "papers", key, minio.RemoveObjectOptions{}))
}

func TestBucket(t *testing.T) {
	b, s := setUp(t), newS3Server(t)
	b.workOn(Sources{S3: s.s3})
	for key, body := range map[string]string{
		"docs": "The key of the folder itself.", "docs/a.md": sections("harbour"), "docs/b/c.md": sections("lantern"), "docs/b-c.md": sections("rope"),
		"docs/naïve file+&?.md": sections("sail"), "docs/.git/x.md": "# Hidden", "docs/picture.png": "\x89PNG\r\n\x1a\n\x00\x00",
		"docs-other/x.md": "Another folder.", "other.md": "Another place.",
	} {
		s.put(key, body)
	}
	spec := ImportSpec{Bucket: "s3://papers/docs/", Sync: true}
	m := b.runImport(spec)
	if m.State != Done || m.Indexed != 5 || len(m.Skipped) != 1 {
		t.Errorf("first: %+v", m)
	}
	want := []string{"s3://papers/docs", "s3://papers/docs/a.md", "s3://papers/docs/b-c.md", "s3://papers/docs/b/c.md", "s3://papers/docs/naïve file+&?.md"}
	if diff := cmp.Diff(want, b.uris("")); diff != "" {
		t.Errorf("documents (-want +got):\n%s", diff)
	}
	s.reads.Store(0)
	if m = b.runImport(spec); m.State != Done || m.Unchanged != 5 || s.reads.Load() != 1 {
		t.Errorf("nothing changed, and %d objects were read; the picture is not kept, so nothing tells that it has not changed: %+v", s.reads.Load(), m)
	}
	s.put("docs/a.md", sections("harbour!"))
	s.remove("docs/b-c.md")
	s.failAt.Store(s.lists.Load() + 2)
	m = b.runImport(spec)
	if m.State != Failed || m.Removed != 0 || !strings.Contains(m.Error, "nothing was removed") {
		t.Errorf("the listing fails: %+v", m)
	}
	if m = b.runImport(spec); m.State != Done || m.Removed != 1 || m.Unchanged+m.Indexed != 4 {
		t.Errorf("an edit and a removal: %+v", m)
	}
	for at, want := range map[string]string{"s3://nowhere/docs": "NoSuchBucket", "s3://papers/nothing": "nothing is there"} {
		if m = b.runImport(ImportSpec{Bucket: at, Sync: true}); m.State != Failed || !strings.Contains(m.Error, want) {
			t.Errorf("%s: %+v", at, m)
		}
	}
	if m = b.runImport(ImportSpec{Bucket: "s3://papers", Sync: true}); m.State != Done || m.Indexed != 2 || m.Removed != 0 {
		t.Errorf("the whole bucket: %+v", m)
	}
}

func TestLargeBucketIsListedByPages(t *testing.T) {
	b, s := setUp(t), newS3Server(t)
	b.workOn(Sources{S3: s.s3})
	const n = 1050
	for i := range n {
		_, err := s.c.Client.PutObject(t.Context(), "papers", fmt.Sprintf("%d.png", i), bytes.NewReader([]byte("\x89PNG\r\n\x1a\n\x00\x00")), 10, minio.PutObjectOptions{DisableContentSha256: true})
		s.ok(err)
	}
	s.put("z.md", sections("harbour"))
	if m := b.runImport(ImportSpec{Bucket: "s3://papers"}); m.State != Done || m.Listed != n+1 || m.Indexed != 1 || s.lists.Load() < 2 {
		t.Errorf("%d listings: %+v", s.lists.Load(), m)
	}
}

func TestBucketThatCannotBeRead(t *testing.T) {
	b, s := setUp(t), newS3Server(t)
	wrong := s.s3
	wrong.AccessKey = "OTHER"
	b.workOn(Sources{S3: wrong})
	m := b.runImport(ImportSpec{Bucket: "s3://papers"})
	if m.State != Failed || !strings.Contains(m.Error, "The access key is not known (InvalidAccessKeyId)") || strings.Contains(m.Error, "SECRET") {
		t.Errorf("a wrong key: %+v", m)
	}
	for _, bad := range []string{"s3://", "s3://x", "papers", "s3://papers\x00/x", "https://papers/x", "s3://Papers/x", "s3://127.0.0.1/x"} {
		if _, err := b.in.StartImport(b.ctx, "docs", ImportSpec{Bucket: bad}); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
	for _, bad := range []S3{{Endpoint: "localhost:9000"}, {Endpoint: "http://key:secret@localhost"}, {Endpoint: "http://localhost/path"}, {AccessKey: "KEY"}} {
		if bad.Validate() == nil {
			t.Errorf("%+v is accepted", bad)
		}
	}
}
