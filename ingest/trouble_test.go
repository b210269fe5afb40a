package ingest

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/quarry-rag/quarry/retrieve/embed"
)

// failing is a model whose server is down until it is mended.
type failing struct {
	embed.Model
	mended atomic.Bool
}

func (f *failing) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	if !f.mended.Load() {
		return nil, errors.New("connection refused")
	}
	return f.Model.Embed(ctx, texts)
}

func TestModelDownIsSaidAndTriedAgain(t *testing.T) {
	b, root := setUp(t), t.TempDir()
	model := &failing{Model: b.model.Model}
	b.model.Model = model
	write(t, root, map[string]string{"a.md": sections("harbour")})
	m, err := b.in.StartImport(b.ctx, "docs", ImportSpec{Paths: []string{root}})
	b.ok(err)
	b.work(WorkerOptions{})
	b.until(`select exists (select from import where trouble <> '')`)
	m, err = b.in.Import(b.ctx, "docs", m.ID)
	b.ok(err)
	rec, err := b.in.Document(b.ctx, "docs", uriOf(root+"/a.md"), Everything)
	b.ok(err)
	if !strings.Contains(m.Error, "connection refused") || rec.State != Pending || !strings.Contains(rec.Reason, "connection refused") {
		t.Errorf("nobody is told: %+v, %+v", m, rec)
	}
	b.check()
	model.mended.Store(true)
	b.until(settled)
	m, err = b.in.Import(b.ctx, "docs", m.ID)
	b.ok(err)
	if m.State != Done || m.Error != "" || m.Indexed != 1 {
		t.Errorf("mended: %+v", m)
	}
	b.check()
}

// A disk that is full keeps a listing from being stored: it is said where people
// look, and the import goes on once there is room.
func TestScanThatFailsIsSaidAndTriedAgain(t *testing.T) {
	b, root := setUp(t), t.TempDir()
	write(t, root, map[string]string{"a.md": sections("harbour")})
	_, err := b.pool.Exec(b.ctx, `create function full_disk() returns trigger language plpgsql as
		$$begin raise exception 'could not extend file "base/5/1"' using errcode = '53100'; end$$;
		create trigger full_disk before insert on document for each row execute function full_disk()`)
	b.ok(err)
	m, err := b.in.StartImport(b.ctx, "docs", ImportSpec{Paths: []string{root}})
	b.ok(err)
	b.work(WorkerOptions{})
	b.until(`select exists (select from import where trouble <> '')`)
	m, err = b.in.Import(b.ctx, "docs", m.ID)
	b.ok(err)
	if m.Error != "will be tried again: the database's disk is full" || m.State != Scanning {
		t.Errorf("nobody is told: %+v", m)
	}
	_, err = b.pool.Exec(b.ctx, `drop trigger full_disk on document`)
	b.ok(err)
	b.until(settled)
	m, err = b.in.Import(b.ctx, "docs", m.ID)
	b.ok(err)
	if m.State != Done || m.Error != "" || m.Indexed != 1 {
		t.Errorf("with room again: %+v", m)
	}
	b.check()
}
