package main

import (
	"context"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/quarry-rag/quarry/internal/eval"
)

// evalCmd measures retrieval on questions whose answers are known.
type evalCmd struct {
	Path     string   `arg:"" type:"path" help:"A folder in BEIR form (queries.jsonl, qrels.tsv, corpus.jsonl; .gz too), a golden file (.jsonl), or with --qrels a TREC topics file."`
	Qrels    string   `env:"-" type:"existingfile" help:"TREC judgements of a topics file."`
	RunFiles []string `env:"-" name:"run" type:"existingfile" sep:"none" placeholder:"FILE" help:"Score this TREC run file instead of searching; several are compared."`
	Foreign  string   `env:"-" type:"path" placeholder:"PATH" help:"Add this BEIR folder's or queries.jsonl's questions as ones that are not in the documents."`

	Load bool     `env:"-" help:"Load the folder's corpus first; started again it goes on where it was. A corpus has the collection eval-NAME unless --collection says another."`
	Legs []string `env:"-" placeholder:"dense,lexical,hybrid" help:"Legs to compare, a row each. Default: hybrid."`
	Set  []string `env:"-" sep:"none" placeholder:"NAME=V,V" help:"Values to compare: dense_weight, fusion (weighted, rrf), bm25_k1, bm25_b (these two change the collection until the end), chunk_tokens (a collection each, with --load), expand (none, neighbours, section), max_tokens, dedupe, rerank, hyde (off, on), diversity, paraphrases, dense_plan (exact, hnsw). Several are combined."`

	narrowing

	Measures    []string `env:"-" name:"measure" placeholder:"NAME@K" help:"Measures instead of the usual ones; the first is compared: ndcg, map, mrr, recall, success, p, quote_recall, quote_precision, quote_iou."`
	Depth       int      `env:"-" default:"100" help:"Documents ranked for a query, 1 to 1000."`
	Passages    int      `env:"-" placeholder:"N" help:"Passages asked for, 1 to 1000; latency depends on it. Default: 4 times the depth."`
	Concurrency int      `env:"-" default:"4" help:"Searches at once, 1 to 256."`
	SkipEmpty   bool     `env:"-" help:"Leave out queries that returned nothing, as trec_eval without -c; otherwise they count as 0."`
	Seed        uint64   `env:"-" default:"1" help:"Seed of halves, tests and intervals."`

	RunOut   string   `env:"-" type:"path" placeholder:"FILE" help:"Write the rankings as a TREC run file; with several rows, FILE.ROW each."`
	PerQuery string   `env:"-" type:"path" placeholder:"FILE" help:"Write each query's figures as JSON lines."`
	Worst    int      `env:"-" default:"3" help:"Worst queries of the best row to show, with what was expected and what came."`
	Min      []string `env:"-" placeholder:"NDCG@10=0.70" help:"Exit with 1 when a row is below."`

	Answers bool   `env:"-" help:"Ask the questions that have gold answers (answers.jsonl) and tell how often one is in the answer."`
	Model   string `env:"-" placeholder:"NAME" help:"With --answers, one of the server's models; empty: its default."`
	Sample  int    `env:"-" placeholder:"N" help:"Take only so many questions of each kind, drawn by --seed. 0: all."`

	Verdict bool     `env:"-" help:"Measure how well the collection's min_score tells what is not in the documents: the set's questions against those of --beside, and with their articles left out."`
	Beside  []string `env:"-" type:"existingdir" sep:"none" placeholder:"DIR" help:"With --verdict, a further set, loaded before; several."`

	RecallOfIndex bool `env:"-" help:"Compare the HNSW index with the exact plan on the questions, and nothing else."`

	Tune      bool `env:"-" help:"Search for the best dense_weight on half of the queries and report the other half."`
	TuneBM25  bool `env:"-" name:"tune-bm25" help:"With --tune, also bm25_k1 and bm25_b."`
	Calibrate bool `env:"-" help:"Find the coverage that best tells questions that are not in the documents: those of --foreign and of answers.jsonl or, with --verdict, the set's own with their articles left out."`
	Store     bool `env:"-" help:"Store what --tune or --calibrate found in the collection's settings."`
}

// Validate is called by kong.
func (c *evalCmd) Validate() error {
	for _, f := range []struct {
		name             string
		value, low, high int
	}{{"depth", c.Depth, 1, 1000}, {"passages", c.Passages, 0, 1000}, {"concurrency", c.Concurrency, 1, 256}, {"worst", c.Worst, 0, 1000}, {"sample", c.Sample, 0, 1_000_000}} {
		if f.value < f.low || f.value > f.high {
			return fmt.Errorf("--%s must be %d to %d", f.name, f.low, f.high)
		}
	}
	return nil
}

func (c *evalCmd) Run(ctx context.Context, g *globals, term *terminal) error {
	r := c.request(term)
	data, err := r.Open()
	if err != nil {
		return err
	}
	collection := g.Collection
	if data.Corpus != nil && collection == "default" {
		collection = data.CollectionName()
	}
	return withClient(g.Server, func(cl *client) error {
		server := eval.NewServer(cl.conn, collection)
		server.Narrow(c.Filter, c.Principal)
		err := r.Do(ctx, server, data)
		if status.Code(err) == codes.NotFound && data.Corpus != nil && !c.Load {
			return fmt.Errorf("no collection %q: --load makes it from the set's corpus", collection)
		}
		return err
	})
}

func (c *evalCmd) request(term *terminal) *eval.Request {
	return &eval.Request{
		Path: c.Path, Qrels: c.Qrels, Runs: c.RunFiles, Foreign: c.Foreign,
		Load: c.Load, Tune: c.Tune, TuneBM25: c.TuneBM25, Calibrate: c.Calibrate, Store: c.Store,
		RecallOfIndex: c.RecallOfIndex, Answers: c.Answers, Model: c.Model, Sample: c.Sample, Verdict: c.Verdict, Beside: c.Beside,
		Legs: c.Legs, Set: c.Set, Measures: c.Measures, Min: c.Min,
		Options: eval.Options{
			Depth: c.Depth, Passages: c.Passages, Concurrency: c.Concurrency,
			SkipEmpty: c.SkipEmpty, Seed: c.Seed, Progress: evalProgress(term),
		},
		JSON: term.json, RunOut: c.RunOut, PerQuery: c.PerQuery, Worst: c.Worst,
		Out: term.out, Note: term.note,
	}
}

// evalProgress says every 500 searches how far it is.
func evalProgress(term *terminal) func(row, rows, done, of int) {
	return func(row, rows, done, of int) {
		if done%500 == 0 && done < of {
			term.note("row %d of %d: %d of %d queries", row+1, rows, done, of)
		}
	}
}
