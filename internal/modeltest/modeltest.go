// Package modeltest gives tests the real embedding model.
package modeltest

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/quarry-rag/quarry/retrieve/embed"
	"github.com/quarry-rag/quarry/retrieve/embed/onnx"
)

var open = sync.OnceValues(func() (*onnx.Model, error) {
	home := os.Getenv("QUARRY_TEST_RUNTIME")
	lib := filepath.Join(home, "onnxruntime", "libonnxruntime.so")
	return onnx.Open(lib, filepath.Join(home, "model", "all-MiniLM-L6-v2"), onnx.Options{})
})

// New returns the model of the runtime folder that QUARRY_TEST_RUNTIME names,
// opened once a process and never closed. Without it the test fails.
func New(t testing.TB) embed.Model {
	t.Helper()
	if os.Getenv("QUARRY_TEST_RUNTIME") == "" {
		t.Fatal("QUARRY_TEST_RUNTIME is not set: run make test, which sets up the model and names its folder")
	}
	model, err := open()
	if err != nil {
		t.Fatal(err)
	}
	return model
}
