package ingest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What has new times and the same content is hashed and touched: nothing is
// staged or embedded, and readers' caches learn of it once.
func TestNewTimesOnly(t *testing.T) {
	b, root := setUp(t), t.TempDir()
	b.work(WorkerOptions{})
	files := map[string]string{"edited.md": "The edited words.", "bad.txt": "caf\xe9 \x81\x8d\x8f \xff\xfe\xfd"}
	for i := range 30 {
		files[fmt.Sprintf("%02d.md", i)] = fmt.Sprintf("# %d\n\nWords of %d.", i, i)
	}
	write(t, root, files)
	spec := ImportSpec{Paths: []string{root}, Sync: true}
	b.runImport(spec)
	version, texts := b.count(`select version from collection_stats`), b.model.texts.Load()

	at := time.Now().Add(-time.Minute).Truncate(time.Second)
	for name := range files {
		b.ok(os.Chtimes(filepath.Join(root, name), at, at))
	}
	m := b.runImport(spec)
	if m.State != Done || m.Unchanged != 31 || m.Queued != 1 || m.Failed != 1 {
		t.Errorf("31 with new times, and one that failed before: %+v", m)
	}
	if n := b.count(`select count(*) from document where modified_at = $1 and state = 'ready'`, at); n != 31 {
		t.Errorf("%d documents have the new time", n)
	}
	if got := b.count(`select version from collection_stats`) - version; got != 1 {
		t.Errorf("readers were told of changes %d times", got)
	}
	if got := b.model.texts.Load() - texts; got != 0 {
		t.Errorf("%d texts embedded", got)
	}
	version = b.count(`select version from collection_stats`)
	if m := b.runImport(spec); m.Unchanged != 31 || b.count(`select version from collection_stats`) != version {
		t.Errorf("again: %+v", m)
	}
	write(t, root, map[string]string{"edited.md": "The edited words!"})
	b.ok(os.Chtimes(filepath.Join(root, "01.md"), at, at.Add(-time.Hour)))
	if m := b.runImport(spec); m.Unchanged != 30 || m.Queued != 2 || m.Indexed != 1 || b.model.texts.Load()-texts != 1 {
		t.Errorf("one edited, one with a new time: %+v", m)
	}
}

// New principals reach a document and its attachments by a touch.
func TestTouchGivesPrincipals(t *testing.T) {
	b, root := setUp(t), t.TempDir()
	b.work(WorkerOptions{})
	write(t, root, map[string]string{"a.zip": zipOf(t, "one.md", "one"), "b.md": "two"})
	b.runImport(ImportSpec{Paths: []string{root}})
	b.until(settled)
	version := b.count(`select version from collection_stats`)
	m := b.runImport(ImportSpec{Paths: []string{root}, Principals: []string{"ann", `b"o`}, Metadata: map[string]any{"team": "x"}})
	if m.Unchanged != 2 || m.Queued != 0 {
		t.Errorf("other readers: %+v", m)
	}
	want := map[string][]string{"a.zip": {"ann", `b"o`}, "a.zip!/one.md": {"ann", `b"o`}, "b.md": {"ann", `b"o`}}
	if diff := cmp.Diff(want, b.readers(root)); diff != "" {
		t.Error(diff)
	}
	if n := b.count(`select count(*) from document where metadata = '{"team": "x"}'`); n != 3 {
		t.Errorf("%d documents have the metadata", n)
	}
	if got := b.count(`select version from collection_stats`) - version; got != 1 {
		t.Errorf("readers were told of changes %d times", got)
	}
}

