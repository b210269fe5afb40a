package ingest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/quarry-rag/quarry/retrieve/embed"
)

// watched is a quick model that looks around at each call.
type watched struct {
	embed.Model
	look func()
}

func (w *watched) Embed(_ context.Context, texts []string) ([][]float32, error) {
	w.look()
	all := make([][]float32, len(texts))
	for i := range all {
		all[i] = make([]float32, w.Info().Dim)
		all[i][i%w.Info().Dim] = 1
	}
	return all, nil
}

// TestLargeDocumentShowsProgress: what of it is embedded is counted before the
// document is done, and once.
func TestLargeDocumentShowsProgress(t *testing.T) {
	b, root := setUp(t), t.TempDir()
	var seen []int
	b.model.Model = &watched{b.model.Model, func() {
		seen = append(seen, b.count(`select embedded from import`))
	}}
	words := make([]string, 2*mostAtOnce+10)
	for i := range words {
		words[i] = fmt.Sprintf("w%d", i)
	}
	write(t, root, map[string]string{"a.md": sections(words...)})
	b.work(WorkerOptions{})
	m := b.runImport(ImportSpec{Paths: []string{root}})
	if len(seen) < 3 || seen[0] != 0 || seen[1] != leastAtOnce || seen[2] <= leastAtOnce {
		t.Errorf("before each call of the model %v chunks were counted as embedded", seen)
	}
	if m.Embedded != int64(len(words)) || m.Chunks != m.Embedded || m.Tokens == 0 {
		t.Errorf("%d chunks, %d embedded, %d tokens; want %d chunks", m.Chunks, m.Embedded, m.Tokens, len(words))
	}
}

func TestAtOnce(t *testing.T) {
	for _, c := range []struct {
		n    int
		took time.Duration
		want int
	}{
		{16, 0, mostAtOnce},
		{16, 10 * time.Millisecond, mostAtOnce},
		{16, 300 * time.Millisecond, 80},
		{80, 3 * time.Second, 40},
		{40, time.Minute, leastAtOnce},
		{1, 20 * time.Millisecond, 75},
	} {
		if got := atOnce(c.n, c.took); got != c.want {
			t.Errorf("after %d texts in %s: %d, want %d", c.n, c.took, got, c.want)
		}
	}
}

// short is a model that gives fewer vectors than it got texts.
type short struct{ embed.Model }

func (s *short) Embed(context.Context, []string) ([][]float32, error) { return nil, nil }

func TestTooFewVectors(t *testing.T) {
	b, root := setUp(t), t.TempDir()
	b.model.Model = &short{b.model.Model}
	write(t, root, map[string]string{"a.md": sections("harbour")})
	m, err := b.in.StartImport(b.ctx, "docs", ImportSpec{Paths: []string{root}})
	b.ok(err)
	b.work(WorkerOptions{})
	b.until(`select exists (select from import where trouble <> '')`)
	if m, err = b.in.Import(b.ctx, "docs", m.ID); err != nil || !strings.Contains(m.Error, "0 vectors for 1 texts") {
		t.Errorf("%+v, %v", m, err)
	}
	b.check()
}
