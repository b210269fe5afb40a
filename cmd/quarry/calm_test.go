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
	log.Error("other", "err", errors.New("disk on fire"))
	got := b.String()
	for want, times := range map[string]int{"first": 1, "second": 0, "other": 1, "WARN": 1, "level=ERROR": 1, "part=worker": 2} {
		if n := strings.Count(got, want); n != times {
			t.Errorf("%q stands %d times, want %d, in\n%s", want, n, times, got)
		}
	}
}

func TestCalmShowsAllToWhoAsks(t *testing.T) {
	var b bytes.Buffer
	log := calmly(slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug})))
	log.Error("first", "err", io.ErrUnexpectedEOF)
	log.Error("second", "err", io.ErrUnexpectedEOF)
	if !strings.Contains(b.String(), "level=DEBUG msg=second") {
		t.Error(b.String())
	}
}
