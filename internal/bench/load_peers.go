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
	"path/filepath"
	"slices"
	"strings"
	"time"
)

//go:embed peers.py
var peersPy string

// envPeers names a Python interpreter that has peers.txt's packages.
const envPeers = "BENCH_PEERS_PYTHON"

// The other stores load loadPeers documents in turns with Quarry, loadRounds
// times: what else the machine does then meets all of them, and the median of the
// rounds' ratios is reported.
const (
	loadRounds = 5
	loadPeers  = 5_000 // as many as need no HNSW index, which none builds meanwhile
)

// peerTables are the tables that peers.py makes.
const peerTables = "peer_langchain, data_peer_llamaindex"

// peerRate is what a store loaded in one round.
type peerRate struct {
	Store   string
	Rows    int
	Seconds float64
}

func (r peerRate) perSecond() float64 { return float64(r.Rows) / r.Seconds }

// peers has the other stores load the same texts and vectors into the same
// Postgres. They write no lexical index and no tables of documents.
func (l *load) peers(ctx context.Context) error {
	python := os.Getenv(envPeers)
	if python == "" {
		return errors.New(envPeers + " is not set: run `make bench-load`")
	}
	n := min(l.n, loadPeers)
	file := filepath.Join(l.dir, "some.jsonl")
	if err := writeRecords(file, n, l.b.model.Info().Dim); err != nil {
		return err
	}
	stores := []func(round int) (peerRate, error){
		func(round int) (peerRate, error) {
			r, err := l.quarry(ctx, fmt.Sprintf("load-%d", round), file, n)
			return peerRate{"Quarry", n, r.took.Seconds()}, err
		},
		func(int) (peerRate, error) { return l.peer(ctx, python, "langchain", file, n) },
		func(int) (peerRate, error) { return l.peer(ctx, python, "llamaindex", file, n) },
	}
	rates := make([][]peerRate, len(stores))
	for round := range loadRounds {
		for turn := range stores {
			i := (round + turn) % len(stores) // none is always first
			r, err := stores[i](round)
			if err != nil {
				return err
			}
			rates[i] = append(rates[i], r)
			if err := l.quiet(ctx); err != nil {
				return err
			}
		}
	}
	for _, theirs := range rates[1:] {
		l.reportPeer(rates[0], theirs)
	}
	return nil
}

func (l *load) reportPeer(ours, theirs []peerRate) {
	var a, b, ratios []float64
	for i := range ours {
		a, b = append(a, ours[i].perSecond()), append(b, theirs[i].perSecond())
		ratios = append(ratios, a[i]/b[i])
	}
	l.b.t.add("  in turns with "+theirs[0].Store, fmt.Sprintf("%.0f docs/s", median(a)),
		fmt.Sprintf("%.0f docs/s (%d rounds of %d documents)", median(b), len(ours), ours[0].Rows),
		fmt.Sprintf("%.1f (%.1f–%.1f)", median(ratios), slices.Min(ratios), slices.Max(ratios)), "≥ 3")
}

// peer has another store load the file's documents.
func (l *load) peer(ctx context.Context, python, peer, file string, n int) (p peerRate, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	if _, err := l.conn.Exec(ctx, "drop table if exists "+peerTables); err != nil {
		return p, err
	}
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, python, "-c", peersPy, peer, l.pg.URL(), file, fmt.Sprint(n))
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	if err := cmd.Run(); err != nil {
		return p, fmt.Errorf("%s: %w", peer, err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &p); err != nil {
		return p, fmt.Errorf("%s: %w", peer, err)
	}
	return p, nil
}

// median of an odd number of values, else the upper one of the middle two.
func median(v []float64) float64 { return slices.Sorted(slices.Values(v))[len(v)/2] }
