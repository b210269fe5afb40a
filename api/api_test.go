package api_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/quarry-rag/quarry/api"
	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

const lighthouse = `# The Brannock lighthouse

## Construction

The Brannock lighthouse was built in 1871 from grey granite that was shipped from Aberdeen.
Its tower is 38 metres high.

## Keepers

The last keeper, Agnes Moray, left the tower in 1984, when the lamp was automated.
`

const bread = `# Sourdough

Feed the starter twice a day. A ripe starter doubles in volume within six hours.
Bake at 240 degrees for forty minutes.
`

func TestFromDocumentToAnswer(t *testing.T) {
	r := newRig(t, api.Options{}, "")
	r.create(t, "docs")
	if put := r.put(t, "docs", "lighthouse.md", lighthouse); !put.Changed || put.Document.Chunks == 0 {
		t.Errorf("put: %v", put)
	}
	if put := r.put(t, "docs", "lighthouse.md", lighthouse); put.Changed {
		t.Error("equal bytes changed the document")
	}
	r.put(t, "docs", "bread.md", bread)

	found, err := r.query.Search(within(t), &quarryv1.SearchRequest{Collection: "docs", Query: "When was the lighthouse built?"})
	if err != nil {
		t.Fatal(err)
	}
	if len(found.Passages) == 0 || found.Passages[0].Uri != "lighthouse.md" || len(found.Report.Degraded) > 0 {
		t.Fatalf("search: %v", found)
	}
	got, err := r.ingest.GetDocument(within(t), &quarryv1.GetDocumentRequest{Collection: "docs", Uri: "lighthouse.md", WithText: true})
	if err != nil {
		t.Fatal(err)
	}
	p := found.Passages[0]
	if p.Text != got.Text[p.Range.Start:p.Range.End] {
		t.Errorf("passage %q is not what stands at %v", p.Text, p.Range)
	}
	checkAnswer(t, r, got.Text)
}

// checkAnswer asks for what text says, and proves every citation against it.
func checkAnswer(t *testing.T, r *rig, text string) {
	t.Helper()
	events, err := r.ask(t, &quarryv1.AskRequest{Collection: "docs", Question: "When was the Brannock lighthouse built?"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"plan", "passages", "text", "support", "usage", "verdict", "done"}, phases(events)); diff != "" {
		t.Error(diff)
	}
	var answer string
	cited := 0
	for _, e := range events {
		answer += e.GetDelta().GetText()
		if c := e.GetCitation(); c != nil && c.Uri == "lighthouse.md" {
			cited++
			if c.Quote != text[c.Range.Start:c.Range.End] {
				t.Errorf("quote %q is not what stands at %v", c.Quote, c.Range)
			}
		}
	}
	if !strings.Contains(answer, "1871") || cited == 0 {
		t.Errorf("answer %q with %d citations", answer, cited)
	}
	verdict := events[len(events)-2].GetVerdict()
	if verdict.Verdict != quarryv1.Verdict_VERDICT_ANSWERED {
		t.Errorf("verdict %v", verdict)
	}
	if stages := events[len(events)-1].GetDone().Stages; len(stages) < 4 {
		t.Errorf("stages %v", stages)
	}
}

// phases names the runs of events of one kind; deltas and citations alternate.
func phases(events []*quarryv1.AskResponse) []string {
	var names []string
	for _, e := range events {
		field := e.ProtoReflect().WhichOneof(e.ProtoReflect().Descriptor().Oneofs().Get(0))
		name := string(field.Name())
		if name == "delta" || name == "citation" {
			name = "text"
		}
		names = append(names, name)
	}
	return slices.Compact(names)
}

func TestNotInTheDocuments(t *testing.T) {
	r := newRig(t, api.Options{}, "")
	r.create(t, "empty")
	events, err := r.ask(t, &quarryv1.AskRequest{Collection: "empty", Question: "When was the lighthouse built?"})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if v := e.GetVerdict(); v != nil && v.Verdict != quarryv1.Verdict_VERDICT_NOT_IN_DOCUMENTS {
			t.Errorf("verdict %v", v)
		}
	}
	if events[len(events)-1].GetDone() == nil {
		t.Errorf("the last event is %v", events[len(events)-1])
	}
}

