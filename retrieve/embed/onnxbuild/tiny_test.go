package onnxbuild

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

var tiny = architecture{vocab: 50, positions: 16, hidden: 32, heads: 4, layers: 2, intermediate: 64}

type tensor struct {
	dtype  string
	shape  []int
	values []float32
}

// tinyWeights returns random weights of a tiny encoder, the same at each call.
func tinyWeights() map[string]tensor {
	random := rand.New(rand.NewPCG(1, 2))
	all := map[string]tensor{}
	add := func(name string, mean float64, shape ...int) {
		size := 1
		for _, d := range shape {
			size *= d
		}
		values := make([]float32, size)
		for i := range values {
			values[i] = float32(mean + random.NormFloat64()*0.2)
		}
		all[name] = tensor{"F32", shape, values}
	}
	dense := func(prefix string, out, in int) {
		add(prefix+"weight", 0, out, in)
		add(prefix+"bias", 0, out)
	}
	norm := func(prefix string) {
		add(prefix+"weight", 1, tiny.hidden)
		add(prefix+"bias", 0, tiny.hidden)
	}
	add("embeddings.word_embeddings.weight", 0, tiny.vocab, tiny.hidden)
	add("embeddings.position_embeddings.weight", 0, tiny.positions, tiny.hidden)
	add("embeddings.token_type_embeddings.weight", 0, 2, tiny.hidden)
	norm("embeddings.LayerNorm.")
	for l := range tiny.layers {
		p := fmt.Sprintf("encoder.layer.%d.", l)
		for _, part := range []string{"query.", "key.", "value."} {
			dense(p+"attention.self."+part, tiny.hidden, tiny.hidden)
		}
		dense(p+"attention.output.dense.", tiny.hidden, tiny.hidden)
		norm(p + "attention.output.LayerNorm.")
		dense(p+"intermediate.dense.", tiny.intermediate, tiny.hidden)
		dense(p+"output.dense.", tiny.hidden, tiny.intermediate)
		norm(p + "output.LayerNorm.")
	}
	return all
}

// safetensors encodes tensors as a file of that format.
func safetensors(t testing.TB, tensors map[string]tensor) []byte {
	t.Helper()
	header := map[string]any{"__metadata__": map[string]string{"format": "pt"}}
	var data []byte
	for name, tensor := range tensors {
		start := len(data)
		for _, v := range tensor.values {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
		}
		header[name] = map[string]any{
			"dtype": tensor.dtype, "shape": tensor.shape, "data_offsets": []int{start, len(data)},
		}
	}
	encoded, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	file := binary.LittleEndian.AppendUint64(nil, uint64(len(encoded)))
	return append(append(file, encoded...), data...)
}

func writeFile(t testing.TB, dir string, data []byte) string {
	t.Helper()
	path := filepath.Join(dir, "model.safetensors")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
