// Package onnxbuild converts the published weights of all-MiniLM-L6-v2
// (safetensors, 32-bit floats, 90 MB) into the int8 ONNX graph that package
// onnx runs (23 MB). It writes the protobuf by hand, so that set-up needs
// neither Python packages nor cgo.
package onnxbuild

import (
	"fmt"
	"os"
	"path/filepath"
)

// Version names the graph that Build writes. It changes whenever equal weights
// would give another file.
const Version = "int8-1"

// architecture is the size of a BERT encoder.
type architecture struct {
	vocab, positions      int
	hidden, heads, layers int
	intermediate          int
}

var miniLM = architecture{
	vocab: 30522, positions: 512,
	hidden: 384, heads: 12, layers: 6,
	intermediate: 1536,
}

// Build reads the weights of all-MiniLM-L6-v2 from safetensorsPath and writes
// the graph to outPath. Equal weights give equal bytes. The graph takes
// input_ids and attention_mask (int64, [batch, sequence], at most 512 tokens)
// and gives last_hidden_state (float, [batch, sequence, 384]).
//
// A file that lacks a tensor, or has one of another shape or type, is an error
// that names the tensor. outPath appears whole or not at all. It holds about
// 200 MB while it works.
func Build(safetensorsPath, outPath string) error {
	return build(safetensorsPath, outPath, miniLM)
}

func build(safetensorsPath, outPath string, arch architecture) error {
	weights, err := openWeights(safetensorsPath)
	if err != nil {
		return fmt.Errorf("read weights %q: %w", safetensorsPath, err)
	}
	defer weights.Close()
	model, err := encodeModel(weights, arch)
	if err != nil {
		return fmt.Errorf("convert weights %q: %w", safetensorsPath, err)
	}
	if err := writeWhole(outPath, model); err != nil {
		return fmt.Errorf("write model %q: %w", outPath, err)
	}
	return nil
}

// writeWhole writes to a temporary file beside path and renames it.
func writeWhole(path string, data []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".model-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if _, err := f.Write(data); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
