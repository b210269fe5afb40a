package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

var update = flag.Bool("update", false, "rewrite the goldens")

// golden compares got with testdata/name.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; -update rewrites it):\n%s", path, diff)
	}
}

// testTerminal collects both outputs in one buffer, in order.
func testTerminal() (*terminal, *bytes.Buffer) {
	var b bytes.Buffer
	return &terminal{out: &b, err: &b, program: "quarry", home: "/home/u", dir: "/home/u/text"}, &b
}

func stage(name string, ms int) *quarryv1.StageTime {
	return &quarryv1.StageTime{Stage: name, Time: durationpb.New(time.Duration(ms) * time.Millisecond)}
}

// answer is a stream as a server sends it, with a document that tries to take
// over the terminal.
func answer() []*quarryv1.AskResponse {
	cite := func(n int32, start int64, quote string) *quarryv1.AskResponse {
		return &quarryv1.AskResponse{Event: &quarryv1.AskResponse_Citation{Citation: &quarryv1.CitationEvent{
			Passage: n, Uri: "/home/u/text/spec.html", HeadingPath: []string{"Statements", "Select\x1b[31m statements"},
			Range: &quarryv1.ByteRange{Start: start, End: start + int64(len(quote))}, Quote: quote, Page: n - 1, Commit: strings.Repeat("0123456789\x1babcdef", int(n)-1),
		}}}
	}
	delta := func(s string) *quarryv1.AskResponse {
		return &quarryv1.AskResponse{Event: &quarryv1.AskResponse_Delta{Delta: &quarryv1.DeltaEvent{Text: s}}}
	}
	return []*quarryv1.AskResponse{
		{Event: &quarryv1.AskResponse_Plan{Plan: &quarryv1.PlanEvent{
			Model: "extractive", Note: "Quotes, without a language model.", Question: "How does it choose? select", RewrittenBy: "rules", Conversation: "c-1",
		}}},
		{Event: &quarryv1.AskResponse_Passages{Passages: &quarryv1.PassagesEvent{Report: &quarryv1.SearchReport{Degraded: []string{"The dense leg was late."}}}}},
		delta("One is chosen by a uniform "), delta("pseudo-random selection. [2]"), cite(2, 500, "a single one that can proceed is chosen\n\tvia a uniform pseudo-random selection "+strings.Repeat("and so on ", 20)),
		delta(" Otherwise it\x1b]0;owned\x07 blocks. [1]"), cite(1, 20, "blocks"), cite(2, 900, "again"),
		{Event: &quarryv1.AskResponse_Support{Support: &quarryv1.SupportEvent{Start: 0, End: 55, Supported: true}}},
		{Event: &quarryv1.AskResponse_Support{Support: &quarryv1.SupportEvent{Start: 56, End: 90, Reason: "it cites\nnothing"}}},
		{Event: &quarryv1.AskResponse_Support{Support: &quarryv1.SupportEvent{Start: 80, End: 9000}}},
		{Event: &quarryv1.AskResponse_Usage{Usage: &quarryv1.UsageEvent{}}},
		{Event: &quarryv1.AskResponse_Verdict{Verdict: &quarryv1.VerdictEvent{Verdict: quarryv1.Verdict_VERDICT_PARTIAL, Reason: "one sentence has no support"}}},
		{Event: &quarryv1.AskResponse_Done{Done: &quarryv1.DoneEvent{RemovedMarkers: 2, Stages: []*quarryv1.StageTime{stage("embed", 2), stage("first_token", 41), stage("ask", 1234)}}}},
	}
}

func TestAnswerView(t *testing.T) {
	term, b := testTerminal()
	view := &answerView{term: term}
	for _, e := range answer() {
		if err := view.show(e); err != nil {
			t.Fatal(err)
		}
	}
	golden(t, "answer.golden", b.String())
}

