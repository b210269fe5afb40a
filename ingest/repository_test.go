package ingest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// gitIn runs git in dir with an author and without the user's configuration.
func gitIn(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=T", "-c", "user.email=t@example.com"}, args...)...)
	cmd.Env = append(cmd.Environ(), "GIT_CONFIG_GLOBAL=/dev/null")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %q: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// commitAll commits what dir holds and returns the commit.
func commitAll(t *testing.T, dir string) string {
	t.Helper()
	gitIn(t, dir, "add", "-A")
	gitIn(t, dir, "commit", "-q", "-m", "change")
	return gitIn(t, dir, "rev-parse", "HEAD")
}

func TestGitRepositoryAtARevision(t *testing.T) {
	b, dir := setUp(t), t.TempDir()
	b.work(WorkerOptions{})
	gitIn(t, dir, "init", "-q", "-b", "main")
	write(t, dir, map[string]string{
		"a.md": sections("harbour"), "docs/b.md": sections("lantern"), "docs-c.md": sections("rope"), ".hidden/x.md": "# Hidden",
		"picture.md": "\x89PNG\r\n\x1a\n\x00\x00", "empty.md": "", "bad\xff.md": "x", "z.md": sections("sail"),
		"big.bin": "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
	})
	b.ok(os.Symlink("/etc/hostname", dir+"/link.md"))
	first := commitAll(t, dir)

	spec := ImportSpec{Git: &GitSpec{Repository: "file://" + dir + "/"}, Sync: true}
	m := b.runImport(spec)
	reasons := map[string]int64{}
	for _, s := range m.Skipped {
		reasons[s.Reason] = s.Count
	}
	want := map[string]int64{
		"empty file": 1, notUTF8: 1, "format not supported: image/png": 1, "symbolic link, not followed in a repository": 1,
		"kept by Git LFS, not in the repository itself": 1,
	}
	if diff := cmp.Diff(want, reasons); diff != "" || m.State != Done || m.Indexed != 4 {
		t.Errorf("%+v\nreasons (-want +got):\n%s", m, diff)
	}
	uri := func(name string) string { return "git+file://" + dir + "//" + name }
	commit := func(name string) any {
		t.Helper()
		rec, err := b.in.Document(b.ctx, "docs", uri(name), Everything)
		b.ok(err)
		return rec.Metadata["commit"]
	}
	if commit("docs/b.md") != first {
		t.Errorf("commit %v, want %s", commit("docs/b.md"), first)
	}
	// Restricted by hand: a later commit must not open it again.
	_, err := b.pool.Exec(b.ctx, `update document set principals = '{ann}', metadata = metadata || '{"mine": 1}' where uri = $1`, uri("a.md"))
	b.ok(err)

	write(t, dir, map[string]string{"a.md": sections("harbour!"), "docs/d.md": sections("anchor")})
	b.ok(os.Remove(dir + "/z.md"))
	second := commitAll(t, dir)
	if m = b.runImport(spec); m.State != Done || m.Unchanged != 2 || m.Indexed != 2 || m.Removed != 1 {
		t.Errorf("a second commit: %+v", m)
	}
	if commit("docs/b.md") != first || commit("a.md") != second {
		t.Errorf("commits: unchanged %v, changed %v", commit("docs/b.md"), commit("a.md"))
	}
	rec, err := b.in.Document(b.ctx, "docs", uri("a.md"), Everything)
	b.ok(err)
	if !cmp.Equal(rec.Principals, []string{"ann"}) || rec.Metadata["mine"] != 1.0 {
		t.Errorf("what was set by hand is lost: %+v", rec)
	}
	if m = b.runImport(spec); m.Unchanged != 4 || m.Queued != 0 {
		t.Errorf("nothing changed: %+v", m)
	}
	spec.Git.Revision = first[:10]
	if m = b.runImport(spec); m.State != Done || m.Indexed != 2 || m.Removed != 1 || commit("z.md") != first {
		t.Errorf("back at the first commit: %+v", m)
	}
	spec.Git.Revision = "nowhere"
	if m = b.runImport(spec); m.State != Failed || m.Removed != 0 || !strings.Contains(m.Error, `there is no revision "nowhere"; nothing was removed`) {
		t.Errorf("a revision that is not there: %+v", m)
	}
}

func TestBrokenRepositoryRemovesNothing(t *testing.T) {
	b, dir := setUp(t), t.TempDir()
	b.work(WorkerOptions{})
	gitIn(t, dir, "init", "-q", "-b", "main")
	write(t, dir, map[string]string{"a.md": sections("harbour"), "b.md": sections("lantern")})
	commitAll(t, dir)
	spec := ImportSpec{Git: &GitSpec{Repository: dir}, Sync: true}
	b.runImport(spec)
	b.ok(os.Remove(dir + "/b.md"))
	write(t, dir, map[string]string{"a.md": sections("sail")})
	commitAll(t, dir)
	blob := gitIn(t, dir, "rev-parse", "HEAD:a.md")
	b.ok(os.Remove(filepath.Join(dir, ".git/objects", blob[:2], blob[2:])))
	m := b.runImport(spec)
	if m.State != Failed || m.Removed != 0 || !strings.Contains(m.Error, "nothing was removed") {
		t.Errorf("a blob is missing: %+v", m)
	}
}

// TestNamesOutOfOrder: a name that is not UTF-8 is shown with other bytes than
// it has, which sort elsewhere.
func TestNamesOutOfOrder(t *testing.T) {
	b, root := setUp(t), t.TempDir()
	b.work(WorkerOptions{})
	write(t, root, map[string]string{"a\x80.md": "x", "aé.md": sections("harbour")})
	for range 2 {
		if m := b.runImport(ImportSpec{Paths: []string{root}, Sync: true}); m.State != Done || m.Removed != 0 {
			t.Errorf("%+v", m)
		}
	}
	if diff := cmp.Diff([]string{"aé.md"}, b.uris(root)); diff != "" {
		t.Errorf("documents (-want +got):\n%s", diff)
	}
}

func TestImportSpecs(t *testing.T) {
	for _, bad := range []ImportSpec{
		{},
		{Paths: []string{"/a"}, Git: &GitSpec{Repository: "/b"}},
		{Git: &GitSpec{Repository: "relative"}},
		{Git: &GitSpec{Repository: "ext::sh -c x"}},
		{Git: &GitSpec{Repository: "/a\x00"}},
		{Git: &GitSpec{Repository: "/a", Revision: "x\x00"}},
		{Git: &GitSpec{Repository: "https://user:secret@example.com/a"}},
	} {
		if _, err := bad.clean(); err == nil {
			t.Errorf("%+v is accepted", bad)
		}
	}
}
