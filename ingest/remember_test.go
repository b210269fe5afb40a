package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/quarry-rag/quarry/retrieve/embed"
)

// breaking is a model of cheap vectors, one of whose calls fails.
type breaking struct {
	embed.Model
	fails        int64 // the call, from 1
	calls, texts atomic.Int64
}

func (f *breaking) Embed(_ context.Context, texts []string) ([][]float32, error) {
	if f.calls.Add(1) == f.fails {
		return nil, errors.New("the model is away")
	}
	all := make([][]float32, len(texts))
	for i := range texts {
		all[i] = make([]float32, f.Info().Dim)
		all[i][int(f.texts.Add(1))%f.Info().Dim] = 1
	}
	return all, nil
}

// A large document whose embedding breaks off goes on where it was, is counted
// once, and leaves nothing behind.
func TestLargeDocumentGoesOnWhereItWas(t *testing.T) {
	b, root := setUp(t), t.TempDir()
	const chunks = 2*mostAtOnce + 76
	var d struct {
		URI    string              `json:"uri"`
		Chunks []map[string]string `json:"chunks"`
	}
	d.URI = "large"
	for i := range chunks {
		d.Chunks = append(d.Chunks, map[string]string{"text": fmt.Sprintf("words of chunk %d", i)})
	}
	line, err := json.Marshal(d)
	b.ok(err)
	write(t, root, map[string]string{"r.jsonl": string(line)})
	model := &breaking{Model: b.model.Model, fails: 3}
	b.workWith(model, WorkerOptions{})
	m := b.runImport(ImportSpec{Paths: []string{root + "/r.jsonl"}, Records: true})
	if m.State != Done || m.Indexed != 1 || m.Chunks != chunks || m.Embedded != chunks {
		t.Errorf("%+v", m)
	}
	if n := model.texts.Load(); n != chunks {
		t.Errorf("%d texts embedded, want each of %d once", n, chunks)
	}
	if n := b.count(`select count(*) from embedded`); n != 0 {
		t.Errorf("%d vectors left behind", n)
	}
}
