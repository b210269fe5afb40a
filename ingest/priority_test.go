package ingest

import (
	"fmt"
	"testing"
)

// A document that a second import brings is indexed before what a large import
// brought earlier, but for the first documents of that one.
func TestSmallImportsDoNotWait(t *testing.T) {
	b := setUp(t)
	scan := func(n int) int64 {
		root, files := t.TempDir(), map[string]string{}
		for i := range n {
			files[fmt.Sprintf("%03d.md", i)] = fmt.Sprintf("Words of %d.", i)
		}
		write(t, root, files)
		m, err := b.in.StartImport(b.ctx, "docs", ImportSpec{Paths: []string{root}})
		b.ok(err)
		b.ok(b.in.scan(b.ctx, b.col.ID, m.ID))
		return m.ID
	}
	large, little := scan(smallImport+2*batchDocuments), scan(1)
	_, _, err := b.in.Put(b.ctx, "docs", Document{URI: "by-hand", Body: []byte("By hand.")})
	b.ok(err)
	b.work(WorkerOptions{Jobs: 1})
	b.until(settled)
	const before = `select count(*) from document d, document o where d.import_id = $1 and d.updated_at < o.updated_at and o.import_id = $2`
	if n := b.count(before, large, little); n != smallImport {
		t.Errorf("%d documents of the large import went before the small one, want %d", n, smallImport)
	}
	if n := b.count(`select count(*) from document d, document h where h.uri = 'by-hand' and d.updated_at < h.updated_at`); n != 0 {
		t.Errorf("%d documents went before the one put by hand", n)
	}
}
