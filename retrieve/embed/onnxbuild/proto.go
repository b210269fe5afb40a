package onnxbuild

import (
	"encoding/binary"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Field numbers and enumerations of onnx.proto (ONNX 1.15, IR version 9).
const (
	irVersion    = 9
	opsetVersion = 20

	modelIRVersion    = 1
	modelProducer     = 2
	modelProducerVer  = 3
	modelGraph        = 7
	modelOpset        = 8
	opsetDomain       = 1
	opsetNumber       = 2
	graphNode         = 1
	graphName         = 2
	graphInitializer  = 5
	graphInput        = 11
	graphOutput       = 12
	nodeInput         = 1
	nodeOutput        = 2
	nodeOpType        = 4
	nodeAttribute     = 5
	nodeDomain        = 7
	attributeName     = 1
	attributeFloat    = 2
	attributeInt      = 3
	attributeInts     = 8
	attributeType     = 20
	attributeIsFloat  = 1
	attributeIsInt    = 2
	attributeIsInts   = 7
	tensorDims        = 1
	tensorDataType    = 2
	tensorName        = 8
	tensorRawData     = 9
	valueName         = 1
	valueType         = 2
	typeTensor        = 1
	tensorElementType = 1
	tensorShape       = 2
	shapeDim          = 1
	dimValue          = 1
	dimParam          = 2

	typeFloat = 1
	typeInt8  = 3
	typeInt64 = 7
)

// message is a protobuf message being written, field after field.
type message []byte

func (m *message) text(field protowire.Number, s string) {
	*m = protowire.AppendTag(*m, field, protowire.BytesType)
	*m = protowire.AppendString(*m, s)
}

func (m *message) bytes(field protowire.Number, b []byte) {
	*m = protowire.AppendTag(*m, field, protowire.BytesType)
	*m = protowire.AppendBytes(*m, b)
}

func (m *message) int(field protowire.Number, n int64) {
	*m = protowire.AppendTag(*m, field, protowire.VarintType)
	*m = protowire.AppendVarint(*m, uint64(n))
}

func (m *message) float(field protowire.Number, f float32) {
	*m = protowire.AppendTag(*m, field, protowire.Fixed32Type)
	*m = protowire.AppendFixed32(*m, math.Float32bits(f))
}

// attribute is one encoded AttributeProto. Nodes take them in the order given,
// so that the file's bytes do not vary.
type attribute []byte

func intAttribute(name string, n int64) attribute {
	var m message
	m.text(attributeName, name)
	m.int(attributeInt, n)
	m.int(attributeType, attributeIsInt)
	return attribute(m)
}

func intsAttribute(name string, values ...int64) attribute {
	var m message
	m.text(attributeName, name)
	for _, n := range values {
		m.int(attributeInts, n)
	}
	m.int(attributeType, attributeIsInts)
	return attribute(m)
}

func floatAttribute(name string, f float32) attribute {
	var m message
	m.text(attributeName, name)
	m.float(attributeFloat, f)
	m.int(attributeType, attributeIsFloat)
	return attribute(m)
}

// valueInfo declares an input or output; a dimension is a name or a number.
func valueInfo(name string, elementType int64, dims ...any) []byte {
	var shape message
	for _, d := range dims {
		var dim message
		switch d := d.(type) {
		case string:
			dim.text(dimParam, d)
		case int:
			dim.int(dimValue, int64(d))
		}
		shape.bytes(shapeDim, dim)
	}
	var tensor, kind, m message
	tensor.int(tensorElementType, elementType)
	tensor.bytes(tensorShape, shape)
	kind.bytes(typeTensor, tensor)
	m.text(valueName, name)
	m.bytes(valueType, kind)
	return m
}

func tensorProto(name string, elementType int64, raw []byte, dims []int) []byte {
	var m message
	for _, d := range dims {
		m.int(tensorDims, int64(d))
	}
	m.int(tensorDataType, elementType)
	m.text(tensorName, name)
	m.bytes(tensorRawData, raw)
	return m
}

func floatBytes(values []float32) []byte {
	raw := make([]byte, 0, 4*len(values))
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	return raw
}

func int64Bytes(values []int64) []byte {
	raw := make([]byte, 0, 8*len(values))
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(v))
	}
	return raw
}

func int8Bytes(values []int8) []byte {
	raw := make([]byte, len(values))
	for i, v := range values {
		raw[i] = byte(v)
	}
	return raw
}
