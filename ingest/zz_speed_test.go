package ingest

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/quarry-rag/quarry/retrieve/embed"
)

type recording struct {
	embed.Model
	mu    sync.Mutex
	texts []string
	spent time.Duration
}

func (r *recording) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	r.mu.Lock()
	r.texts = append(r.texts, texts...)
	r.mu.Unlock()
	return r.Model.Embed(ctx, texts)
}

func cpu() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func TestSpeed(t *testing.T) {
	if os.Getenv("SPEED") == "" {
		t.Skip()
	}
	n := 300
	fmt.Sscan(os.Getenv("SPEED"), &n)
	root := t.TempDir()
	f, _ := os.Open("/work/shared/data/scifact/corpus.jsonl.gz")
	z, _ := gzip.NewReader(f)
	sc := bufio.NewScanner(z)
	sc.Buffer(nil, 1<<20)
	files := map[string]string{}
	for i := 0; i < n && sc.Scan(); i++ {
		var d struct{ Title, Text string }
		json.Unmarshal(sc.Bytes(), &d)
		files[fmt.Sprintf("%05d.md", i)] = "# " + d.Title + "\n\n" + d.Text + "\n"
	}
	write(t, root, files)
	b := setUp(t)
	rec := &recording{Model: b.model.Model}
	b.model.Model = rec
	b.work(WorkerOptions{})
	b.put("warm.md", "# warm\n\nup")
	rec.texts = nil
	start, c0 := time.Now(), cpu()
	m := b.runImportNoCheck(ImportSpec{Paths: []string{root}})
	wall, c1 := time.Since(start), cpu()-c0
	start, c0 = time.Now(), cpu()
	if _, err := rec.Model.Embed(b.ctx, rec.texts); err != nil {
		t.Fatal(err)
	}
	bare, c2 := time.Since(start), cpu()-c0
	t.Logf("docs %d chunks %d tokens %d: ingest %.2fs cpu %.2fs (%.0f tok/s), bare %.2fs cpu %.2fs (%.0f tok/s), ratio %.3f, cpu ratio %.3f", m.Indexed, m.Chunks, m.Tokens,
		wall.Seconds(), c1.Seconds(), float64(m.Tokens)/wall.Seconds(), bare.Seconds(), c2.Seconds(), float64(m.Tokens)/bare.Seconds(), bare.Seconds()/wall.Seconds(), c2.Seconds()/c1.Seconds())
	b.check()
}

func (b *bench) runImportNoCheck(spec ImportSpec) Import {
	m, err := b.in.StartImport(b.ctx, "docs", spec)
	b.ok(err)
	for m, err = range b.in.WatchImport(b.ctx, "docs", m.ID) {
		b.ok(err)
	}
	return m
}
