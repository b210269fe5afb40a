package lockfile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestTryNamesHolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	l, err := Try(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Try(path)
	var held *HeldError
	if !errors.As(err, &held) || held.PID != fmt.Sprint(os.Getpid()) || held.Path != path {
		t.Fatalf("second lock: %v", err)
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	if l, err = Try(path); err != nil {
		t.Fatalf("after release: %v", err)
	}
	l.Release()
}

func TestWait(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	l, err := Try(path)
	if err != nil {
		t.Fatal(err)
	}
	calls := 0
	second, err := Wait(context.Background(), path, func(*HeldError) {
		calls++
		l.Release()
	})
	if err != nil || calls != 1 {
		t.Fatalf("wait: %v after %d notices", err, calls)
	}
	defer second.Release()
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if _, err := Wait(ctx, path, func(*HeldError) {}); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("wait past its deadline: %v", err)
	}
}
