package ingest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/quarry-rag/quarry/retrieve/embed"
)

// holding is a model that takes up the texts of large documents only as it is let.
type holding struct {
	embed.Model
	calls chan struct{} // one for each call that has begun
	let   chan struct{} // one for each call that may end
}

func hold(m embed.Model) *holding {
	return &holding{Model: m, calls: make(chan struct{}, 1000), let: make(chan struct{})}
}

func (h *holding) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	if strings.Contains(texts[0], "large") {
		h.calls <- struct{}{}
		select {
		case <-h.let:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	all := make([][]float32, len(texts))
	for i := range all {
		all[i] = make([]float32, h.Info().Dim)
		all[i][0] = 1
	}
	return all, nil
}

// large is a document of some hundred chunks.
func large(name string) Document {
	var s strings.Builder
	for i := 0; s.Len() < largeBytes; i++ {
		fmt.Fprintf(&s, "A large document's sentence %d of %s. ", i, name)
	}
	return Document{URI: name, Body: []byte(s.String())}
}

// However many large documents there are, others are indexed beside them.
func TestLargeDocumentsLeaveRoom(t *testing.T) {
	b := setUp(t)
	for i := range 5 {
		_, _, err := b.in.Put(b.ctx, "docs", large(fmt.Sprintf("large-%d", i)))
		b.ok(err)
	}
	model := hold(b.model.Model)
	b.workWith(model, WorkerOptions{Jobs: 3})
	for range 2 {
		<-model.calls
	}
	if rec := b.put("small", "A few words."); rec.State != Ready {
		t.Errorf("%+v", rec)
	}
	if n := len(model.calls); n > 0 {
		t.Errorf("%d large documents more than there is room for", n)
	}
	close(model.let)
	b.until(settled)
	if n := b.count(`select count(*) from document where state = 'ready'`); n != 6 {
		t.Errorf("%d documents of 6", n)
	}
	b.check()
}

// A large document that nobody waits for any longer is left alone.
func TestLargeDocumentIsGivenUp(t *testing.T) {
	root := t.TempDir()
	write(t, root, map[string]string{"large.txt": string(large("it").Body)})
	for name, end := range map[string]func(b *bench, id int64){
		"deleted": func(b *bench, _ int64) {
			b.ok(b.in.Delete(b.ctx, "docs", uriOf(root+"/large.txt")))
		},
		"cancelled": func(b *bench, id int64) {
			_, err := b.in.CancelImport(b.ctx, "docs", id)
			b.ok(err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := setUp(t)
			model := hold(b.model.Model)
			b.workWith(model, WorkerOptions{})
			m, err := b.in.StartImport(b.ctx, "docs", ImportSpec{Paths: []string{root}})
			b.ok(err)
			<-model.calls
			end(b, m.ID)
			model.let <- struct{}{}
			b.until(`select not exists (select from river_job where kind = 'index_documents' and state <> 'completed')`)
			if n := len(model.calls); n > 0 {
				t.Errorf("embedded on in %d calls", n)
			}
			for _, table := range []string{"document", "staged", "embedded", "chunk"} {
				if n := b.count(`select count(*) from ` + table); n != 0 {
					t.Errorf("%d rows left in %s", n, table)
				}
			}
			b.check()
		})
	}
}
