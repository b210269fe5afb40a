package ingest

import (
	"strings"
	"testing"
	"time"
)

// While one large document is embedded and another has no room, the import and the
// documents say so, and no longer when they are done.
func TestLargeDocumentsSayWhatTheyWaitFor(t *testing.T) {
	b, root := setUp(t), t.TempDir()
	write(t, root, map[string]string{"one.txt": string(large("one").Body), "two.txt": string(large("two").Body)})
	model := hold(b.model.Model)
	b.workWith(model, WorkerOptions{Jobs: 2})
	// Each a batch of its own, as documents of 8 MB would be.
	one, err := b.in.StartImport(b.ctx, "docs", ImportSpec{Paths: []string{root + "/one.txt"}})
	b.ok(err)
	<-model.calls
	two, err := b.in.StartImport(b.ctx, "docs", ImportSpec{Paths: []string{root + "/two.txt"}})
	b.ok(err)
	says := func(id int64, want string) {
		t.Helper()
		b.until(`select waiting like '%' || $2 || '%' from import where import_id = $1`, id, want)
		b.until(`select exists (select from document where import_id = $1 and state = 'pending' and reason like '%' || $2 || '%')`, id, want)
	}
	says(one.ID, "is being read")
	says(two.ID, waitsForRoom)
	model.let <- struct{}{}
	says(one.ID, "is being embedded: ")
	if m, err := b.in.Import(b.ctx, "docs", two.ID); err != nil || !strings.HasPrefix(m.Waiting, "two.txt (1.") || m.Error != "" {
		t.Errorf("%+v, %v", m, err)
	}
	close(model.let)
	b.until(settled)
	for _, id := range []int64{one.ID, two.ID} {
		if m, err := b.in.Import(b.ctx, "docs", id); err != nil || m.Waiting != "" || m.Indexed != 1 {
			t.Errorf("%+v, %v", m, err)
		}
	}
	b.check()
}

// An import with documents to embed says until when the server of its collection's
// model is not asked; others do not.
func TestImportSaysThatItsServerPauses(t *testing.T) {
	b, root := setUp(t), t.TempDir()
	write(t, root, map[string]string{"a.md": "words"})
	m, err := b.in.StartImport(b.ctx, "docs", ImportSpec{Paths: []string{root}})
	b.ok(err)
	waiting := func() string {
		m, err := b.in.Import(b.ctx, "docs", m.ID)
		b.ok(err)
		return m.Waiting
	}
	elsewhere := &pacer{pool: b.pool, server: "http://model.test other-" + b.model.Info().Name}
	b.ok(elsewhere.Pause(b.ctx, time.Hour))
	own := &pacer{pool: b.pool, server: "http://model.test " + b.model.Info().Name}
	b.ok(own.Pause(b.ctx, time.Hour))
	if got := waiting(); got != "" {
		t.Errorf("nothing is to be embedded: %q", got)
	}
	b.ok(b.in.scan(b.ctx, b.col.ID, m.ID))
	if got := waiting(); !strings.HasPrefix(got, "waits until ") {
		t.Errorf("%q", got)
	}
	_, err = b.pool.Exec(b.ctx, `delete from pace where server = $1`, own.server)
	b.ok(err)
	if got := waiting(); got != "" {
		t.Errorf("the server of another model pauses: %q", got)
	}
}
