package runtime

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// tiny is a package that the real pip accepts for the platform it is told.
func tiny(t *testing.T) (p pin, folder string) {
	t.Helper()
	const file = "quarry_tiny-1.0-cp311-cp311-manylinux_2_28_x86_64.whl"
	wheel := wheelOf(
		entry{name: "quarry_tiny/data", body: "x"},
		entry{name: "quarry_tiny-1.0.dist-info/METADATA", body: "Metadata-Version: 2.1\nName: quarry-tiny\nVersion: 1.0\n"},
		entry{name: "quarry_tiny-1.0.dist-info/WHEEL", body: "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: false\nTag: cp311-cp311-manylinux_2_28_x86_64\n"},
		entry{name: "quarry_tiny-1.0.dist-info/RECORD", body: ""},
	)
	folder = t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, file), wheel, 0o600); err != nil {
		t.Fatal(err)
	}
	return pin{name: "quarry-tiny", version: "1.0", stem: "quarry_tiny-1.0-", sha256: sum(wheel), size: int64(len(wheel))}, folder
}

// TestPipDownload runs the real pip on a local folder.
func TestPipDownload(t *testing.T) {
	p, folder := tiny(t)
	t.Setenv("PIP_NO_INDEX", "1")
	t.Setenv("PIP_FIND_LINKS", folder)
	b := builder{pins: []pin{p}, fetch: pipDownload, progress: func(Event) {}}
	dir, log := filepath.Join(t.TempDir(), "wheels"), filepath.Join(t.TempDir(), "pip.log")
	if err := b.download(context.Background(), dir, log); err != nil {
		t.Fatal(err)
	}
	if _, err := verify(dir, p); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(log); err == nil {
		t.Error("the log stayed after a success")
	}

	b.pins[0].sha256 = strings.Repeat("0", 64)
	err := b.download(context.Background(), filepath.Join(t.TempDir(), "other"), log)
	if err == nil || !strings.Contains(err.Error(), log) {
		t.Errorf("a package with another hash: %v", err)
	}
	if _, err := os.Stat(log); err != nil {
		t.Errorf("no log after a failure: %v", err)
	}
}

// Without a network pip says the same many times over; people are told once.
func TestPipWithoutNetwork(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", scripts(t, "pip3", `[ "$1" = --version ] && exit
		echo 'WARNING: Retrying (Retry(total=1)) after connection broken'
		echo 'WARNING: Retrying (Retry(total=0)) after connection broken'
		echo 'ERROR: No matching distribution found'; exit 1`))
	err := pipDownload(t.Context(), nil, dir, filepath.Join(dir, "log"))
	if err == nil || !strings.Contains(err.Error(), "cannot reach its package index") ||
		!strings.Contains(err.Error(), "No matching distribution") || strings.Contains(err.Error(), "Retry(") {
		t.Error(err)
	}
}

func TestPipMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := findPip(context.Background())
	if err == nil || !strings.Contains(err.Error(), "Python 3 with pip is missing") || !strings.Contains(err.Error(), "apt-get install python3-pip") {
		t.Errorf("without python3: %v", err)
	}
	t.Setenv("PATH", scripts(t, "python3", "exit 1"))
	_, err = findPip(context.Background())
	if err == nil || !strings.HasPrefix(err.Error(), "pip for Python 3 is missing") {
		t.Errorf("without pip: %v", err)
	}
	t.Setenv("PATH", scripts(t, "pip3", "exit 0"))
	if pip, err := findPip(context.Background()); err != nil || pip[0] != "pip3" {
		t.Errorf("pip3 alone: %v, %v", pip, err)
	}
}

// An interrupted download ends pip, and leaves no log of what did not fail.
func TestPipStops(t *testing.T) {
	dir, log := t.TempDir(), filepath.Join(t.TempDir(), "pip.log")
	started := filepath.Join(dir, "started")
	t.Setenv("PATH", scripts(t, "pip3", `[ "$1" = --version ] && exit; echo > `+started+`; /bin/sleep 60; exit 1`))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	b := builder{fetch: pipDownload, progress: func(Event) {}}
	go func() { done <- b.download(ctx, filepath.Join(dir, "wheels"), log) }()
	for _, err := os.Stat(started); err != nil; _, err = os.Stat(started) {
		select {
		case err := <-done:
			t.Fatalf("pip did not start: %v", err)
		case <-time.After(time.Millisecond):
		}
	}
	if _, err := os.Stat(log); err != nil {
		t.Errorf("no log while pip runs: %v", err)
	}
	cancel()
	select {
	case err := <-done:
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("pip goes on after the end of its context")
	}
	if _, err := os.Stat(log); err == nil {
		t.Error("the log stayed")
	}
}

func scripts(t *testing.T, name, body string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+body+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}
