package api

import (
	"errors"
	"strings"
	"testing"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

func str(b []byte, field protowire.Number, value string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, field, protowire.BytesType), value)
}

func TestInvalidUTF8NamesTheField(t *testing.T) {
	settings := str(nil, 1, "\xff")
	value := str(nil, 3, "\xff")
	entry := append(str(nil, 1, "key"), str(nil, 2, string(value))...)
	cases := []struct {
		msg  proto.Message
		wire []byte
		want string
	}{
		{&quarryv1.AskRequest{}, str(str(nil, 1, "c"), 2, "what\xff"), "question: must be valid UTF-8"},
		{&quarryv1.CreateCollectionRequest{}, str(str(nil, 1, "c"), 3, string(settings)), "settings.language: must be valid UTF-8"},
		{&quarryv1.StartImportRequest{}, str(str(nil, 2, "/a"), 2, "/\xff"), "paths[1]: must be valid UTF-8"},
		{&quarryv1.PutDocumentRequest{}, str(nil, 6, string(str(nil, 1, string(entry)))), "metadata.fields.value.string_value: must be valid UTF-8"},
		{&quarryv1.AskRequest{}, []byte{0x0a, 0x7f}, "AskRequest: not a valid protobuf message"},
		{&quarryv1.AskRequest{}, []byte{0xff}, "AskRequest: not a valid protobuf message"},
	}
	for _, c := range cases {
		in := &incoming{msg: c.msg}
		if err := newCodec().Unmarshal(mem.BufferSlice{mem.SliceBuffer(c.wire)}, in); err != nil {
			t.Fatal(err)
		}
		if in.err == nil || in.err.Error() != c.want {
			t.Errorf("% x: %v, want %s", c.wire, in.err, c.want)
		}
	}
}

// A message nested beyond the decoder's own limit is refused, without the search
// for its field going as deep.
func TestDeepMessageIsRefused(t *testing.T) {
	wire := str(nil, 3, "\xff")
	for range 20_000 {
		wire = str(nil, 6, string(str(nil, 1, string(wire)))) // Value.list_value.values
	}
	wire = str(nil, 6, string(str(nil, 1, string(str(str(nil, 1, "k"), 2, string(wire))))))
	in := &incoming{msg: &quarryv1.PutDocumentRequest{}}
	if err := newCodec().Unmarshal(mem.BufferSlice{mem.SliceBuffer(wire)}, in); err != nil {
		t.Fatal(err)
	}
	var bad *fieldError
	if !errors.As(in.err, &bad) {
		t.Errorf("got %v", in.err)
	}
}

func FuzzInvalidUTF8(f *testing.F) {
	f.Add(str(str(nil, 1, "c"), 2, "what\xff"))
	f.Add([]byte{0x0a, 0x7f})
	f.Fuzz(func(t *testing.T, wire []byte) {
		in := &incoming{msg: &quarryv1.PutDocumentRequest{}}
		if err := newCodec().Unmarshal(mem.BufferSlice{mem.SliceBuffer(wire)}, in); err != nil {
			t.Fatal(err)
		}
		failed := proto.Unmarshal(wire, &quarryv1.PutDocumentRequest{}) != nil
		if failed != (in.err != nil) {
			t.Fatalf("decoding failed: %v, reported: %v", failed, in.err)
		}
		if in.err != nil && strings.Contains(in.err.Error(), "\xff") {
			t.Fatalf("the error echoes the bytes: %q", in.err)
		}
	})
}

func TestPageToken(t *testing.T) {
	for _, uri := range []string{"a", "/x/y.md", "é…", strings.Repeat("x", 2048)} {
		got, err := afterToken(pageToken(uri))
		if err != nil || got != uri {
			t.Errorf("%q became %q, %v", uri, got, err)
		}
	}
	for _, bad := range []string{"x", "!!", pageToken(""), "MjphYmM"} {
		if _, err := afterToken(bad); err == nil {
			t.Errorf("token %q was taken", bad)
		}
	}
}
