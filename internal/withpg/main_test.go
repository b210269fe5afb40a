package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/quarry-rag/quarry/internal/lockfile"
)

func TestCommandExitCode(t *testing.T) {
	for script, want := range map[string]int{"exit 0": 0, "exit 7": 7, `test "$KEY" = value`: 0} {
		code, err := command(t.Context(), []string{"/bin/sh", "-c", script}, []string{"KEY=value"})
		if code != want || err != nil {
			t.Errorf("%s: code %d, %v", script, code, err)
		}
	}
	if code, err := command(t.Context(), []string{"/bin/sh", "-c", "kill -9 $$"}, nil); code != 1 || err == nil {
		t.Errorf("killed: code %d, %v", code, err)
	}
	if code, err := command(t.Context(), []string{"/does/not/exist"}, nil); code != 1 || err == nil {
		t.Errorf("no such command: code %d, %v", code, err)
	}
}

func TestCommandIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if code, err := command(ctx, []string{"/bin/sleep", "60"}, nil); code != 1 || err == nil {
		t.Errorf("code %d, %v", code, err)
	}
}

func TestThrowawaySweeps(t *testing.T) {
	base := t.TempDir()
	var dirs []string
	for range 3 {
		dir, err := throwaway(base)
		if err != nil {
			t.Fatal(err)
		}
		dirs = append(dirs, dir)
	}
	// One run is dead, one lives, one has just made its folder.
	dead, err := lockfile.Try(filepath.Join(dirs[0], "lock"))
	if err != nil {
		t.Fatal(err)
	}
	dead.Release()
	alive, err := lockfile.Try(filepath.Join(dirs[1], "lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer alive.Release()
	if _, err := throwaway(base); err != nil {
		t.Fatal(err)
	}
	for i, want := range []bool{false, true, true} {
		if _, err := os.Stat(dirs[i]); (err == nil) != want {
			t.Errorf("folder %d is there: %v", i, err == nil)
		}
	}
}
