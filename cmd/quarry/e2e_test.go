package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

const (
	e2eDocs = 120
	e2eAsk  = "Which animal guards the archive of number 77?"
)

// TestEndToEnd runs the built binary as a user does, and kills it as the world
// does: Quarry in the middle of ingestion, and later Postgres under its feet.
func TestEndToEnd(t *testing.T) {
	bin := build(t)
	home, docs := sharedDir(t), sharedDir(t)
	writeDocs(t, docs)

	first := launch(t, bin, home, "--docs", docs)
	ingested := first.waitDocuments(t, func(n int64) bool { return n >= e2eDocs/8 })
	refuseSecond(t, bin, home)
	first.kill(t)
	if ingested >= e2eDocs {
		t.Fatalf("all %d documents were ingested before the kill: nothing was interrupted", ingested)
	}

	second := launch(t, bin, home, "--docs", docs, "--ask", e2eAsk)
	second.waitOutput(t, "Serving until Ctrl-C")
	checkWhole(t, second, docs)
	out := second.output()
	for _, want := range []string{"is ready in", "heron", "Sources", "number077.md", "Verdict: answered", "Times: "} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in the output:\n%s", want, out)
		}
	}

	keepsOtherSettings(t, bin, second)

	killPostgres(t, home)
	recovers(t, second)
	checkWhole(t, second, docs)
	second.stop(t)
}

func build(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "quarry")
	if out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return bin
}

// sharedDir is a temporary folder that every user may enter: run by root,
// Postgres runs as another user.
func sharedDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "quarry-e2e-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// keepsOtherSettings changes two settings by two commands: the second leaves the
// first as it is.
func keepsOtherSettings(t *testing.T, bin string, p *process) {
	t.Helper()
	for _, flag := range []string{"--dense-weight=0.6", "--bm25-k1=1.2"} {
		if out, err := exec.Command(bin, "collections", "set", "default", flag, "--server", p.address).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", flag, err, out)
		}
	}
	r, err := p.client.collections.GetCollection(t.Context(), &quarryv1.GetCollectionRequest{Name: "default"})
	if err != nil {
		t.Fatal(err)
	}
	if s := r.Collection.Settings; s.GetDenseWeight() != 0.6 || s.GetBm25K1() != 1.2 || s.MinScore != nil {
		t.Errorf("settings %v", s)
	}
}

// docBody is one document of a few chunks, of which one holds what only it says.
func docBody(i int) string {
	animals := []string{"otter", "heron", "badger", "lynx"}
	var b strings.Builder
	fmt.Fprintf(&b, "# Number %d\n\nThe %s guards the archive of number %d.\n", i, animals[i%len(animals)], i)
	for s := range 4 {
		fmt.Fprintf(&b, "\n## Section %d\n\n", s)
		for w := range 16 {
			fmt.Fprintf(&b, "Shelf %d of room %d keeps folder %d of the year %d in good order. ", w, s, i*31+w, 1900+(i*7+w)%100)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func docName(i int) string { return fmt.Sprintf("number%03d.md", i) }

func writeDocs(t *testing.T, dir string) {
	t.Helper()
	for i := range e2eDocs {
		if err := os.WriteFile(filepath.Join(dir, docName(i)), []byte(docBody(i)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func refuseSecond(t *testing.T, bin, home string) {
	t.Helper()
	_, args := upArgs(t, home)
	out, err := exec.Command(bin, args...).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "in use by another Quarry") {
		t.Errorf("a second `up` on the same folder: %v\n%s", err, out)
	}
}

// checkWhole proves that every document is there once, with all its text, and
// that no chunk is missing or doubled.
func checkWhole(t *testing.T, p *process, docs string) {
	t.Helper()
	p.waitDocuments(t, func(n int64) bool { return n == e2eDocs })
	list, err := p.client.ingest.ListDocuments(t.Context(), &quarryv1.ListDocumentsRequest{Collection: "default", PageSize: 1000})
	if err != nil {
		t.Fatal(err)
	}
	if len(list.Documents) != e2eDocs {
		t.Errorf("%d documents, want %d", len(list.Documents), e2eDocs)
	}
	var chunks int64
	for i, d := range list.Documents {
		chunks += int64(d.Chunks)
		if d.Uri != fileURI(filepath.Join(docs, docName(i))) || d.State != quarryv1.DocumentState_DOCUMENT_STATE_READY {
			t.Errorf("document %d: %v", i, d)
		}
	}
	r, err := p.client.collections.GetCollection(t.Context(), &quarryv1.GetCollectionRequest{Name: "default"})
	if err != nil {
		t.Fatal(err)
	}
	if r.Collection.Chunks != chunks || chunks < e2eDocs {
		t.Errorf("the collection has %d chunks, its documents %d", r.Collection.Chunks, chunks)
	}
	for _, i := range []int{0, 19, 77, e2eDocs - 1} {
		checkDocument(t, p, docs, i)
	}
}

func checkDocument(t *testing.T, p *process, docs string, i int) {
	t.Helper()
	uri := fileURI(filepath.Join(docs, docName(i)))
	got, err := p.client.ingest.GetDocument(t.Context(), &quarryv1.GetDocumentRequest{Collection: "default", Uri: uri, WithText: true})
	if err != nil {
		t.Fatal(err)
	}
	if fold(got.Text) != fold(docBody(i)) {
		t.Errorf("text of %s:\n%s", uri, got.Text)
	}
	found, err := p.client.query.Search(t.Context(), &quarryv1.SearchRequest{
		Collection: "default", Query: fmt.Sprintf("guards the archive of number %d", i), Options: &quarryv1.SearchOptions{Limit: 50},
	})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, passage := range found.Passages {
		at := fmt.Sprint(passage.Uri, passage.Range)
		if seen[at] {
			t.Errorf("chunk %s is found twice", at)
		}
		seen[at] = true
	}
	if len(found.Passages) == 0 || found.Passages[0].Uri != uri {
		t.Errorf("document %d is not found first", i)
	}
}

// fold makes text comparable whose blank space and markup a parser may change.
func fold(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(" \n#", r) }), " ")
}

func killPostgres(t *testing.T, home string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(home, "data", "pgdata", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(b), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

// recovers proves that calls fail with UNAVAILABLE while Postgres is away, and
// work again without a restart of Quarry: once each broken connection of the
// pool has been met, none fails any more.
func recovers(t *testing.T, p *process) {
	t.Helper()
	failed, inARow := 0, 0
	p.eventually(t, "recovery", func(ctx context.Context) bool {
		_, err := p.client.query.Search(ctx, &quarryv1.SearchRequest{Collection: "default", Query: "archive"})
		if err == nil {
			inARow++
			return inARow == 20
		}
		failed, inARow = failed+1, 0
		if status.Code(err) != codes.Unavailable {
			t.Errorf("without Postgres: %v", err)
		}
		return false
	})
	if failed == 0 {
		t.Error("no call failed: Postgres was not away")
	}
}
