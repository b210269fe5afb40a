package parse

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestMain serves as a child when the tests start this program as one.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "parse-child" {
		CacheDir = os.Args[2]
		readers["test/loop"] = func(context.Context, []byte) (Parsed, error) {
			for x := 1; x != 0; x |= 1 {
			}
			return Parsed{}, nil
		}
		readers["test/memory"] = func(context.Context, []byte) (Parsed, error) {
			limitMemory(256 << 20) // sooner than Serve has it
			var held [][]byte
			for {
				held = append(held, make([]byte, 16<<20))
				clear(held[len(held)-1])
			}
		}
		readers["test/end"] = func(context.Context, []byte) (Parsed, error) { os.Exit(3); return Parsed{}, nil }
		if err := Serve(os.Stdin, os.Stdout); err != nil {
			os.Exit(1)
		}
		return
	}
	var err error
	if CacheDir, err = os.MkdirTemp("", "quarry-parse"); err != nil { // the engine is compiled once
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(CacheDir)
	os.Exit(code)
}

// withChild has the test's documents read in children.
func withChild(t *testing.T) {
	Child = []string{os.Args[0], "parse-child"}
	t.Cleanup(func() {
		Child = nil
		for _, c := range nursery.idle {
			c.kill()
		}
		nursery.idle = nil
	})
}

// A child gives what reading here gives, reasons included.
func TestChildReads(t *testing.T) {
	startPDF(t)
	withChild(t)
	command := Child
	for _, f := range []fixture{
		{"report.pdf", reportPDF()},
		{"heights.xlsx", workbook(t)},
		{"scan.pdf", makePDF("", nil)},
		{"broken.pdf", []byte("%PDF-1.7\nbut no more")},
	} {
		Child = nil
		want, wantErr := Parse(t.Context(), Detect(f.name, f.body), f.body)
		Child = command
		got, err := Parse(t.Context(), Detect(f.name, f.body), f.body)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-here +child):\n%s", f.name, d)
		}
		if wantErr != nil && (err == nil || err.Error() != wantErr.Error()) || wantErr == nil && err != nil {
			t.Errorf("%s: %v, here %v", f.name, err, wantErr)
		}
	}
	if len(nursery.idle) != 1 {
		t.Errorf("%d children for one document at a time", len(nursery.idle))
	}
}

// What loops is killed when its time is over, what eats memory or ends the
// process is given a reason, and the next document is read.
func TestChildIsContained(t *testing.T) {
	withChild(t)
	ask := func(mediaType string, limit time.Duration) error {
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		_, err := isolated(mediaType, nil)(ctx, []byte("x"))
		return err
	}
	looped, limit := ErrStarved, 300*time.Millisecond
	for errors.Is(looped, ErrStarved) { // on a busy machine
		looped, limit = ask("test/loop", limit), 2*limit
	}
	if !errors.Is(looped, context.DeadlineExceeded) {
		t.Errorf("a loop: %v", looped)
	}
	for _, mediaType := range []string{"test/memory", "test/end"} {
		if err := ask(mediaType, time.Minute); err == nil || !errors.As(err, new(*Error)) || !strings.Contains(err.Error(), "hostile") {
			t.Errorf("%s: %v", mediaType, err)
		}
	}
	if err := ask("text/plain", time.Minute); err != nil {
		t.Errorf("the next one: %v", err)
	}
}

// Time that passes while no child is free, or while one has no processor, is not
// held against the document.
func TestStarvedIsNotTheDocumentsFault(t *testing.T) {
	ask := func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_, err := isolated("text/plain", nil)(ctx, []byte("x"))
		return err
	}
	Child = []string{"sh", "-c", "exec sleep 60"}
	t.Cleanup(func() { Child = nil })
	if err := ask(); !errors.Is(err, ErrStarved) {
		t.Errorf("a child that does not run: %v", err)
	}
	for range maxChildren {
		nursery.slots <- struct{}{}
	}
	err := ask()
	for range maxChildren {
		<-nursery.slots
	}
	if !errors.Is(err, ErrStarved) {
		t.Errorf("no child is free: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := starved(ended, 0, time.Minute); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	over, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	if err := starved(over, 15*time.Second, time.Minute); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("it had a quarter of a processor: %v", err)
	}
}

// A child ends with its input, so that none outlives its parent.
func TestChildEndsWithItsParent(t *testing.T) {
	withChild(t)
	c, err := startChild()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.in.Close(); err != nil {
		t.Fatal(err)
	}
	<-c.gone
}

// A command that is no child is an error that may pass, not the document's.
func TestChildDoesNotStart(t *testing.T) {
	Child = []string{"/nowhere/quarry"}
	defer func() { Child = nil }()
	if _, err := Parse(t.Context(), xlsxType, []byte("PK")); err == nil || errors.As(err, new(*Error)) {
		t.Errorf("got %v", err)
	}
}
