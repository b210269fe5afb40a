package ingest

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// write makes files with a time of change long past, so that it is trusted.
func write(t testing.TB, root string, files map[string]string) {
	t.Helper()
	for name, body := range files {
		p := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
		old := time.Now().Add(-time.Hour)
		if err := os.Chtimes(p, old, old); err != nil {
			t.Fatal(err)
		}
	}
}

// runImport imports and returns the final state, having checked the counts.
func (b *bench) runImport(spec ImportSpec) Import {
	b.t.Helper()
	m, err := b.in.StartImport(b.ctx, "docs", spec)
	b.ok(err)
	for m, err = range b.in.WatchImport(b.ctx, "docs", m.ID) {
		b.ok(err)
	}
	var skipped int64
	for _, s := range m.Skipped {
		skipped += s.Count
	}
	if m.Listed != m.Unchanged+m.Queued+m.Moved+skipped || m.Queued != m.Indexed+m.Failed+m.Superseded {
		b.t.Errorf("counts do not add up: %+v", m)
	}
	b.check()
	return m
}

// uris lists the documents below root, without root.
func (b *bench) uris(root string) []string {
	b.t.Helper()
	recs, err := b.in.Documents(b.ctx, "docs", ListOptions{Reader: Everything, Limit: 1000})
	b.ok(err)
	var all []string
	for _, r := range recs {
		all = append(all, strings.TrimPrefix(r.URI, uriOf(folder(root))))
	}
	return all
}

func TestImportAndSync(t *testing.T) {
	b, root := setUp(t), t.TempDir()
	b.work(WorkerOptions{})
	write(t, root, map[string]string{
		"a.md": sections("harbour"), "a/b.md": sections("lantern"), "a-b/c.txt": "An anchor lies here.", ".git/x.md": "# hidden",
		"d.md": sections("rope"),
	})
	b.put("file://"+root+"/by-hand.md", "# Put by hand\n\nNot imported.")
	m := b.runImport(ImportSpec{Paths: []string{root, root + "/a"}, Sync: true})
	if m.State != Done || m.Listed != 4 || m.Indexed != 4 || m.Chunks < 4 || m.Embedded != m.Chunks || m.Tokens == 0 || m.FinishedAt.IsZero() {
		t.Errorf("first: %+v", m)
	}
	if diff := cmp.Diff([]string{"a-b/c.txt", "a.md", "a/b.md", "by-hand.md", "d.md"}, b.uris(root)); diff != "" {
		t.Errorf("documents (-want +got):\n%s", diff)
	}
	m = b.runImport(ImportSpec{Paths: []string{root}, Sync: true})
	if m.State != Done || m.Unchanged != 4 || m.Queued != 0 || m.Removed != 0 {
		t.Errorf("nothing changed: %+v", m)
	}
	write(t, root, map[string]string{"d.md": sections("rope!"), "e.md": sections("sail")})
	b.ok(os.Chtimes(filepath.Join(root, "a.md"), time.Now(), time.Now().Add(-time.Minute)))
	b.ok(os.RemoveAll(filepath.Join(root, "a")))
	m = b.runImport(ImportSpec{Paths: []string{root}, Sync: true})
	if m.State != Done || m.Unchanged != 2 || m.Queued != 2 || m.Removed != 1 {
		t.Errorf("edit, touch, add and remove: %+v", m)
	}
	if diff := cmp.Diff([]string{"a-b/c.txt", "a.md", "by-hand.md", "d.md", "e.md"}, b.uris(root)); diff != "" {
		t.Errorf("documents (-want +got):\n%s", diff)
	}
	m = b.runImport(ImportSpec{Paths: []string{root + "/e.md"}, Sync: true})
	if m.State != Done || m.Listed != 1 || m.Unchanged != 1 || m.Removed != 0 {
		t.Errorf("one file: %+v", m)
	}
	link := t.TempDir() + "/link.md"
	b.ok(os.Symlink(root+"/e.md", link))
	if m = b.runImport(ImportSpec{Paths: []string{link}}); m.State != Done || m.Indexed != 1 {
		t.Errorf("a link to a file, named by the caller: %+v", m)
	}
	if _, err := b.in.Document(b.ctx, "docs", uriOf(link), Everything); err != nil {
		t.Error(err)
	}
}

func TestIncompleteListingRemovesNothing(t *testing.T) {
	b, root := setUp(t), t.TempDir()
	b.work(WorkerOptions{})
	write(t, root, map[string]string{"one/a.md": sections("harbour"), "two/b.md": sections("lantern")})
	b.runImport(ImportSpec{Paths: []string{root + "/one", root + "/two"}})
	b.ok(os.RemoveAll(root + "/one"))
	b.ok(os.Remove(root + "/two/b.md"))
	write(t, root, map[string]string{"two/c.md": sections("rope")})
	m := b.runImport(ImportSpec{Paths: []string{root + "/one", root + "/two"}, Sync: true})
	if m.State != Failed || !strings.Contains(m.Error, root+"/one: no such file") || m.Removed != 0 || m.Indexed != 1 {
		t.Errorf("one root is gone: %+v", m)
	}
	if diff := cmp.Diff([]string{"one/a.md", "two/b.md", "two/c.md"}, b.uris(root)); diff != "" {
		t.Errorf("documents (-want +got):\n%s", diff)
	}
}

