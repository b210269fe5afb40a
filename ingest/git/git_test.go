package git

import (
	"encoding/pem"
	"errors"
	"io"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/quarry-rag/quarry/ingest/outbound"
)

// sh runs git with an author and without the user's configuration.
func sh(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=T", "-c", "user.email=t@example.com", "-c", "protocol.file.allow=always"}, args...)...)
	cmd.Env = append(cmd.Environ(), "GIT_CONFIG_GLOBAL=/dev/null")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %q: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func commit(t *testing.T, dir string, files map[string]string) string {
	t.Helper()
	for name, body := range files {
		p := filepath.Join(dir, name)
		ok(t, os.MkdirAll(filepath.Dir(p), 0o755))
		ok(t, os.WriteFile(p, []byte(body), 0o644))
	}
	sh(t, dir, "add", "-A")
	sh(t, dir, "commit", "-q", "-m", "change")
	return sh(t, dir, "rev-parse", "HEAD")
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newRepository(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	sh(t, dir, "init", "-q", "-b", "main")
	return dir
}

func files(t *testing.T, r *Repository, commit string) (all []File) {
	t.Helper()
	for f, err := range r.Files(t.Context(), commit) {
		ok(t, err)
		all = append(all, f)
	}
	return all
}

func TestFilesAndBlobs(t *testing.T) {
	dir := newRepository(t)
	sub := newRepository(t)
	commit(t, sub, map[string]string{"x": "x"})
	ok(t, os.Symlink("a.md", filepath.Join(dir, "link.md")))
	sh(t, dir, "submodule", "--quiet", "add", sub, "mod")
	first := commit(t, dir, map[string]string{
		"a.md": "first", "a/b.md": "below", "a-b.md": "dash", "naïve file\n.md": "odd name", "--upload-pack=x": "option", "empty": "",
	})
	commit(t, dir, map[string]string{"a.md": "second"})
	sh(t, dir, "tag", "v2")

	r, err := Open(t.Context(), dir)
	ok(t, err)
	defer r.Close()
	old, err := r.Resolve(t.Context(), "HEAD~1")
	if err != nil || old != first {
		t.Fatalf("HEAD~1 is %q, %v; want %q", old, err, first)
	}
	all := files(t, r, old)
	var paths []string
	for _, f := range all {
		paths = append(paths, f.Path)
	}
	want := []string{"--upload-pack=x", ".gitmodules", "a-b.md", "a.md", "a/b.md", "empty", "link.md", "mod", "naïve file\n.md"}
	if !slices.Equal(paths, want) {
		t.Errorf("paths %q, want %q", paths, want)
	}
	kinds := map[string]Kind{"link.md": Symlink, "mod": Submodule}
	for _, f := range all {
		if f.Kind != kinds[f.Path] {
			t.Errorf("%s: kind %v", f.Path, f.Kind)
		}
	}
	// A blob left half read does not disturb the next.
	for _, f := range []File{all[3], all[0], all[5], all[3]} {
		in, size, err := r.Blob(t.Context(), f.Blob)
		ok(t, err)
		if size != f.Size {
			t.Errorf("%s: %d bytes, listed %d", f.Path, size, f.Size)
		}
		_, _ = io.ReadFull(in, make([]byte, 2))
	}
	in, _, err := r.Blob(t.Context(), all[3].Blob)
	ok(t, err)
	if b, err := io.ReadAll(in); string(b) != "first" || err != nil {
		t.Errorf("a.md: %q, %v", b, err)
	}
	for _, bad := range []string{"nowhere", "", "--all", "v2:a.md", "v2^{tree}"} {
		if c, err := r.Resolve(t.Context(), bad); err == nil {
			t.Errorf("revision %q is %s", bad, c)
		}
	}
	for range r.Files(t.Context(), old) { // leaving early ends the command
		break
	}
}

func TestOpenRefusesWhatLiesOutside(t *testing.T) {
	dir := newRepository(t)
	commit(t, dir, map[string]string{"a.md": "secret", "docs/b.md": "b"})
	tree, bare, borrowed, linked := filepath.Join(t.TempDir(), "tree"), t.TempDir(), t.TempDir(), t.TempDir()
	sh(t, dir, "worktree", "add", "-q", "--detach", tree)
	sh(t, bare, "clone", "-q", "--bare", dir, ".")
	sh(t, borrowed, "clone", "-q", "--shared", dir, ".")
	ok(t, os.Symlink(filepath.Join(dir, ".git"), filepath.Join(linked, ".git")))
	for path, want := range map[string]string{
		dir: "", bare: "", tree: "outside of it", borrowed: "borrows objects", linked: "outside of it",
		filepath.Join(dir, "docs"): "not a git repository", t.TempDir(): "not a git repository",
		filepath.Join(dir, "a.md"): "not a folder", dir + "/nowhere": "no such file",
	} {
		r, err := Open(t.Context(), path)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
		if r != nil {
			r.Close()
		}
	}
}

// TestNothingConfiguredIsRun has a repository configured to run programs
// wherever git can be told to.
func TestNothingConfiguredIsRun(t *testing.T) {
	dir := newRepository(t)
	c := commit(t, dir, map[string]string{"a.md": "text", ".gitattributes": "* filter=x diff=x\n"})
	ran := filepath.Join(t.TempDir(), "ran")
	for _, key := range []string{"core.fsmonitor", "core.pager", "filter.x.smudge", "diff.x.textconv", "core.sshCommand", "core.askPass", "credential.helper", "alias.ls-tree", "pager.cat-file"} {
		sh(t, dir, "config", key, "!touch "+ran)
	}
	// A clone that would fetch what it lacks, from a remote that is a command.
	sh(t, dir, "config", "extensions.partialClone", "origin")
	sh(t, dir, "config", "remote.origin.url", "ext::touch "+ran)
	r, err := Open(t.Context(), dir)
	ok(t, err)
	defer r.Close()
	all := files(t, r, c)
	object := filepath.Join(dir, ".git/objects", all[1].Blob[:2], all[1].Blob[2:])
	ok(t, os.Remove(object))
	if _, _, err := r.Blob(t.Context(), all[1].Blob); err == nil {
		t.Error("a blob that is not there was read")
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("a program that the repository names has run")
	}
}

// server serves the repositories below root by https.
func server(t *testing.T, root string) (base, caFile string) {
	t.Helper()
	path := sh(t, root, "--exec-path")
	srv := httptest.NewTLSServer(&cgi.Handler{
		Path: filepath.Join(path, "git-http-backend"),
		Env:  []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_GLOBAL=/dev/null"},
	})
	t.Cleanup(srv.Close)
	caFile = filepath.Join(t.TempDir(), "ca.pem")
	ok(t, os.WriteFile(caFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw}), 0o644))
	return srv.URL, caFile
}

