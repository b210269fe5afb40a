package onnxbuild

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
)

// The published header is 11 KB; the safetensors format itself allows 100 MB.
const maxHeader = 1 << 20

// weights reads tensors from a safetensors file: eight bytes of header length,
// a JSON header, then the tensors' bytes, little-endian.
type weights struct {
	file    *os.File
	tensors map[string]tensorInfo
	start   int64 // of the tensors' bytes, in the file
	size    int64 // of the tensors' bytes
}

type tensorInfo struct {
	DType   string   `json:"dtype"`
	Shape   []int    `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
}

func openWeights(path string) (*weights, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("not a regular file")
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	w := &weights{file: f}
	if err := w.readHeader(info.Size()); err != nil {
		f.Close()
		return nil, err
	}
	return w, nil
}

func (w *weights) Close() error { return w.file.Close() }

func (w *weights) readHeader(fileSize int64) error {
	var prefix [8]byte
	if _, err := w.file.ReadAt(prefix[:], 0); err != nil {
		return fmt.Errorf("safetensors header length: %w", err)
	}
	n := binary.LittleEndian.Uint64(prefix[:])
	if n > maxHeader {
		return fmt.Errorf("safetensors header of %d bytes: more than %d", n, maxHeader)
	}
	header := make([]byte, n)
	if _, err := w.file.ReadAt(header, 8); err != nil {
		return fmt.Errorf("safetensors header: %w", err)
	}
	tensors, err := parseHeader(header)
	if err != nil {
		return err
	}
	w.tensors = tensors
	w.start = 8 + int64(n)
	w.size = fileSize - w.start
	return nil
}

func parseHeader(header []byte) (map[string]tensorInfo, error) {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(header, &raw); err != nil {
		return nil, fmt.Errorf("safetensors header: %w", err)
	}
	delete(raw, "__metadata__")
	tensors := make(map[string]tensorInfo, len(raw))
	for name, entry := range raw {
		var t tensorInfo
		if err := json.Unmarshal(entry, &t); err != nil {
			return nil, fmt.Errorf("safetensors header, tensor %q: %w", name, err)
		}
		tensors[name] = t
	}
	return tensors, nil
}

// floats returns a tensor of 32-bit floats in row-major order. It is an error
// if the file's tensor differs in shape or type, or holds NaN or an infinity.
func (w *weights) floats(name string, shape ...int) ([]float32, error) {
	raw, err := w.bytes(name, shape)
	if err != nil {
		return nil, fmt.Errorf("tensor %q: %w", name, err)
	}
	values := make([]float32, len(raw)/4)
	for i := range values {
		v := math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		if v-v != 0 {
			return nil, fmt.Errorf("tensor %q: element %d is %v", name, i, v)
		}
		values[i] = v
	}
	return values, nil
}

func (w *weights) bytes(name string, shape []int) ([]byte, error) {
	t, ok := w.tensors[name]
	if !ok {
		return nil, errors.New("missing")
	}
	if t.DType != "F32" {
		return nil, fmt.Errorf("type %q, want F32", t.DType)
	}
	if !slices.Equal(t.Shape, shape) {
		return nil, fmt.Errorf("shape %v, want %v", t.Shape, shape)
	}
	want := int64(4)
	for _, d := range shape {
		want *= int64(d)
	}
	from, to := t.Offsets[0], t.Offsets[1]
	if from < 0 || to > w.size || to-from != want {
		return nil, fmt.Errorf("bytes %d to %d of %d, want %d bytes", from, to, w.size, want)
	}
	raw := make([]byte, want)
	if _, err := io.ReadFull(io.NewSectionReader(w.file, w.start+from, want), raw); err != nil {
		return nil, err
	}
	return raw, nil
}
