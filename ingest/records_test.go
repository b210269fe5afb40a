package ingest

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// unit is a vector of length 1 along one axis, as JSON.
func unit(dim, axis int) string {
	v := make([]string, dim)
	for i := range v {
		v[i] = "0"
	}
	v[axis] = "1"
	return "[" + strings.Join(v, ", ") + "]"
}

func TestRecordsWithVectorsNeedNoModel(t *testing.T) {
	b, dim := setUp(t), 384
	b.work(WorkerOptions{})
	path := t.TempDir() + "/corpus.jsonl"
	lines := []string{
		fmt.Sprintf(`{"_id": "whole", "title": "One", "text": "The harbour sleeps.", "vector": %s, "metadata": {"n": 1}, "principals": ["ann"]}`, unit(dim, 0)),
		fmt.Sprintf(`{"uri": "cut", "text": "The lantern burns. The rope holds.", "chunks": [{"text": "The lantern burns.", "vector": %s}, {"text": "The rope holds.", "vector": %s}]}`, unit(dim, 1), unit(dim, 2)),
		``,
		fmt.Sprintf(`{"uri": "joined", "chunks": [{"text": "An anchor.", "vector": %s}, {"text": "A sail.", "vector": %s}]}`, unit(dim, 3), unit(dim, 4)),
		fmt.Sprintf(`{"uri": "small", "text": "x", "vector": %s}`, unit(3, 0)),
	}
	b.ok(os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o644))
	m := b.runImport(ImportSpec{Paths: []string{path}, Records: true, Sync: true})
	if m.State != Done || m.Listed != 4 || m.Indexed != 3 || m.Failed != 1 || m.Embedded != 0 || b.model.texts.Load() != 0 {
		t.Errorf("%d texts embedded, %+v", b.model.texts.Load(), m)
	}
	rec, err := b.in.Document(b.ctx, "docs", "whole", Everything)
	b.ok(err)
	if rec.Title != "One" || rec.Metadata["n"] != 1.0 || !cmp.Equal(rec.Principals, []string{"ann"}) || rec.Chunks != 1 {
		t.Errorf("whole: %+v", rec)
	}
	text, err := b.in.Text(b.ctx, "docs", "joined", Everything)
	b.ok(err)
	if text != "An anchor.\n\nA sail." {
		t.Errorf("joined: %q", text)
	}
	if n := b.count(`select count(*) from chunk c join embedding e using (collection_id, chunk_id)
		where c.body = 'The rope holds.' and e.emb::vector = $1::text::vector`, unit(dim, 2)); n != 1 {
		t.Error("the vector is not the one given")
	}
	rec, err = b.in.Document(b.ctx, "docs", "small", Everything)
	b.ok(err)
	if rec.State != Failed || rec.Reason != "the vector of chunk 0 has 3 dimensions, the collection's have 384" {
		t.Errorf("small: %+v", rec)
	}
	// A text that a vector was given for is not taken for one that the model embedded.
	if rec := b.put("again", "The harbour sleeps."); rec.State != Ready || b.model.texts.Load() != 1 {
		t.Errorf("%d texts embedded, %+v", b.model.texts.Load(), rec)
	}
	b.ok(os.WriteFile(path, []byte(strings.Join(lines[:2], "\n")), 0o644))
	m = b.runImport(ImportSpec{Paths: []string{path}, Records: true, Sync: true})
	if m.State != Done || m.Unchanged != 2 || m.Removed != 2 {
		t.Errorf("shorter: %+v", m)
	}
}

func TestBadRecordsAreNamedAndRemoveNothing(t *testing.T) {
	b := setUp(t)
	b.work(WorkerOptions{})
	path := t.TempDir() + "/corpus.jsonl"
	b.ok(os.WriteFile(path, []byte(`{"uri": "a", "text": "Some text."}`+"\n"+`{"uri": "b", "text": "More text."}`), 0o644))
	b.runImport(ImportSpec{Paths: []string{path}, Records: true})
	b.ok(os.WriteFile(path, []byte(`{"uri": "a", "text": "Some text."}`+"\n{\n"+`{"uri": "a", "text": "Twice."}`), 0o644))
	m := b.runImport(ImportSpec{Paths: []string{path}, Records: true, Sync: true})
	if m.State != Failed || !strings.Contains(m.Error, path+":2: not a record") || m.Removed != 0 || m.Unchanged != 1 || len(m.Skipped) != 2 {
		t.Errorf("%+v", m)
	}
}

