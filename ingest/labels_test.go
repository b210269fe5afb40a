package ingest

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// readers lists who may read each document below root, everyone as an empty list.
func (b *bench) readers(root string) map[string][]string {
	b.t.Helper()
	recs, err := b.in.Documents(b.ctx, "docs", ListOptions{Reader: Everything, Limit: 1000})
	b.ok(err)
	all := map[string][]string{}
	for _, r := range recs {
		all[r.URI[len(uriOf(root))+1:]] = r.Principals
	}
	return all
}

// What a folder's file says holds for all below it, until a folder below says
// otherwise, and for documents that have not changed.
func TestFolderSaysWhoMayRead(t *testing.T) {
	b := setUp(t)
	b.work(WorkerOptions{})
	root := t.TempDir()
	const mail = "From: a@x.org\r\nSubject: s\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=q\r\n\r\n--q\r\nContent-Type: text/plain\r\n\r\nthe letter\r\n" +
		"--q\r\nContent-Type: text/plain; name=n.txt\r\nContent-Disposition: attachment; filename=n.txt\r\n\r\nthe note\r\n--q--\r\n"
	write(t, root, map[string]string{
		"open.md": "open words", "hr/a.md": "pay of all", "hr/deep/b.md": "pay of few", "hr/board/c.md": "pay of the board", "hr/m.eml": mail,
		"hr/.quarry.yaml":       "principals: [hr, ann]\nmetadata: {team: people, year: 2026}\n",
		"hr/board/.quarry.yaml": "principals: [board]\nmetadata: {team: board}\n",
	})
	spec := ImportSpec{Paths: []string{root}, Sync: true}
	b.runImport(spec)
	want := map[string][]string{
		"open.md": {}, "hr/a.md": {"hr", "ann"}, "hr/deep/b.md": {"hr", "ann"}, "hr/board/c.md": {"board"},
		"hr/m.eml": {"hr", "ann"}, "hr/m.eml!/n.txt": {"hr", "ann"},
	}
	if diff := cmp.Diff(want, b.settledReaders(root)); diff != "" {
		t.Error(diff)
	}
	rec, err := b.in.Document(b.ctx, "docs", uriOf(filepath.Join(root, "hr/board/c.md")), Everything)
	b.ok(err)
	if diff := cmp.Diff(map[string]any{"team": "board", "year": 2026.0}, rec.Metadata); diff != "" {
		t.Error(diff)
	}
	if m := b.runImport(spec); m.Unchanged != 5 {
		t.Errorf("nothing has changed: %+v", m)
	}

	write(t, root, map[string]string{"hr/.quarry.yaml": "principals: [ann]\nmetadata: {team: people, year: 2026}\n"})
	b.ok(os.Rename(filepath.Join(root, "open.md"), filepath.Join(root, "hr/open.md")))
	plan := spec
	plan.DryRun = true
	if p := b.runPlan(plan).Plan; p.Changed.Count != 3 || p.Moved.Count != 1 {
		t.Errorf("plan of other readers: %+v", p)
	}
	if m := b.runImport(spec); m.Queued != 0 || m.Moved != 1 {
		t.Errorf("other readers need no indexing: %+v", m)
	}
	want = map[string][]string{
		"hr/open.md": {"ann"}, "hr/a.md": {"ann"}, "hr/deep/b.md": {"ann"}, "hr/board/c.md": {"board"},
		"hr/m.eml": {"ann"}, "hr/m.eml!/n.txt": {"ann"},
	}
	if diff := cmp.Diff(want, b.settledReaders(root)); diff != "" {
		t.Error(diff)
	}
}

// What is said no more stays, and the import's own word goes over a file's.
func TestWhatIsSaidNoMoreStays(t *testing.T) {
	b, root := setUp(t), t.TempDir()
	b.work(WorkerOptions{})
	write(t, root, map[string]string{"open.md": "open words", "hr/a.md": "pay", "hr/" + LabelsFile: "principals: [hr]\n"})
	spec := ImportSpec{Paths: []string{root}, Sync: true}
	b.runImport(spec)
	b.ok(os.Remove(filepath.Join(root, "hr", LabelsFile)))
	b.runImport(spec)
	if diff := cmp.Diff(map[string][]string{"open.md": {}, "hr/a.md": {"hr"}}, b.readers(root)); diff != "" {
		t.Error(diff)
	}
	write(t, root, map[string]string{"hr/" + LabelsFile: "principals: []\n"})
	b.runImport(spec)
	if diff := cmp.Diff(map[string][]string{"open.md": {}, "hr/a.md": {}}, b.readers(root)); diff != "" {
		t.Error(diff)
	}
	spec.Principals = []string{"owner"}
	b.runImport(spec)
	if diff := cmp.Diff(map[string][]string{"open.md": {"owner"}, "hr/a.md": {"owner"}}, b.readers(root)); diff != "" {
		t.Error(diff)
	}
}

// settledReaders waits for attachments too.
func (b *bench) settledReaders(root string) map[string][]string {
	b.t.Helper()
	b.until(`select not exists (select from document where state = 'pending')`)
	return b.readers(root)
}

// A file that cannot be understood opens nothing and removes nothing.
func TestFolderOfUnreadableLabelsIsLeftOut(t *testing.T) {
	b := setUp(t)
	b.work(WorkerOptions{})
	for name, text := range map[string]string{
		"misspelt": "principal: [hr]\n", "no list": "principals: hr\n", "no value": "principals:\n", "empty name": "principals: ['']\n",
		"empty": "\n", "not YAML": "{", "two documents": "metadata: {a: b}\n---\nprincipals: [hr]\n", "too large": "metadata: {a: " + string(make([]byte, maxLabelsBytes)) + "}",
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			write(t, root, map[string]string{"a.md": "seen", "hr/b.md": "before"})
			spec := ImportSpec{Paths: []string{root}, Sync: true}
			b.runImport(spec)
			write(t, root, map[string]string{"hr/.quarry.yaml": text, "hr/c.md": "not for all"})
			m := b.runImport(spec)
			if m.State != Failed || m.Queued != 0 || m.Removed != 0 || len(m.Skipped) != 1 {
				t.Errorf("%+v", m)
			}
		})
	}
}

// What is no file, such as a pipe, which reads as empty, says nothing that can be
// relied on either.
func TestPipeOfLabelsOpensNothing(t *testing.T) {
	root := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(root, LabelsFile), 0o600); err != nil {
		t.Fatal(err)
	}
	tree, err := openTree(root)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.close()
	if l, err := tree.top.labels(); err == nil || !strings.Contains(err.Error(), "named pipe") {
		t.Errorf("%+v, %v", l, err)
	}
}

// A file without a word says nothing, as none does.
func TestParseEmptyLabels(t *testing.T) {
	for _, text := range []string{"# nothing yet\n", "---\n"} {
		if l, err := parseLabels([]byte(text)); err != nil || l.Principals != nil || l.Metadata != nil {
			t.Errorf("%q: %+v, %v", text, l, err)
		}
	}
}

// Principals and metadata of a file named by itself are its folder's.
func TestFileSaysWhatItsFolderSays(t *testing.T) {
	b := setUp(t)
	b.work(WorkerOptions{})
	root := t.TempDir()
	write(t, root, map[string]string{"a.md": "words", LabelsFile: "principals: [hr]\n"})
	b.runImport(ImportSpec{Paths: []string{filepath.Join(root, "a.md")}})
	if diff := cmp.Diff(map[string][]string{"a.md": {"hr"}}, b.readers(root)); diff != "" {
		t.Error(diff)
	}
}