// A document that was put after it was listed is not touched: it is read once
// more, and what is read then is what is accepted.
func TestTouchOfWhatHasChangedMeanwhile(t *testing.T) {
	b := setUp(t)
	stop := b.work(WorkerOptions{})
	b.put("a", "one")
	stop()
	m, err := b.in.StartImport(b.ctx, "docs", ImportSpec{Paths: []string{t.TempDir()}})
	b.ok(err)
	s := &scan{in: b.in, col: b.col.ID, id: m.ID, from: "source", tally: tally{skipped: map[string]*Skipped{}}}
	docs := &cursor{pool: b.pool, col: b.col.ID, uri: "a", below: "a/"}
	a, err := docs.peek(b.ctx)
	b.ok(err)
	reads := 0
	it := item{uri: "a", read: func(context.Context, state) (content, error) {
		reads++
		return content{body: []byte("three"), given: true}, nil
	}}
	o := offer{uri: "a", source: "source", hash: a.known.hash, keep: true, keepPrincipals: true, metadata: []byte("{}")}
	b.ok(s.touch(b.ctx, it, a, o))
	_, _, err = b.in.Put(b.ctx, "docs", Document{URI: "a", Body: []byte("two")})
	b.ok(err)
	b.ok(s.settleTouches(b.ctx))
	if len(s.batch) != 1 || string(s.batch[0].body) != "three" || reads != 1 || s.tally.unchanged != 0 {
		t.Errorf("after %d reads, %d unchanged, accepted: %+v", reads, s.tally.unchanged, s.batch)
	}
	if n := b.count(`select count(*) from document where source = 'source'`); n != 0 {
		t.Errorf("%d documents were touched", n)
	}
}

// So it is where only times have changed, and the others of the same statement are
// touched.
func TestNewTimeOfWhatHasChangedMeanwhile(t *testing.T) {
	b := setUp(t)
	stop := b.work(WorkerOptions{})
	b.put("a", "one")
	b.put("b", "one")
	stop()
	at := time.Now().Add(-time.Hour).Truncate(time.Second)
	var all []touch
	for _, uri := range []string{"a", "b"} {
		d, err := (&cursor{pool: b.pool, col: b.col.ID, uri: uri, below: uri + "/"}).peek(b.ctx)
		b.ok(err)
		all = append(all, touch{doc: d, offer: offer{modifiedAt: &at}})
	}
	_, _, err := b.in.Put(b.ctx, "docs", Document{URI: "a", Body: []byte("two")})
	b.ok(err)
	touched, err := b.in.touchAll(b.ctx, b.col.ID, all)
	b.ok(err)
	if len(touched) != 1 || !touched[all[1].doc.id] {
		t.Errorf("of %d documents touched: %v", len(all), touched)
	}
	if n := b.count(`select count(*) from document where modified_at = $1 and uri = 'b'`, at); n != 1 {
		t.Error("the other one has its old time")
	}
}

func TestReadAhead(t *testing.T) {
	a := readAhead(t.Context())
	defer a.stop()
	held := &scanned{state: Ready, known: state{hash: contentHash("", "", []byte("same"))}}
	for i := range 100 {
		body, size := fmt.Sprintf("%03d", i), int64(3)
		switch i {
		case 7: // has grown since it was listed
			size = 2
		case 8:
			body, size = "same", 4
		}
		it := item{state: state{size: size}, read: func(context.Context, state) (content, error) {
			return content{body: []byte(body)}, nil
		}}
		var doc *scanned
		if i == 8 {
			doc = held
		}
		a.add(it, doc, state{})
	}
	if !a.full(aheadBytes) || a.full(3) {
		t.Errorf("full for %d and 3 bytes after %d: %v, %v", aheadBytes, a.bytes, a.full(aheadBytes), a.full(3))
	}
	for i := range 100 {
		r, want := a.first(), fmt.Sprintf("%03d", i)
		if i == 7 || i == 8 {
			want = ""
		}
		if r.grown != (i == 7) || string(r.content.body) != want || r.doc.same(r.content.hash) != (i == 8) {
			t.Errorf("item %d: %+v", i, r)
		}
	}
	if a.bytes != 0 || a.full(MaxDocumentBytes) {
		t.Errorf("an empty line of %d bytes is full", a.bytes)
	}
}
