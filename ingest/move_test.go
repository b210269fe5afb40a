package ingest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// identity is what citations rest on.
func (b *bench) identity(uri string) (id, version int64) {
	b.t.Helper()
	rec, err := b.in.Document(b.ctx, "docs", uri, Everything)
	b.ok(err)
	return rec.ID, rec.Version
}

func TestMovedFilesKeepTheirDocuments(t *testing.T) {
	b, root := setUp(t), t.TempDir()
	b.work(WorkerOptions{})
	at := func(name string) string { return filepath.Join(root, name) }
	uri := func(name string) string { return uriOf(at(name)) }
	write(t, root, map[string]string{
		"old/a.md": sections("harbour"), "old/b.md": sections("lantern"), "old/c.txt": "plain # text, which a name makes Markdown",
		"stays.md": sections("rope"), "twin1.md": sections("sail"), "twin2.md": sections("sail"),
		"letter.eml": "From: a@example.com\nSubject: Hello\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/plain\n\nHello.\n--x\nContent-Type: text/plain\nContent-Disposition: attachment; filename=note.txt\n\nA note.\n--x--\n",
	})
	spec := ImportSpec{Paths: []string{root}, Sync: true}
	if m := b.runImport(spec); m.State != Done || m.Failed != 0 {
		t.Fatalf("first: %+v", m)
	}
	id, version := b.identity(uri("old/a.md"))
	texts := b.model.texts.Load()

	b.ok(os.Rename(at("old"), at("new")))             // a, b
	b.ok(os.Rename(at("new/c.txt"), at("new/c.md")))  // of another format now
	b.ok(os.Rename(at("twin1.md"), at("moved.md")))   // its twin stays
	b.ok(os.Rename(at("letter.eml"), at("mail.eml"))) // has an attachment
	write(t, root, map[string]string{"copy.md": sections("rope"), "fresh.md": sections("anchor")})

	dry := spec
	dry.DryRun = true
	m := b.runPlan(dry)
	want := []string{uri("twin1.md") + " → " + uri("moved.md"), uri("old/a.md") + " → " + uri("new/a.md"), uri("old/b.md") + " → " + uri("new/b.md")}
	if diff := cmp.Diff(Planned{3, want}, m.Plan.Moved, sorted); diff != "" || m.Plan.Added.Count != 4 || m.Plan.Removed.Count != 2 || m.Unchanged != 2 {
		t.Errorf("%+v\nwould move (-want +got):\n%s", m.Plan, diff)
	}
	m = b.runImport(spec)
	if m.State != Done || m.Moved != 3 || m.Removed != 2 || m.Indexed != 4 || m.Unchanged != 2 {
		t.Errorf("moves: %+v", m)
	}
	if embedded := b.model.texts.Load() - texts; embedded > 4 {
		t.Errorf("%d texts were embedded; what is new, in another format or with an attachment has 4", embedded)
	}
	if newID, newVersion := b.identity(uri("new/a.md")); newID != id || newVersion != version {
		t.Errorf("a.md was document %d, version %d, and is now %d, %d", id, version, newID, newVersion)
	}
	if m = b.runImport(spec); m.State != Done || m.Unchanged != 9 || m.Moved+m.Removed+m.Queued != 0 {
		t.Errorf("nothing changed: %+v", m)
	}
}

// runPlan is runImport for dry runs, of which other counts are true.
func (b *bench) runPlan(spec ImportSpec) Import {
	b.t.Helper()
	m, err := b.in.StartImport(b.ctx, "docs", spec)
	b.ok(err)
	for m, err = range b.in.WatchImport(b.ctx, "docs", m.ID) {
		b.ok(err)
	}
	return m
}

var sorted = cmp.Transformer("sorted", func(s []string) map[string]bool {
	set := map[string]bool{}
	for _, e := range s {
		set[e] = true
	}
	return set
})

func TestMovingAllIsNoMassRemoval(t *testing.T) {
	b, root := setUp(t), t.TempDir()
	b.work(WorkerOptions{})
	for i := range 2 * massRemoval {
		write(t, root, map[string]string{"old/" + strings.Repeat("x", i+1) + ".md": sections(strings.Repeat("y", i+1))})
	}
	spec := ImportSpec{Paths: []string{root}, Sync: true}
	b.runImport(spec)
	b.ok(os.Rename(filepath.Join(root, "old"), filepath.Join(root, "new")))
	if m := b.runImport(spec); m.State != Done || m.Moved != 2*massRemoval || m.Removed+m.Queued != 0 {
		t.Errorf("%+v", m)
	}
}

// TestNothingMovesFromAListingThatIsNotWhole: what is missing may be there.
func TestNothingMovesFromAListingThatIsNotWhole(t *testing.T) {
	b, root := setUp(t), t.TempDir()
	b.work(WorkerOptions{})
	write(t, root, map[string]string{"one/a.md": sections("harbour"), "two/x.md": sections("rope")})
	b.runImport(ImportSpec{Paths: []string{root + "/one", root + "/two"}})
	b.ok(os.RemoveAll(root + "/one"))
	b.ok(os.Rename(root+"/two/x.md", root+"/two/y.md"))
	m := b.runImport(ImportSpec{Paths: []string{root + "/one", root + "/two"}, Sync: true})
	if m.State != Failed || m.Moved != 0 || m.Removed != 0 || m.Indexed != 1 {
		t.Errorf("%+v", m)
	}
}