func TestFetch(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "repo")
	sh(t, root, "init", "-q", "-b", "main", "repo")
	first := commit(t, dir, map[string]string{"a.md": "first"})
	sh(t, dir, "tag", "-a", "-m", "one", "v1")
	base, ca := server(t, root)
	m := Remote{URL: base + "/repo/.git", Cache: t.TempDir(), Dialer: outbound.Dialer{AllowPrivate: true}, caFile: ca}
	fetched := func(revision string) string {
		t.Helper()
		r, c, err := Fetch(t.Context(), m, revision)
		ok(t, err)
		defer r.Close()
		if len(files(t, r, c)) == 0 {
			t.Errorf("%s is empty", revision)
		}
		return c
	}
	if c := fetched("v1"); c != first {
		t.Errorf("v1 is %s, want %s", c, first)
	}
	second := commit(t, dir, map[string]string{"b.md": "second"})
	for _, revision := range []string{"main", "HEAD", second, "refs/heads/main"} {
		if c := fetched(revision); c != second {
			t.Errorf("%s is %s, want %s", revision, c, second)
		}
	}
	for _, bad := range []string{"nowhere", "-x", "--upload-pack=touch x", "main:refs/heads/x", "+main", "main..v1", "", first[:7]} {
		if _, _, err := Fetch(t.Context(), m, bad); err == nil {
			t.Errorf("revision %q is fetched", bad)
		}
	}
	m.Dialer = outbound.Dialer{}
	if _, _, err := Fetch(t.Context(), m, "main"); !errors.Is(err, outbound.ErrForbidden) {
		t.Errorf("a loopback host: %v", err)
	}
	m.URL = "ssh://git@localhost/repo"
	if _, _, err := Fetch(t.Context(), m, "main"); !errors.Is(err, outbound.ErrForbidden) {
		t.Errorf("a loopback host by ssh: %v", err)
	}
}

func TestCheckURL(t *testing.T) {
	for _, good := range []string{"https://example.com/a.git", "ssh://git@example.com:22/a"} {
		if err := CheckURL(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "example.com/a", "http://example.com/a", "ext::sh -c x", "ext://x/y", "git://example.com/a", "file:///etc", "https://",
		"https://user:secret@example.com/a", "https://token@example.com/a", "ssh://git:pw@example.com/a", "ssh://-oProxyCommand=x/a",
		"https://example.com/a?x", "https://example.com/a b",
	} {
		if CheckURL(bad) == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}
