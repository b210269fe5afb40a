package onnx

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestOpenRefuses(t *testing.T) {
	openModel(t, Options{})
	for _, tokens := range []int{-1, 1, 2, 513} {
		if _, err := Open(libraryPath(), modelDir(), Options{MaxTokens: tokens}); err == nil {
			t.Errorf("MaxTokens %d gave no error", tokens)
		}
	}
	for wrong, dir := range map[string]string{
		"no folder":       filepath.Join(t.TempDir(), "none"),
		"no vocabulary":   folder(t, map[string]int64{modelFile: 1 << 30}),
		"no model":        folder(t, map[string]int64{vocabFile: 1 << 30}),
		"cut model":       folder(t, map[string]int64{vocabFile: 1 << 30, modelFile: 1 << 20}),
		"empty model":     folder(t, map[string]int64{vocabFile: 1 << 30, modelFile: 0}),
		"cut vocabulary":  folder(t, map[string]int64{vocabFile: 100, modelFile: 1 << 30}),
		"other's library": modelDir(),
	} {
		lib := libraryPath()
		if wrong == "other's library" {
			lib = "/other/libonnxruntime.so"
		}
		_, err := Open(lib, dir, Options{})
		if err == nil || !strings.Contains(err.Error(), "quarry setup") {
			t.Errorf("%s: error %v, want one that names quarry setup", wrong, err)
		}
	}
}

// folder copies the beginnings of the model's files, so many bytes of each.
func folder(t *testing.T, sizes map[string]int64) string {
	t.Helper()
	dir := t.TempDir()
	for file, size := range sizes {
		from, err := os.Open(filepath.Join(modelDir(), file))
		if err != nil {
			t.Fatal(err)
		}
		defer from.Close()
		to, err := os.Create(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(to, io.LimitReader(from, size)); err != nil {
			t.Fatal(err)
		}
		if err := to.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// A process keeps the first library that loads, so this one runs by itself.
func TestOpenWithoutLibrary(t *testing.T) {
	const inChild = "QUARRY_TEST_CHILD"
	if os.Getenv(inChild) == "" {
		child := exec.Command(os.Args[0], "-test.run=^TestOpenWithoutLibrary$")
		child.Env = append(os.Environ(), inChild+"=1")
		if out, err := child.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	notALibrary := filepath.Join(t.TempDir(), "libonnxruntime.so")
	if err := os.WriteFile(notALibrary, []byte("\x7fELF nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, lib := range []string{"", "/none/libonnxruntime.so", notALibrary} {
		_, err := Open(lib, modelDir(), Options{})
		if err == nil || !strings.Contains(err.Error(), "quarry setup") {
			t.Errorf("library %q: error %v, want one that names quarry setup", lib, err)
		}
	}
	openModel(t, Options{}) // failed attempts do not stand in the way
}
