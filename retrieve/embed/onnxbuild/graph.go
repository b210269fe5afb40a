package onnxbuild

import "fmt"

// graph collects nodes and initializers. Node outputs are numbered, as names
// carry no meaning for the runtime.
type graph struct {
	nodes        []byte // encoded GraphProto.node fields
	initializers []byte // encoded GraphProto.initializer fields
	named        int
}

// node adds one operator and returns the names of its outputs.
func (g *graph) node(op, domain string, inputs []string, outputs int, attributes ...attribute) []string {
	var m message
	for _, in := range inputs {
		m.text(nodeInput, in)
	}
	names := make([]string, outputs)
	for i := range names {
		names[i] = g.name("v")
		m.text(nodeOutput, names[i])
	}
	m.text(nodeOpType, op)
	for _, a := range attributes {
		m.bytes(nodeAttribute, a)
	}
	if domain != "" {
		m.text(nodeDomain, domain)
	}
	(*message)(&g.nodes).bytes(graphNode, m)
	return names
}

// op adds an operator of the standard set that has one output.
func (g *graph) op(op string, inputs []string, attributes ...attribute) string {
	return g.node(op, "", inputs, 1, attributes...)[0]
}

func (g *graph) name(prefix string) string {
	g.named++
	return fmt.Sprintf("%s%d", prefix, g.named)
}

func (g *graph) floats(values []float32, dims ...int) string {
	return g.initializer(typeFloat, floatBytes(values), dims)
}

func (g *graph) int8s(values []int8, dims ...int) string {
	return g.initializer(typeInt8, int8Bytes(values), dims)
}

func (g *graph) int64s(values ...int64) string {
	return g.initializer(typeInt64, int64Bytes(values), []int{len(values)})
}

func (g *graph) scalar(value float32) string {
	return g.initializer(typeFloat, floatBytes([]float32{value}), nil)
}

func (g *graph) initializer(elementType int64, raw []byte, dims []int) string {
	name := g.name("w")
	(*message)(&g.initializers).bytes(graphInitializer, tensorProto(name, elementType, raw, dims))
	return name
}

// encode returns the whole ModelProto. output is renamed last_hidden_state.
func (g *graph) encode(output string, hidden int) []byte {
	var rename, body message
	rename.text(nodeInput, output)
	rename.text(nodeOutput, "last_hidden_state")
	rename.text(nodeOpType, "Identity")
	body = append(body, g.nodes...)
	body.bytes(graphNode, rename)
	body.text(graphName, "encoder")
	body = append(body, g.initializers...)
	body.bytes(graphInput, valueInfo("input_ids", typeInt64, "batch", "sequence"))
	body.bytes(graphInput, valueInfo("attention_mask", typeInt64, "batch", "sequence"))
	body.bytes(graphOutput, valueInfo("last_hidden_state", typeFloat, "batch", "sequence", hidden))

	var model message
	model.int(modelIRVersion, irVersion)
	model.text(modelProducer, "quarry")
	model.text(modelProducerVer, Version)
	model.bytes(modelOpset, opset("", opsetVersion))
	model.bytes(modelOpset, opset("com.microsoft", 1))
	model.bytes(modelGraph, body)
	return model
}

func opset(domain string, version int64) []byte {
	var m message
	m.text(opsetDomain, domain)
	m.int(opsetNumber, version)
	return m
}
