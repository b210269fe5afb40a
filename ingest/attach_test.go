package ingest

import (
	"archive/zip"
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// zipOf makes an archive of names and bodies in turn.
func zipOf(t testing.TB, files ...string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		w, err := z.Create(files[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(files[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func (b *bench) states() map[string]string {
	b.t.Helper()
	recs, err := b.in.Documents(b.ctx, "docs", ListOptions{Reader: Everything, Limit: 1000})
	b.ok(err)
	all := map[string]string{}
	for _, r := range recs {
		all[r.URI] = r.State
		if r.State == Failed {
			all[r.URI] += ": " + r.Reason
		}
	}
	return all
}

func TestAttachmentsAreDocuments(t *testing.T) {
	b := setUp(t)
	b.work(WorkerOptions{})
	put := func(body string, principals ...string) {
		_, _, err := b.in.Put(b.ctx, "docs", Document{URI: "a.zip", Body: []byte(body), Principals: principals})
		b.ok(err)
		b.until(settled)
		b.check()
	}
	nested := zipOf(t, "deep.md", sections("lantern"), "deeper.zip", zipOf(t, "deepest.zip", zipOf(t, "x.md", "x")))
	put(zipOf(t, "../one.md", sections("harbour"), "picture.png", "\x89PNG\r\n\x1a\n\x00\x00", "in/two.zip", nested), "ann")
	want := map[string]string{
		"a.zip": Ready, "a.zip!/one.md": Ready, "a.zip!/in/two.zip": Ready, "a.zip!/in/two.zip!/deep.md": Ready,
		"a.zip!/in/two.zip!/deeper.zip": "failed: an archive within 2 others: unpack it and send the files",
	}
	if diff := cmp.Diff(want, b.states()); diff != "" {
		t.Errorf("first (-want +got):\n%s", diff)
	}
	if n := b.count(`select count(*) from document where principals = '{ann}'`); n != 5 {
		t.Errorf("%d of 5 documents are ann's alone", n)
	}
	// The same content with other readers: its attachments follow, nothing is indexed.
	before := b.count(`select count(*) from river_job`)
	put(zipOf(t, "../one.md", sections("harbour"), "picture.png", "\x89PNG\r\n\x1a\n\x00\x00", "in/two.zip", nested), "bob")
	if n := b.count(`select count(*) from document where principals = '{bob}'`); n != 5 || b.count(`select count(*) from river_job`) != before {
		t.Errorf("%d of 5 documents are bob's alone", n)
	}
	put(zipOf(t, "one.md", sections("harbour"), "three.md", sections("rope")))
	want = map[string]string{"a.zip": Ready, "a.zip!/one.md": Ready, "a.zip!/three.md": Ready}
	if diff := cmp.Diff(want, b.states()); diff != "" {
		t.Errorf("changed (-want +got):\n%s", diff)
	}
	if n := b.model.texts.Load(); n != 3 {
		t.Errorf("%d texts embedded, want 3: what had not changed was embedded again", n)
	}
	b.put("a.zip!/one.md", "Put by hand, it belongs to nobody.")
	b.ok(b.in.Delete(b.ctx, "docs", "a.zip"))
	if diff := cmp.Diff(map[string]string{"a.zip!/one.md": Ready}, b.states()); diff != "" {
		t.Errorf("deleted (-want +got):\n%s", diff)
	}
	b.check()
}

func TestSyncLeavesAttachmentsToTheirParents(t *testing.T) {
	b, root := setUp(t), t.TempDir()
	b.work(WorkerOptions{})
	write(t, root, map[string]string{"a.zip": zipOf(t, "one.md", sections("harbour")), "b.md": sections("rope")})
	b.runImport(ImportSpec{Paths: []string{root}, Sync: true})
	b.until(settled)
	m := b.runImport(ImportSpec{Paths: []string{root}, Sync: true})
	if diff := cmp.Diff([]string{"a.zip", "a.zip!/one.md", "b.md"}, b.uris(root)); diff != "" || m.Unchanged != 2 {
		t.Errorf("%+v (-want +got):\n%s", m, diff)
	}
}