func TestDoubts(t *testing.T) {
	for want, s := range map[string]*quarryv1.SupportEvent{
		"it cites nothing": {Reason: "it cites nothing"},
		"the number 9 is missing; big finds it supported":    {Reason: "the number 9 is missing", Judgement: &quarryv1.Judgement{Model: "big", Supported: true}},
		"big does not find it supported: it is about whales": {Supported: true, Judgement: &quarryv1.Judgement{Model: "big", Reason: "it is about\nwhales"}},
		"big does not find it supported":                     {Supported: true, Judgement: &quarryv1.Judgement{Model: "big"}},
	} {
		if got := doubts(s); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// An answer that broke off shows that it did, before its verdict.
func TestFailedAnswerView(t *testing.T) {
	term, b := testTerminal()
	view := &answerView{term: term}
	for _, e := range []*quarryv1.AskResponse{
		{Event: &quarryv1.AskResponse_Delta{Delta: &quarryv1.DeltaEvent{Text: "One is"}}},
		{Event: &quarryv1.AskResponse_Verdict{Verdict: &quarryv1.VerdictEvent{Verdict: quarryv1.Verdict_VERDICT_FAILED, Reason: "the answer broke off: truncated"}}},
	} {
		if err := view.show(e); err != nil {
			t.Fatal(err)
		}
	}
	view.breakOff()
	if got, want := b.String(), "One is …\n\nVerdict: failed (the answer broke off: truncated)\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestSearchText(t *testing.T) {
	term, _ := testTerminal()
	golden(t, "search.golden", searchText(term, &quarryv1.SearchResponse{
		Passages: []*quarryv1.Passage{
			{
				Uri: "/home/u/other/a.md", HeadingPath: []string{"Top"}, Text: "first\nsecond " + strings.Repeat("x ", 200), Score: 0.9,
				Range: &quarryv1.ByteRange{Start: 3, End: 9}, Dense: &quarryv1.LegScore{Score: 0.5, Rank: 1}, Lexical: &quarryv1.LegScore{Score: 12.25},
			},
			{Uri: "https://example.com/b", Text: "b"},
		},
		Report: &quarryv1.SearchReport{Coverage: 0.612, Stages: []*quarryv1.StageTime{stage("embed", 3), stage("total", 15)}},
	})+searchText(term, &quarryv1.SearchResponse{}))
}

func TestImportText(t *testing.T) {
	term, _ := testTerminal()
	first := &quarryv1.Import{State: quarryv1.ImportState_IMPORT_STATE_SCANNING, Listed: 10, Queued: 8, Indexed: 1, Chunks: 20}
	later := &quarryv1.Import{
		State: quarryv1.ImportState_IMPORT_STATE_INDEXING, Listed: 12, Queued: 9, Indexed: 4, Failed: 1, Chunks: 120, Error: "will be tried again: the server is away",
		Waiting: "waits until 10:00:05 UTC: the embedding server takes no more before",
		Rate:    &quarryv1.ImportRate{ChunksPerSecond: 49.6, TokensPerSecond: 10000, TimeLeft: durationpb.New(2 * time.Second)},
	}
	large := &quarryv1.Import{
		State: quarryv1.ImportState_IMPORT_STATE_INDEXING, Listed: 1, Queued: 1, Embedded: 512, Waiting: "map.pdf (24.0 MB) is being embedded: 512 of 20480 chunks",
		Rate: &quarryv1.ImportRate{ChunksPerSecond: 49.6, TokensPerSecond: 10000},
	}
	done := &quarryv1.Import{
		State: quarryv1.ImportState_IMPORT_STATE_DONE, Listed: 15, Queued: 9, Indexed: 8, Failed: 1, Unchanged: 3, Removed: 2, Chunks: 200, Embedded: 150, Tokens: 30000,
		StartedAt: timestamppb.New(time.Unix(100, 0)), FinishedAt: timestamppb.New(time.Unix(175, 0)),
		Skipped: []*quarryv1.Skipped{{Reason: "a named pipe", Count: 1, Example: "/home/u/text/p"}, {Reason: "unknown format", Count: 2, Example: "/x/y.bin"}},
	}
	golden(t, "import.golden", strings.Join([]string{
		importLine(first), importLine(later), importLine(large), bar(0, 0), bar(5, 9), bar(9, 9),
		importSummary(term, done), importSummary(term, &quarryv1.Import{Unchanged: 4}),
		importRow(term, &quarryv1.Import{
			Id: "77", State: quarryv1.ImportState_IMPORT_STATE_FAILED, StartedAt: timestamppb.New(time.Unix(100, 0)), Queued: 9, Indexed: 8, Failed: 1,
			Source: "/home/u/text", Error: "the disk\nis away",
		}),
		importRow(term, large),
	}, "\n")+"\n")
}

// An import that failed before it did anything gives its error alone.
func TestConclude(t *testing.T) {
	const failed = quarryv1.ImportState_IMPORT_STATE_FAILED
	for _, c := range []struct {
		im         *quarryv1.Import
		said, fail string
	}{
		{&quarryv1.Import{State: quarryv1.ImportState_IMPORT_STATE_DONE}, "Ingested: nothing\n", ""},
		{&quarryv1.Import{State: failed, Error: "the disk is away"}, "", "the import ended as failed: the disk is away"},
		{&quarryv1.Import{State: failed, Error: "the disk is away", Indexed: 2}, "Ingested: 2 indexed\n", "the import ended as incomplete: the disk is away"},
	} {
		term, said := testTerminal()
		err := term.conclude(c.im)
		if fail := fmt.Sprint(err); said.String() != c.said || fail != c.fail && (c.fail != "" || err != nil) {
			t.Errorf("%v: said %q, error %q", c.im, said, fail)
		}
	}
}

func TestDocumentText(t *testing.T) {
	term, _ := testTerminal()
	ready := &quarryv1.Document{Uri: "/home/u/text/a.md", Title: "A", MediaType: "text/markdown", State: quarryv1.DocumentState_DOCUMENT_STATE_READY, Version: 2, Size: 1234, Chunks: 5, Principals: []string{"hr", "ann"}}
	failed := &quarryv1.Document{Uri: "/b", State: quarryv1.DocumentState_DOCUMENT_STATE_FAILED, Reason: "not valid UTF-8 at byte 8123", Size: 3_000_000}
	golden(t, "document.golden", strings.Join([]string{
		docLine(term, ready), docLine(term, failed), docText(&quarryv1.GetDocumentResponse{Document: ready, Text: "# A\n\x1b[2Jbody"}),
	}, "\n")+"\n")
}

func TestCollectionText(t *testing.T) {
	weight := 0.4
	golden(t, "collection.golden", collectionText(&quarryv1.Collection{
		Name: "docs", Description: "Our docs", Documents: 3, Chunks: 40, Space: &quarryv1.Space{Model: "m", Dim: 384},
		Settings: &quarryv1.CollectionSettings{DenseWeight: &weight}, CreatedAt: timestamppb.New(time.Unix(0, 0)),
	})+"\n")
}

// On a terminal a line is rewritten and removed at the end; elsewhere a line
// comes at most every two seconds.
func TestProgress(t *testing.T) {
	now := time.Unix(0, 0)
	show := func(tty bool) string {
		term, b := testTerminal()
		term.tty = tty
		p := newProgress(term, func() time.Time { return now })
		for i := range 50 {
			now = now.Add(50 * time.Millisecond)
			p.say(fmt.Sprintf("step %d", i))
		}
		p.end()
		return b.String()
	}
	if got := show(false); got != "step 39\n" {
		t.Errorf("not a terminal: %q", got)
	}
	if got := show(true); strings.Contains(got, "\n") || !strings.HasPrefix(got, "\r\x1b[Kstep 0") || !strings.HasSuffix(got, "\r\x1b[K") {
		t.Errorf("terminal: %q", got)
	}
}

// A file that has moved is shown from where it was to where it is, both shortened.
func TestMovedIsShort(t *testing.T) {
	term, _ := testTerminal()
	term.dir = "/w"
	p := &quarryv1.ImportPlan{Moved: &quarryv1.Planned{Count: 1, Examples: []string{"file:///w/a.md → file:///w/in/b.md"}}}
	if got, want := planText(term, p), "\n  > a.md → in/b.md"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
