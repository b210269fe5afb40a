package pgserver

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestInitFails runs an initdb that fails half-way.
func TestInitFails(t *testing.T) {
	for name, test := range map[string]struct{ script, want string }{
		"disk full": {`echo "initdb: could not write: No space left on device"`, "is full, nothing was left behind"},
		"other":     {`echo "libz.so.1: cannot open"`, "libz.so.1: cannot open"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := folder(t)
			script := "#!/bin/sh\necho half > $2/PG_VERSION\n" + test.script + "\nexit 1\n"
			if err := os.WriteFile(filepath.Join(dir, "initdb"), []byte(script), 0o755); err != nil {
				t.Fatal(err)
			}
			data := filepath.Join(dir, "data")
			_, err := Start(context.Background(), Options{Bin: dir, Data: data})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
			var left []string
			entries, err := os.ReadDir(data)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				left = append(left, e.Name())
			}
			if diff := cmp.Diff([]string{"lock", "socket"}, left); diff != "" {
				t.Errorf("left (-want +got):\n%s", diff)
			}
		})
	}
}

// TestInitAfterKill finds what an initdb leaves that was killed.
func TestInitAfterKill(t *testing.T) {
	data := folder(t)
	if err := os.MkdirAll(filepath.Join(data, "pgdata.init", "base"), 0o700); err != nil {
		t.Fatal(err)
	}
	s := start(t, small(data))
	if _, err := os.Stat(s.dirs.unready()); err == nil {
		t.Error("the half-made folder is still there")
	}
}

func TestReach(t *testing.T) {
	closed := filepath.Join(folder(t), "closed")
	if err := os.Mkdir(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	other := account{name: "nobody", uid: 65533, gid: 65533, credential: &syscall.Credential{}}
	err := other.reach(filepath.Join(closed, "home", "data"))
	if err == nil || !strings.Contains(err.Error(), "may not enter "+closed+" (mode 0700)") {
		t.Errorf("closed folder: %v", err)
	}
	link := filepath.Join(filepath.Dir(closed), "link")
	if err := os.Symlink(closed, link); err != nil {
		t.Fatal(err)
	}
	if err := other.reach(link); err == nil {
		t.Error("a link to a closed folder was accepted")
	}
	if err := os.Chmod(closed, 0o711); err != nil {
		t.Fatal(err)
	}
	if err := other.reach(filepath.Join(closed, "home", "data")); err != nil {
		t.Errorf("open folder: %v", err)
	}
}

func TestOwns(t *testing.T) {
	other := account{name: "nobody", uid: 65533}
	if err := other.owns(t.TempDir()); err == nil || !strings.Contains(err.Error(), "belongs to user id") {
		t.Errorf("a stranger's folder: %v", err)
	}
}
