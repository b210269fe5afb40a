package onnxbuild

import (
	"bytes"
	"encoding/binary"
	"maps"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBuildIsRepeatable(t *testing.T) {
	dir := t.TempDir()
	var files [2][]byte
	for i := range files {
		// The order of tensors in the source differs from one to the other.
		in := writeFile(t, dir, safetensors(t, tinyWeights()))
		out := filepath.Join(dir, "model.onnx")
		if err := build(in, out, tiny); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		files[i] = data
	}
	if !bytes.Equal(files[0], files[1]) {
		t.Error("equal weights gave two different files")
	}
}

func TestBuildRefuses(t *testing.T) {
	const name = "encoder.layer.1.output.dense.weight"
	good := safetensors(t, tinyWeights())
	with := func(change func(map[string]tensor)) []byte {
		all := maps.Clone(tinyWeights())
		change(all)
		return safetensors(t, all)
	}
	for wrong, c := range map[string]struct {
		file []byte
		want string
	}{
		"missing tensor": {with(func(m map[string]tensor) { delete(m, name) }), name},
		"wrong type": {with(func(m map[string]tensor) {
			m[name] = tensor{"F16", m[name].shape, m[name].values}
		}), name},
		"wrong shape": {with(func(m map[string]tensor) {
			m[name] = tensor{"F32", []int{64, 32}, m[name].values}
		}), name},
		"too few bytes": {with(func(m map[string]tensor) {
			m[name] = tensor{"F32", m[name].shape, m[name].values[1:]}
		}), name},
		"NaN": {with(func(m map[string]tensor) {
			m[name].values[7] = float32(math.NaN())
		}), "element 7"},
		"infinity": {with(func(m map[string]tensor) {
			m[name].values[0] = float32(math.Inf(-1))
		}), "element 0"},
		"cut off":        {good[:len(good)-4], "tensor"},
		"cut in header":  {good[:100], "header"},
		"empty":          {nil, "header"},
		"huge header":    {binary.LittleEndian.AppendUint64(nil, 1<<40), "header"},
		"header no JSON": {append(binary.LittleEndian.AppendUint64(nil, 4), "nope"...), "header"},
		"offsets beyond": {bytes.Replace(good, []byte(`"data_offsets":[0,`), []byte(`"data_offsets":[9,`), 1), "tensor"},
	} {
		dir := t.TempDir()
		err := build(writeFile(t, dir, c.file), filepath.Join(dir, "model.onnx"), tiny)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one that names %q", wrong, err, c.want)
		}
		checkOnly(t, dir, "model.safetensors")
	}
}

// checkOnly checks that nothing half-made is left behind.
func checkOnly(t *testing.T, dir, name string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 || entries[0].Name() != name {
		t.Errorf("left behind: %v", entries)
	}
}

func TestBuildWithoutFiles(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "model.onnx")
	for _, in := range []string{filepath.Join(dir, "none"), dir} {
		if err := Build(in, out); err == nil {
			t.Errorf("Build from %q gave no error", in)
		}
	}
	in := writeFile(t, dir, safetensors(t, tinyWeights()))
	if err := build(in, filepath.Join(dir, "none", "model.onnx"), tiny); err == nil {
		t.Error("no error from an output folder that does not exist")
	}
	checkOnly(t, dir, "model.safetensors")
}

// A rename that fails, as onto a folder, must not leave its source behind.
func TestBuildOntoFolder(t *testing.T) {
	in := writeFile(t, t.TempDir(), safetensors(t, tinyWeights()))
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "model.onnx"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := build(in, filepath.Join(dir, "model.onnx"), tiny); err == nil {
		t.Error("no error")
	}
	checkOnly(t, dir, "model.onnx")
}

// No weight may use the eighth bit: CPUs without VNNI would overflow.
func TestQuantizeRows(t *testing.T) {
	q, scales := quantizeRows([]float32{-1, 0.6, 1, 0, 0, 0, 1e-30, 2e-30, -3e-30}, 3, 3, weightLevels)
	want := []int8{-63, 38, 63, 0, 0, 0, 21, 42, -63}
	if !bytes.Equal(int8Bytes(q), int8Bytes(want)) {
		t.Errorf("integers %v, want %v", q, want)
	}
	for row, scale := range scales {
		if !(scale > 0) {
			t.Errorf("scale %v of row %d", scale, row)
		}
	}
}

func FuzzOpenWeights(f *testing.F) {
	f.Add(safetensors(f, map[string]tensor{"t": {"F32", []int{2, 3}, make([]float32, 6)}}))
	f.Add([]byte(`........{"t":{"dtype":"F32","shape":[2,3],"data_offsets":[-8,16]}}`))
	f.Fuzz(func(t *testing.T, file []byte) {
		w, err := openWeights(writeFile(t, t.TempDir(), file))
		if err != nil {
			return
		}
		defer w.Close()
		values, err := w.floats("t", 2, 3)
		if err == nil && len(values) != 6 {
			t.Fatalf("%d values of 6", len(values))
		}
	})
}
