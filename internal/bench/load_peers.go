package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

//go:embed peers.py
var peersPy string

// envPeers names a Python interpreter that has peers.txt's packages.
const envPeers = "BENCH_PEERS_PYTHON"

// peers has the other stores load the same texts and vectors into the same
// Postgres, one after the other. They write no lexical index and no tables of
// documents.
func (l *load) peers(ctx context.Context, r loadResult) error {
	python := os.Getenv(envPeers)
	if python == "" {
		return errors.New(envPeers + " is not set: run `make bench-load`")
	}
	for _, peer := range []string{"langchain", "llamaindex"} {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
		var out bytes.Buffer
		cmd := exec.CommandContext(ctx, python, "-c", peersPy, peer, l.pg.URL(), l.file, fmt.Sprint(min(l.n, loadPeers)))
		cmd.Stdout, cmd.Stderr = &out, os.Stderr
		err := cmd.Run()
		cancel()
		if err != nil {
			return fmt.Errorf("%s: %w", peer, err)
		}
		var p struct {
			Store   string
			Rows    int
			Seconds float64
		}
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &p); err != nil {
			return fmt.Errorf("%s: %w", peer, err)
		}
		ours, theirs := float64(l.n)/r.took.Seconds(), float64(p.Rows)/p.Seconds
		l.b.t.add("  beside "+p.Store, fmt.Sprintf("%.0f docs/s", ours),
			fmt.Sprintf("%.0f docs/s (%d documents)", theirs, p.Rows), fmt.Sprintf("%.1f", ours/theirs), "≥ 3")
	}
	return nil
}
