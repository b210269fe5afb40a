package onnxbuild

import (
	"fmt"
	"math"
)

// encoder writes BERT's encoder (Devlin et al., 2018) from its weights. The
// first error stays; later steps then write nothing of use.
type encoder struct {
	graph
	architecture
	weights *weights
	err     error
	mask    string // 0 where a token may be attended to, -10000 elsewhere
}

func encodeModel(w *weights, arch architecture) ([]byte, error) {
	e := &encoder{weights: w, architecture: arch}
	x := e.embeddings()
	e.mask = e.attentionMask()
	for layer := range arch.layers {
		x = e.layer(fmt.Sprintf("encoder.layer.%d.", layer), x)
		if e.err != nil {
			return nil, e.err
		}
	}
	return e.encode(x, arch.hidden), nil
}

// load returns a tensor, of zeros once an error has happened.
func (e *encoder) load(name string, shape ...int) []float32 {
	size := 1
	for _, d := range shape {
		size *= d
	}
	if e.err != nil {
		return make([]float32, size)
	}
	values, err := e.weights.floats(name, shape...)
	if err != nil {
		e.err = err
		return make([]float32, size)
	}
	return values
}

// embeddings looks up words in an int8 table and adds positions. Every token
// has type 0, so that row is added to the positions here.
func (e *encoder) embeddings() string {
	words := e.load("embeddings.word_embeddings.weight", e.vocab, e.hidden)
	positions := e.load("embeddings.position_embeddings.weight", e.positions, e.hidden)
	types := e.load("embeddings.token_type_embeddings.weight", 2, e.hidden)
	for i := range positions {
		positions[i] += types[i%e.hidden]
	}
	table, scales := quantizeRows(words, e.vocab, e.hidden, embeddingLevels)
	rows := e.op("Gather", []string{e.int8s(table, e.vocab, e.hidden), "input_ids"})
	rows = e.op("Cast", []string{rows}, intAttribute("to", typeFloat))
	scale := e.op("Gather", []string{e.floats(scales, e.vocab, 1), "input_ids"})
	word := e.op("Mul", []string{rows, scale})

	length := e.op("Shape", []string{"input_ids"}, intAttribute("start", 1), intAttribute("end", 2))
	zero := e.int64s(0)
	position := e.op("Slice", []string{e.floats(positions, e.positions, e.hidden), zero, length, zero})
	return e.norm("embeddings.LayerNorm.", e.op("Add", []string{word, position}))
}

func (e *encoder) attentionMask() string {
	mask := e.op("Cast", []string{"attention_mask"}, intAttribute("to", typeFloat))
	mask = e.op("Sub", []string{mask, e.scalar(1)})
	mask = e.op("Mul", []string{mask, e.scalar(10000)})
	return e.op("Unsqueeze", []string{mask, e.int64s(1, 2)})
}

func (e *encoder) layer(prefix, x string) string {
	attended := e.attention(prefix+"attention.", x)
	x = e.norm(prefix+"attention.output.LayerNorm.", e.op("Add", []string{attended, x}))
	inner := e.linear(prefix+"intermediate.dense.", x, e.hidden, e.intermediate)
	inner = e.op("Gelu", []string{inner})
	outer := e.linear(prefix+"output.dense.", inner, e.intermediate, e.hidden)
	return e.norm(prefix+"output.LayerNorm.", e.op("Add", []string{outer, x}))
}

// attention computes queries, keys and values in one product. The queries'
// weights are divided by √(head size) here instead of the scores at run time.
func (e *encoder) attention(prefix, x string) string {
	weight, bias := e.queryKeyValue(prefix + "self.")
	joined := e.product(x, weight, bias, e.hidden, 3*e.hidden)
	parts := e.node("Split", "", []string{joined}, 3, intAttribute("axis", -1), intAttribute("num_outputs", 3))

	headShape := e.int64s(0, 0, int64(e.heads), int64(e.hidden/e.heads))
	query := e.heads4(parts[0], headShape, 0, 2, 1, 3)
	key := e.heads4(parts[1], headShape, 0, 2, 3, 1)
	value := e.heads4(parts[2], headShape, 0, 2, 1, 3)

	scores := e.op("Add", []string{e.op("MatMul", []string{query, key}), e.mask})
	scores = e.op("Softmax", []string{scores}, intAttribute("axis", -1))
	context := e.op("MatMul", []string{scores, value})
	context = e.op("Transpose", []string{context}, intsAttribute("perm", 0, 2, 1, 3))
	context = e.op("Reshape", []string{context, e.int64s(0, 0, int64(e.hidden))})
	return e.linear(prefix+"output.dense.", context, e.hidden, e.hidden)
}

func (e *encoder) queryKeyValue(prefix string) (weight, bias []float32) {
	for _, part := range []string{"query.", "key.", "value."} {
		w := e.load(prefix+part+"weight", e.hidden, e.hidden)
		b := e.load(prefix+part+"bias", e.hidden)
		if part == "query." {
			scale(w, 1/math.Sqrt(float64(e.hidden/e.heads)))
			scale(b, 1/math.Sqrt(float64(e.hidden/e.heads)))
		}
		weight = append(weight, w...)
		bias = append(bias, b...)
	}
	return weight, bias
}

func scale(values []float32, by float64) {
	for i, v := range values {
		values[i] = float32(float64(v) * by)
	}
}

// heads4 splits the last axis into heads and moves the axes.
func (e *encoder) heads4(x, shape string, perm ...int64) string {
	x = e.op("Reshape", []string{x, shape})
	return e.op("Transpose", []string{x}, intsAttribute("perm", perm...))
}

func (e *encoder) linear(prefix, x string, in, out int) string {
	return e.product(x, e.load(prefix+"weight", out, in), e.load(prefix+"bias", out), in, out)
}

// product multiplies x by an out×in matrix, as int8 with one scale per output,
// and adds the bias. The runtime chooses x's own scale at each run.
func (e *encoder) product(x string, weight, bias []float32, in, out int) string {
	q, scales := quantizeRows(weight, out, in, weightLevels)
	matrix := e.int8s(transpose(q, out, in), in, out)
	inputs := []string{x, matrix, e.floats(scales, out), "", e.floats(bias, out)}
	return e.node("DynamicQuantizeMatMul", "com.microsoft", inputs, 1)[0]
}

func (e *encoder) norm(prefix, x string) string {
	weight := e.floats(e.load(prefix+"weight", e.hidden), e.hidden)
	bias := e.floats(e.load(prefix+"bias", e.hidden), e.hidden)
	return e.op("LayerNormalization", []string{x, weight, bias}, intAttribute("axis", -1), floatAttribute("epsilon", 1e-12))
}
