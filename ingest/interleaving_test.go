package ingest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
)

// TestAnyInterleaving lets two workers and four clients do what they like.
func TestAnyInterleaving(t *testing.T) {
	b, root := setUp(t), t.TempDir()
	stop := b.work(WorkerOptions{})
	b.work(WorkerOptions{Jobs: 2})
	var clients sync.WaitGroup
	for c := range 4 {
		clients.Go(func() {
			r := rand.New(rand.NewPCG(uint64(c), 7))
			for range 25 {
				if err := b.anything(r, root); err != nil {
					t.Error(err)
				}
			}
		})
	}
	clients.Wait()
	stop() // the other worker finishes
	b.until(settled)
	b.check()
}

func (b *bench) anything(r *rand.Rand, root string) error {
	uri := fmt.Sprintf("%d.md", r.IntN(12))
	switch r.IntN(10) {
	case 0:
		if err := b.in.Delete(b.ctx, "docs", uri); !errors.Is(err, ErrUnknownDocument) {
			return err
		}
		return nil
	case 1:
		_, _, err := b.in.Put(b.ctx, "docs", Document{URI: uri}) // fails: empty
		return err
	case 2:
		write(b.t, root, map[string]string{uri: sections(fmt.Sprint("sail", r.IntN(3)))})
		_, err := b.in.StartImport(b.ctx, "docs", ImportSpec{Paths: []string{root}, Sync: true})
		return err
	case 3:
		if err := os.Remove(root + "/" + uri); err != nil && !os.IsNotExist(err) {
			return err
		}
		return nil
	}
	words := make([]string, 1+r.IntN(3))
	for i := range words {
		words[i] = fmt.Sprint("word", r.IntN(6))
	}
	_, _, err := b.in.Put(b.ctx, "docs", Document{URI: uri, Body: []byte(sections(words...)), Metadata: map[string]any{"n": r.IntN(2)}})
	return err
}
