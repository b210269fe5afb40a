package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

//go:embed peers_search.py
var peersSearchPy string

// peerDatabase is a database of the other stores' own on the same server.
const peerDatabase = "peers"

// peers compares searches with those of other projects' stores: the same texts,
// vectors and queries on the same Postgres, each as a library in a process of its
// own language, with vectors given, so that no embedding is measured.
type peers struct {
	*scale
	n       int
	queries []peerQuery
	number  map[string]int // of a chunk, by its text
	ours    map[string]peerResult
}

// peerQuery is some words of a chunk.
type peerQuery struct {
	Text   string    `json:"text"`
	Vector []float32 `json:"vector"`
	source int
	exact  []int // the nearest chunks, by comparing with all
}

// peerResult is how a store searched in one mode: searches a second with 1 and 8
// clients, and the chunks found for each query.
type peerResult struct {
	Store, Mode string
	Rate        []float64
	Found       [][]int
}

// runPeers is `bench peers`.
func runPeers(ctx context.Context, args []string) error {
	var o options
	f := flag.NewFlagSet("peers", flag.ExitOnError)
	f.StringVar(&o.bin, "quarry", "bin/quarry", "the binary that loads and serves")
	f.StringVar(&o.runtime, "runtime", os.Getenv("QUARRY_TEST_RUNTIME"), "runtime folder")
	f.StringVar(&o.home, "home", "", "folder that keeps what is loaded for the next run; empty: none")
	n := f.Int("n", 10_000, "chunks")
	f.Parse(args)
	if os.Getenv(envPeers) == "" {
		return errors.New(envPeers + " is not set: run `make bench-peers`")
	}
	return withBench(ctx, o, func(b *bench) error {
		return b.scale(ctx, []int{*n}, func(sc *scale) error { return sc.comparePeers(ctx, *n) })
	})
}

func (sc *scale) comparePeers(ctx context.Context, n int) error {
	p := &peers{scale: sc, n: n, number: map[string]int{}, ours: map[string]peerResult{}}
	if err := p.ask(ctx); err != nil {
		return err
	}
	if err := p.load(ctx, p.name(), n); err != nil {
		return err
	}
	if err := p.quarry(ctx); err != nil {
		return fmt.Errorf("quarry: %w", err)
	}
	url, err := p.database(ctx)
	if err != nil {
		return err
	}
	if err := p.langchaingo(ctx, url); err != nil {
		return fmt.Errorf("langchaingo: %w", err)
	}
	for _, store := range []string{"langchain", "llamaindex"} {
		if err := p.python(ctx, store, url); err != nil {
			return fmt.Errorf("%s: %w", store, err)
		}
	}
	return nil
}

func (p *peers) name() string { return fmt.Sprintf("scale-%d", p.n) }

// database makes the others' database anew.
func (p *peers) database(ctx context.Context) (string, error) {
	for _, sql := range []string{"drop database if exists " + peerDatabase + " with (force)", "create database " + peerDatabase} {
		if _, err := p.pool.Exec(ctx, sql); err != nil {
			return "", err
		}
	}
	u, err := url.Parse(p.s.postgres)
	if err != nil {
		return "", err
	}
	u.Path = "/" + peerDatabase
	return u.String(), p.extension(ctx, u.String())
}

// python runs a Python store in a process of its own.
func (p *peers) python(ctx context.Context, store, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	dir, err := os.MkdirTemp("", "quarry-peers-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	chunks, queries := filepath.Join(dir, "chunks.jsonl"), filepath.Join(dir, "queries.jsonl")
	if err := p.write(chunks, queries); err != nil {
		return err
	}
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, os.Getenv(envPeers), "-c", peersSearchPy, store, url, chunks, queries)
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	if err := cmd.Run(); err != nil {
		return err
	}
	for line := range strings.Lines(out.String()) {
		var r peerResult
		if json.Unmarshal([]byte(line), &r) == nil && r.Store != "" {
			p.report(r)
		}
	}
	return nil
}

// report sets a store beside ours in the same mode. Dense is judged by how much
// of the exact ten nearest is found, hybrid by whether the chunk that the words
// are from is.
func (p *peers) report(r peerResult) {
	ours := p.ours[r.Mode]
	mine, theirs := slices.Max(ours.Rate), slices.Max(r.Rate)
	p.t.add(fmt.Sprintf("%s search beside %s", r.Mode, r.Store), fmt.Sprintf("%.0f/s", mine),
		fmt.Sprintf("%.0f/s (1 client %.0f, 8 clients %.0f)", theirs, r.Rate[0], r.Rate[1]), fmt.Sprintf("%.1f", mine/theirs), "≥ 5")
	a, b := p.quality(ours), p.quality(r)
	what := "  recall@10 against exact"
	if r.Mode == "hybrid" {
		what = "  source found in ten"
	}
	p.t.add(what, fmt.Sprintf("%.3f", a), fmt.Sprintf("%.3f", b), fmt.Sprintf("%.2f", a/max(b, 1e-9)), "≥ 1")
}

func (p *peers) quality(r peerResult) (mean float64) {
	for i, q := range p.queries {
		want := q.exact
		if r.Mode == "hybrid" {
			want = []int{q.source}
		}
		found := 0
		for _, chunk := range want {
			if slices.Contains(r.Found[i], chunk) {
				found++
			}
		}
		mean += float64(found) / float64(len(want)) / float64(len(p.queries))
	}
	return mean
}
