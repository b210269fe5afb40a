package api

import (
	"fmt"
	"unicode/utf8"

	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // registers the codec that codec wraps
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// codec is the protobuf codec, except that it keeps a decoding failure of an
// incoming message instead of returning it: gRPC would make it INTERNAL, and it
// is the client's fault.
type codec struct{ encoding.CodecV2 }

func newCodec() codec { return codec{encoding.GetCodecV2("proto")} }

// incoming is what a message is decoded into.
type incoming struct {
	msg proto.Message
	err error
}

func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	in, ok := v.(*incoming)
	if !ok {
		return c.CodecV2.Unmarshal(data, v)
	}
	if err := c.CodecV2.Unmarshal(data, in.msg); err != nil {
		in.err = undecodable(in.msg, data.Materialize())
	}
	return nil
}

// maxDepth bounds the search for the field that failed to decode.
const maxDepth = 64

func undecodable(msg proto.Message, data []byte) error {
	if path := invalidUTF8(msg.ProtoReflect().Descriptor(), data, maxDepth); path != "" {
		return &fieldError{path, "must be valid UTF-8"}
	}
	return &fieldError{string(msg.ProtoReflect().Descriptor().Name()), "not a valid protobuf message"}
}

// invalidUTF8 returns the path of the first string in an encoded message that is
// not UTF-8, in the form of protovalidate's field paths, or "". It looks no
// deeper than depth levels.
func invalidUTF8(md protoreflect.MessageDescriptor, data []byte, depth int) string {
	if depth == 0 {
		return ""
	}
	seen := map[protowire.Number]int{}
	for len(data) > 0 {
		num, typ, n := protowire.ConsumeTag(data)
		if n < 0 {
			return ""
		}
		data = data[n:]
		n = protowire.ConsumeFieldValue(num, typ, data)
		if n < 0 {
			return ""
		}
		fd := md.Fields().ByNumber(num)
		if typ == protowire.BytesType && fd != nil {
			value, _ := protowire.ConsumeBytes(data)
			if path := fieldInvalidUTF8(fd, value, seen[num], depth); path != "" {
				return path
			}
		}
		seen[num]++
		data = data[n:]
	}
	return ""
}

func fieldInvalidUTF8(fd protoreflect.FieldDescriptor, value []byte, index, depth int) string {
	name := string(fd.Name())
	if fd.IsList() {
		name = fmt.Sprintf("%s[%d]", name, index)
	}
	switch fd.Kind() {
	case protoreflect.StringKind:
		if !utf8.Valid(value) {
			return name
		}
	case protoreflect.MessageKind:
		if path := invalidUTF8(fd.Message(), value, depth-1); path != "" {
			return name + "." + path
		}
	}
	return ""
}