func TestReadRecords(t *testing.T) {
	nan := make([]byte, 8)
	binary.LittleEndian.PutUint32(nan, math.Float32bits(float32(math.NaN())))
	for _, c := range []struct{ name, line, reason string }{
		{"plain", `{"uri": "a", "text": "b"}`, ""},
		{"base64", `{"uri": "a", "text": "b", "vector": "AACAPwAAAAA="}`, ""},
		{"no name", `{"text": "b"}`, `not a record: neither "uri" nor "_id"`},
		{"not JSON", `hello`, "not a record: invalid character 'h' looking for beginning of value"},
		{"zero", `{"uri": "a", "text": "b", "vector": [0, 0]}`, "not a record: a vector is empty or zero"},
		{"empty", `{"uri": "a", "text": "b", "vector": []}`, "not a record: a vector is empty or zero"},
		{"an array", `["a"]`, "not a record: a JSON array, not an object"},
		{"a number for a name", `{"uri": 1, "text": "b"}`, `not a record: "uri" cannot be a JSON number`},
		{"NaN", `{"uri": "a", "text": "b", "vector": "` + base64.StdEncoding.EncodeToString(nan) + `"}`, "not a record: a vector holds a number that is not finite or too large"},
		{"too large", `{"uri": "a", "text": "b", "vector": [1e30]}`, "not a record: a vector holds a number that is not finite or too large"},
		{"strings", `{"uri": "a", "text": "b", "vector": ["1"]}`, "not a record: a vector is not of numbers in 32 bits"},
		{"elsewhere", `{"uri": "a", "text": "b", "chunks": [{"text": "c"}]}`, "not a record: chunk 0 is not in the text after the start of the one before"},
		{"both", `{"uri": "a", "text": "b", "vector": [1], "chunks": [{"text": "b"}]}`, `not a record: has both "vector" and "chunks"`},
		{"long", `{"uri": "a", "text": "` + strings.Repeat("x", MaxDocumentBytes) + `"}`, "line longer than 32 MiB"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []Numbered
			for n, err := range ReadRecords(strings.NewReader("\r\n" + c.line + "\n" + `{"uri": "next", "text": "x"}`)) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, n)
			}
			if len(got) != 2 || got[0].Line != 2 || got[0].Reason != c.reason || got[1].Document.URI != "next" {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestReadRecordsFromGzipAndToAnError(t *testing.T) {
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	io.WriteString(w, `{"uri": "a", "text": "b"}`)
	w.Close()
	var uris []string
	for n, err := range ReadRecords(&z) {
		if err != nil {
			t.Fatal(err)
		}
		uris = append(uris, n.Document.URI)
	}
	if !cmp.Equal(uris, []string{"a"}) {
		t.Errorf("gzip: %q", uris)
	}
	broken := errors.New("the disk is gone")
	var last error
	for _, err := range ReadRecords(io.MultiReader(strings.NewReader("{}\n"), errorReader{broken})) {
		last = err
	}
	if !errors.Is(last, broken) {
		t.Errorf("broken: %v", last)
	}
}

type errorReader struct{ err error }

func (r errorReader) Read([]byte) (int, error) { return 0, r.err }

func FuzzRepack(f *testing.F) {
	f.Add([]byte(`{"text": "a b", "chunks": [{"text": "a", "vector": [1, 2]}, {"text": "b", "vector": "AACAPw=="}]}`))
	f.Add([]byte(`{"text": "a", "vector": [0.5e-3]}`))
	f.Add([]byte(`{"chunks": [{"text": "a"}, {"text": "b"}]}`))
	f.Add([]byte(`{"chunks": []}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		once, err := repack(body)
		if err != nil {
			return
		}
		twice, err := repack(once)
		if err != nil || !bytes.Equal(once, twice) {
			t.Errorf("repacked to %q and then to %q, %v", once, twice, err)
		}
		var d prepackaged
		if err := json.Unmarshal(once, &d); err != nil {
			t.Fatal(err)
		}
		if err := d.place(); err != nil {
			t.Fatal(err)
		}
		for i, s := range d.spans {
			if d.Text[s[0]:s[1]] != d.Chunks[i].Text {
				t.Errorf("chunk %d is %q, its place holds %q", i, d.Chunks[i].Text, d.Text[s[0]:s[1]])
			}
		}
	})
}

func TestPutMany(t *testing.T) {
	b := setUp(t)
	b.work(WorkerOptions{})
	b.put("old", "Text that is there.")
	got, err := b.in.PutMany(b.ctx, "docs", []Document{
		{URI: "old", Body: []byte("Text that is there.")},
		{URI: "new", Body: []byte("First.")},
		{URI: "", Body: []byte("No name.")},
		{URI: "new", Body: []byte("Second.")},
		{URI: "cut", MediaType: PreparedType, Body: []byte(`{"text": "a", "vector": "?"}`)},
	})
	b.ok(err)
	var changed []bool
	for i, r := range got {
		changed = append(changed, r.Changed)
		if wrong := i == 2 || i == 4; wrong != errors.As(r.Err, new(*Invalid)) {
			t.Errorf("result %d: %+v", i, r)
		}
	}
	if diff := cmp.Diff([]bool{false, true, false, true, false}, changed); diff != "" {
		t.Errorf("changed (-want +got):\n%s", diff)
	}
	b.until(settled)
	if text, err := b.in.Text(b.ctx, "docs", "new", Everything); text != "Second." || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	b.check()
}
