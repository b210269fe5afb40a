package main

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
)

func TestCalmSaysItOnce(t *testing.T) {
	var b bytes.Buffer
	log := calmly(slog.New(slog.NewTextHandler(&b, nil))).With("part", "worker").WithGroup("g")
	log.Error("first", "err", io.ErrUnexpectedEOF)
	log.Error("second", "error", "FATAL: the database system is starting up (SQLSTATE 57P03)")
	log.Error("jobcompleter: Too many errors; giving up")
	log.Warn("third", "err", "ERROR: could not extend file (SQLSTATE 53100)")
	log.Warn("fourth", "err", "ERROR: could not extend file (SQLSTATE 53100)")
	log.Error("other", "err", errors.New("disk on fire"))
	got := b.String()
	for want, times := range map[string]int{
		"Postgres does not answer": 1, "unexpected EOF": 1, "first": 0, "second": 0, "giving up": 0,
		"disk of Postgres is full": 1, "third": 0, "fourth": 0,
		"other": 1, "WARN": 2, "level=ERROR": 1, "part=worker": 3,
	} {
		if n := strings.Count(got, want); n != times {
			t.Errorf("%q stands %d times, want %d, in\n%s", want, n, times, got)
		}
	}
}

// TestCalmKeepsOtherTrouble: River gives up for other reasons too.
func TestCalmKeepsOtherTrouble(t *testing.T) {
	var b bytes.Buffer
	calmly(slog.New(slog.NewTextHandler(&b, nil))).Error("jobcompleter: Too many errors; giving up")
	if !strings.Contains(b.String(), "level=ERROR") {
		t.Errorf("nothing was away, and yet:\n%s", b.String())
	}
}

func TestCalmShowsAllToWhoAsks(t *testing.T) {
	var b bytes.Buffer
	log := calmly(slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug})))
	log.Error("first", "err", io.ErrUnexpectedEOF)
	log.Error("second", "err", io.ErrUnexpectedEOF)
	for _, want := range []string{"level=DEBUG msg=first", "level=DEBUG msg=second"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}