func TestImportIsWatchedToItsEnd(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"a.md": lighthouse, "sub/b.md": bread, "c.bin": "\x00\x01\x02"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r := newRig(t, api.Options{ImportRoots: []string{dir}}, "")
	r.create(t, "docs")
	started, err := r.ingest.StartImport(within(t), &quarryv1.StartImportRequest{Collection: "docs", Paths: []string{dir}})
	if err != nil {
		t.Fatal(err)
	}
	stream, err := r.ingest.WatchImport(within(t), &quarryv1.WatchImportRequest{Collection: "docs", Id: started.Import.Id})
	if err != nil {
		t.Fatal(err)
	}
	var last *quarryv1.Import
	for {
		m, err := stream.Recv()
		if err != nil {
			break
		}
		last = m.Import
	}
	if last.GetState() != quarryv1.ImportState_IMPORT_STATE_DONE || last.Indexed != 2 || last.Listed != 3 || len(last.Skipped) != 1 {
		t.Errorf("the import ended as %v", last)
	}
	checkCounts(t, r, 2)
	checkImports(t, r, dir, last.GetId())
}

// checkImports lists an import that has ended, and the one after it page by page.
func checkImports(t *testing.T, r *rig, dir, first string) {
	t.Helper()
	second, err := r.ingest.StartImport(within(t), &quarryv1.StartImportRequest{Collection: "docs", Paths: []string{dir}})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for in := (&quarryv1.ListImportsRequest{Collection: "docs", PageSize: 1}); ; {
		page, err := r.ingest.ListImports(within(t), in)
		if err != nil {
			t.Fatal(err)
		}
		for _, im := range page.Imports {
			if ids = append(ids, im.Id); im.Source != dir {
				t.Errorf("source %q, want %q", im.Source, dir)
			}
		}
		if in.PageToken = page.NextPageToken; in.PageToken == "" {
			break
		}
	}
	if !slices.Equal(ids, []string{second.Import.Id, first}) {
		t.Errorf("listed %q", ids)
	}
	got, err := r.ingest.CancelImport(within(t), &quarryv1.CancelImportRequest{Collection: "docs", Id: first})
	if err != nil || got.Import.State != quarryv1.ImportState_IMPORT_STATE_DONE {
		t.Errorf("cancelled after its end: %v, %v", got, err)
	}
	_, err = r.ingest.CancelImport(within(t), &quarryv1.CancelImportRequest{Collection: "docs", Id: "12345"})
	if status.Code(err) != codes.NotFound {
		t.Errorf("unknown import: %v", err)
	}
	_, err = r.ingest.ListImports(within(t), &quarryv1.ListImportsRequest{Collection: "docs", PageToken: "MTp4"})
	if status.Code(err) != codes.InvalidArgument {
		t.Errorf("a token that holds no id: %v", err)
	}
}

func TestImportOnlyWhereAllowed(t *testing.T) {
	r := newRig(t, api.Options{ImportRoots: []string{"/srv/docs"}}, "")
	r.create(t, "docs")
	for _, path := range []string{"/srv/docs/../secret", "relative", "/srv/docsecret", "/", "/srv/docs/"} {
		_, err := r.ingest.StartImport(within(t), &quarryv1.StartImportRequest{Collection: "docs", Paths: []string{"/srv/docs/ok", path}})
		if status.Code(err) != codes.InvalidArgument || !slices.Contains(fields(err), "paths[1]") {
			t.Errorf("%q: %v", path, err)
		}
	}
}

func TestCollections(t *testing.T) {
	r := newRig(t, api.Options{}, "")
	weight := 0.25
	made, err := r.collections.CreateCollection(within(t), &quarryv1.CreateCollectionRequest{
		Name: "b", Description: "about", Settings: &quarryv1.CollectionSettings{DenseWeight: &weight},
	})
	if err != nil {
		t.Fatal(err)
	}
	c := made.Collection
	if c.Name != "b" || c.Description != "about" || c.Settings.GetDenseWeight() != weight || c.Space.Dim != 384 || c.CreatedAt == nil {
		t.Errorf("made %v", c)
	}
	r.create(t, "a")
	if _, err := r.collections.DeleteCollection(within(t), &quarryv1.DeleteCollectionRequest{Name: "b"}); err != nil {
		t.Fatal(err)
	}
	all, err := r.collections.ListCollections(within(t), &quarryv1.ListCollectionsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if len(all.Collections) != 1 || all.Collections[0].Name != "a" {
		t.Errorf("left are %v", all.Collections)
	}
}
