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
	if err := ask("test/loop", 300*time.Millisecond); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a loop: %v", err)
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
