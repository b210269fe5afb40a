//go:build cgo

package onnxbuild

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	ort "github.com/yalue/onnxruntime_go"
)

// The graph, run by ONNX Runtime, must give nearly what the same encoder gives
// in plain 64-bit floats.
func TestGraphComputesTheEncoder(t *testing.T) {
	weights := tinyWeights()
	dir := t.TempDir()
	model := filepath.Join(dir, "model.onnx")
	if err := build(writeFile(t, dir, safetensors(t, weights)), model, tiny); err != nil {
		t.Fatal(err)
	}
	ids := []int64{1, 17, 3, 49, 0, 17, 8}
	got := runGraph(t, model, ids)
	want := reference(weights).encode(ids)
	for token, row := range want {
		states := got[token*tiny.hidden : (token+1)*tiny.hidden]
		if c := cosine(row, states); c < 0.995 {
			t.Errorf("token %d: cosine %.4f to the reference, want .995", token, c)
		}
	}
}

func runGraph(t *testing.T, model string, ids []int64) []float32 {
	t.Helper()
	home := os.Getenv("QUARRY_TEST_RUNTIME")
	ort.SetSharedLibraryPath(filepath.Join(home, "onnxruntime", "libonnxruntime.so"))
	if err := ort.InitializeEnvironment(); err != nil {
		t.Fatalf("%v: run make test, which sets QUARRY_TEST_RUNTIME up", err)
	}
	t.Cleanup(func() { ort.DestroyEnvironment() })
	session, err := ort.NewDynamicAdvancedSession(model,
		[]string{"input_ids", "attention_mask"}, []string{"last_hidden_state"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Destroy()
	mask := make([]int64, len(ids))
	for i := range mask {
		mask[i] = 1
	}
	shape := ort.NewShape(1, int64(len(ids)))
	in, err := ort.NewTensor(shape, ids)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Destroy()
	attend, err := ort.NewTensor(shape, mask)
	if err != nil {
		t.Fatal(err)
	}
	defer attend.Destroy()
	outputs := []ort.Value{nil}
	if err := session.Run([]ort.Value{in, attend}, outputs); err != nil {
		t.Fatal(err)
	}
	defer outputs[0].Destroy()
	return append([]float32(nil), outputs[0].(*ort.Tensor[float32]).GetData()...)
}

func cosine(a []float64, b []float32) float64 {
	var ab, aa, bb float64
	for i, x := range a {
		y := float64(b[i])
		ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
	}
	return ab / math.Sqrt(aa*bb)
}

// reference is a BERT encoder written for clarity alone. A matrix is its rows.
type reference map[string]tensor

func (r reference) encode(ids []int64) [][]float64 {
	var x [][]float64
	for position, id := range ids {
		word := r.row("embeddings.word_embeddings.weight", int(id))
		word = add(word, r.row("embeddings.position_embeddings.weight", position))
		x = append(x, add(word, r.row("embeddings.token_type_embeddings.weight", 0)))
	}
	x = r.norm("embeddings.LayerNorm.", x)
	for l := range tiny.layers {
		p := fmt.Sprintf("encoder.layer.%d.", l)
		attended := r.linear(p+"attention.output.dense.", r.attend(p+"attention.self.", x))
		x = r.norm(p+"attention.output.LayerNorm.", addRows(attended, x))
		inner := r.linear(p+"intermediate.dense.", x)
		for _, row := range inner {
			for i, v := range row {
				row[i] = v / 2 * (1 + math.Erf(v/math.Sqrt2))
			}
		}
		x = r.norm(p+"output.LayerNorm.", addRows(r.linear(p+"output.dense.", inner), x))
	}
	return x
}

func (r reference) row(name string, n int) []float64 {
	width := r[name].shape[1]
	row := make([]float64, width)
	for i := range row {
		row[i] = float64(r[name].values[n*width+i])
	}
	return row
}

func (r reference) attend(prefix string, x [][]float64) [][]float64 {
	query, key, value := r.linear(prefix+"query.", x), r.linear(prefix+"key.", x), r.linear(prefix+"value.", x)
	size := tiny.hidden / tiny.heads
	out := make([][]float64, len(x))
	for i := range x {
		out[i] = make([]float64, tiny.hidden)
		for head := 0; head < tiny.hidden; head += size {
			weights, sum := make([]float64, len(x)), 0.0
			for j := range x {
				score := dot(query[i][head:head+size], key[j][head:head+size])
				weights[j] = math.Exp(score / math.Sqrt(float64(size)))
				sum += weights[j]
			}
			for j, w := range weights {
				for k := head; k < head+size; k++ {
					out[i][k] += w / sum * value[j][k]
				}
			}
		}
	}
	return out
}

func (r reference) linear(prefix string, x [][]float64) [][]float64 {
	bias := r[prefix+"bias"].values
	out := make([][]float64, len(x))
	for i, row := range x {
		out[i] = make([]float64, len(bias))
		for o, b := range bias {
			out[i][o] = dot(row, r.row(prefix+"weight", o)) + float64(b)
		}
	}
	return out
}

func (r reference) norm(prefix string, x [][]float64) [][]float64 {
	weight, bias := r[prefix+"weight"].values, r[prefix+"bias"].values
	out := make([][]float64, len(x))
	for i, row := range x {
		var mean, variance float64
		for _, v := range row {
			mean += v / float64(len(row))
		}
		for _, v := range row {
			variance += (v - mean) * (v - mean) / float64(len(row))
		}
		out[i] = make([]float64, len(row))
		for j, v := range row {
			out[i][j] = (v-mean)/math.Sqrt(variance+1e-12)*float64(weight[j]) + float64(bias[j])
		}
	}
	return out
}

func dot(a, b []float64) (sum float64) {
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}

func add(a, b []float64) []float64 {
	sum := make([]float64, len(a))
	for i, v := range a {
		sum[i] = v + b[i]
	}
	return sum
}

func addRows(a, b [][]float64) [][]float64 {
	sum := make([][]float64, len(a))
	for i := range a {
		sum[i] = add(a[i], b[i])
	}
	return sum
}