func TestImportSkipsWithAReason(t *testing.T) {
	b, root := setUp(t), t.TempDir()
	b.work(WorkerOptions{})
	write(t, root, map[string]string{
		"good.md": sections("harbour"), "empty.md": "", "binary.txt": "\x7fELF\x00\x00\x01\x02", "bad\xff.md": "x",
		"picture.md": "\x89PNG\r\n\x1a\n\x00\x00", "latin.txt": "caf\xe9 \x81\x8d\x8f \xff\xfe\xfd", "folder/x.md": sections("rope"),
	})
	b.ok(syscall.Mkfifo(root+"/fifo.md", 0o644))
	l, err := net.Listen("unix", root+"/socket.md")
	b.ok(err)
	defer l.Close()
	b.ok(os.Symlink("loop.md", root+"/loop.md"))
	b.ok(os.Symlink("..", root+"/folder/up"))
	b.ok(os.Symlink("folder", root+"/again"))
	b.ok(os.Symlink("/etc/hostname", root+"/outside.md"))
	b.ok(os.Symlink("nowhere", root+"/broken.md"))
	b.ok(os.Symlink("good.md", root+"/alias.md"))
	large, err := os.Create(root + "/large.txt")
	b.ok(err)
	b.ok(large.Truncate(300 << 20))
	b.ok(large.Close())

	m := b.runImport(ImportSpec{Paths: []string{root}, Sync: true})
	reasons := map[string]int64{}
	for _, s := range m.Skipped {
		reasons[s.Reason] = s.Count
	}
	want := map[string]int64{
		"empty file": 1, "name is not valid UTF-8": 1, "named pipe, not a file": 1, "socket, not a file": 1,
		"symbolic link that leads nowhere": 2, "symbolic link that leads out of the folder": 1,
		"symbolic link to a folder, not followed": 2, "larger than 32 MiB": 1,
		"format not supported: application/x-elf": 1, "format not supported: image/png": 1,
	}
	if diff := cmp.Diff(want, reasons); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
	if m.State != Done || m.Queued != 4 || m.Failed != 1 {
		t.Errorf("import: %+v", m)
	}
	if rec, err := b.in.Document(b.ctx, "docs", uriOf(root+"/latin.txt"), Everything); err != nil || rec.State != Failed || rec.Reason == "" {
		t.Errorf("not UTF-8: %+v, %v", rec, err)
	}
}

func TestWalkIsInByteOrder(t *testing.T) {
	root := t.TempDir()
	files := map[string]string{}
	for _, name := range []string{"a", "a b", "a!", "a.txt", "a-b/x", "a0", "b/a", "b/a.b/c", "b/a/b", "ä", "B", "a~/z", "日本/語"} {
		files[name+".md"], files[name+".d/f"] = "x", "x"
	}
	write(t, root, files)
	tr, err := openTree(root)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.close()
	var got []string
	for l := range tr.walk() {
		got = append(got, l.path())
	}
	if len(got) != len(files) || !slices.IsSorted(got) {
		t.Errorf("%d of %d files, sorted %v: %q", len(got), len(files), slices.IsSorted(got), got)
	}
}

func TestReadFile(t *testing.T) {
	root := t.TempDir()
	write(t, root, map[string]string{"a.md": "text", "gone.md": "text", "secret.md": "text", "later.md": "text"})
	tr, err := openTree(root)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.close()
	if c := tr.top.readFile("a.md", nil); string(c.body) != "text" || c.state.modified == nil || c.reason != "" {
		t.Errorf("plain file: %+v", c)
	}
	if err := os.Chtimes(root+"/a.md", time.Now(), time.Now()); err != nil {
		t.Fatal(err)
	}
	if c := tr.top.readFile("a.md", nil); c.state.modified != nil {
		t.Error("the time of a file just written is trusted")
	}
	if err := os.Remove(root + "/gone.md"); err != nil {
		t.Fatal(err)
	}
	if c := tr.top.readFile("gone.md", nil); c.reason != "vanished while the folder was read" {
		t.Errorf("vanished: %+v", c)
	}
	// What was a file when it was listed is a pipe without a writer when it is opened.
	if err := os.Remove(root + "/later.md"); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(root+"/later.md", 0o644); err != nil {
		t.Fatal(err)
	}
	if c := tr.top.readFile("later.md", nil); c.reason != "named pipe, not a file" {
		t.Errorf("pipe: %+v", c)
	}
	if err := os.Chmod(root+"/secret.md", 0); err != nil {
		t.Fatal(err)
	}
	reason := asNobody(t, func() string { return tr.top.readFile("secret.md", nil).reason })
	if reason != "cannot be read: permission denied" {
		t.Errorf("unreadable: %q", reason)
	}
}

// asNobody runs f without root's right to read everything.
func asNobody(t *testing.T, f func() string) string {
	t.Helper()
	if os.Geteuid() != 0 {
		return f()
	}
	got := make(chan string)
	go func() {
		runtime.LockOSThread() // not unlocked: the thread ends with the goroutine
		if err := syscall.Setfsuid(65534); err != nil {
			got <- fmt.Sprint(err)
			return
		}
		got <- f()
	}()
	return <-got
}

func TestFileThatGrowsIsNotStable(t *testing.T) {
	body, reason, err := read(strings.NewReader("longer than it was"), "a.md", 6)
	if err != nil || reason != "" || len(body) == 6 {
		t.Errorf("%q, %q, %v: a reader cannot tell that the file grew", body, reason, err)
	}
}

func TestCleanRoots(t *testing.T) {
	got, err := cleanRoots([]string{"/b/c", "/a/", "/b", "/a/x/../y", "/ab", "/b"})
	if diff := cmp.Diff([]string{"/a", "/ab", "/b"}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for _, bad := range [][]string{nil, {"relative"}, {""}, {"/a\x00"}, {"/a\xff"}} {
		if _, err := cleanRoots(bad); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}
