package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/quarry-rag/quarry/internal/runtime"
	pb "github.com/quarry-rag/quarry/proto/quarry/v1"
	"github.com/quarry-rag/quarry/retrieve/embed/onnx"
)

// run is `bench` without a command.
func run(ctx context.Context, o options) error {
	return withBench(ctx, o, func(b *bench) error {
		switch {
		case o.server != "":
			return b.again(ctx)
		case *loadDocs > 0:
			return b.loads(ctx, *loadDocs, true)
		}
		return b.all(ctx)
	})
}

// withBench opens what every measurement needs, and prints the table at the end.
func withBench(ctx context.Context, o options, measure func(*bench) error) error {
	if o.runtime == "" {
		return fmt.Errorf("no runtime folder: run `make bench`")
	}
	home := o.home
	if home == "" {
		dir, err := os.MkdirTemp("", "quarry-bench-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		home = dir
	}
	// As root, Postgres's user must get in.
	if err := os.MkdirAll(home, 0o755); err != nil {
		return err
	}
	if err := os.Chmod(home, 0o755); err != nil {
		return err
	}
	rt := runtime.At(o.runtime)
	model, err := onnx.Open(rt.OnnxLib, rt.ModelDir, onnx.Options{})
	if err != nil {
		return err
	}
	defer model.Close()
	b := &bench{o: o, model: model, home: home}
	err = measure(b)
	// What was measured before an error, or an interrupt, is worth seeing.
	return errors.Join(err, b.t.print(os.Stdout))
}

type bench struct {
	o     options
	model *onnx.Model
	home  string
	s     *server
	t     table
}

// all runs every measurement on one server, which is restarted once to see how
// fast it is ready the second time.
func (b *bench) all(ctx context.Context) (err error) {
	if b.s, err = start(ctx, b.o, b.home); err != nil {
		return err
	}
	defer func() { b.s.stop() }()
	docs, err := readFolder(b.o.docs)
	if err != nil {
		return err
	}
	if err := b.ingestion(ctx, filepath.Base(b.o.docs), "godoc", docs); err != nil {
		return err
	}
	collection := "godoc"
	if b.o.data != "" {
		corpus, err := readCorpus(b.o.data)
		if err != nil {
			return err
		}
		collection = "corpus"
		if err := b.ingestion(ctx, filepath.Base(filepath.Dir(b.o.data)), collection, corpus); err != nil {
			return err
		}
		docs = corpus
	}
	once, err := b.s.peakMB()
	if err != nil {
		return err
	}
	b.s.stop()
	if b.s, err = start(ctx, b.o, b.home); err != nil {
		return err
	}
	b.t.add("start to ready, second run", ms(b.s.ready), "3 s", fmt.Sprintf("%.2f", b.s.ready.Seconds()/3), "≤ 1")
	if err := b.searches(ctx, collection, queries(docs, b.o.queries)); err != nil {
		return err
	}
	// Last, as their index is built meanwhile.
	if err := b.copies(ctx, docs, once); err != nil {
		return err
	}
	return b.loads(ctx, loadShort, false)
}

// again measures searches on a server that has the corpus already.
func (b *bench) again(ctx context.Context) (err error) {
	if b.s, err = attach(b.o.server, b.o.home); err != nil {
		return err
	}
	defer b.s.stop()
	corpus, err := readCorpus(b.o.data)
	if err != nil {
		return err
	}
	return b.searches(ctx, b.o.collection, queries(corpus, b.o.queries))
}

// ingestion compares with the bare model on the same chunks, run before and after.
func (b *bench) ingestion(ctx context.Context, name, collection string, docs []doc) error {
	c, err := chunk(ctx, b.model, docs)
	if err != nil {
		return err
	}
	first, err := c.bare(ctx, b.model)
	if err != nil {
		return err
	}
	l, err := put(ctx, b.s, collection, docs)
	if err != nil {
		return err
	}
	second, err := c.bare(ctx, b.model)
	if err != nil {
		return err
	}
	rate, limit := float64(c.tokens)/l.took.Seconds(), (first+second)/2
	b.t.add("ingestion of "+name,
		fmt.Sprintf("%.0f docs/s, %.0f chunks/s, %.0f tokens/s", float64(l.docs)/l.took.Seconds(), float64(l.chunks)/l.took.Seconds(), rate),
		fmt.Sprintf("bare model %.0f tokens/s", limit), fmt.Sprintf("%.2f", rate/limit), "≥ 0.90")
	return nil
}

// copiesWithin ends the copies early on a machine that is slow or busy.
const copiesWithin = 100 * time.Second

// copies ingests the documents again under other names, to see what memory does
// beside what it did the first time.
func (b *bench) copies(ctx context.Context, docs []doc, once float64) error {
	if _, err := b.s.collections().CreateCollection(ctx, &pb.CreateCollectionRequest{Name: "copies"}); err != nil {
		return err
	}
	began, times := time.Now(), 0
	for ; times < b.o.times && time.Since(began) < copiesWithin; times++ {
		named := make([]doc, len(docs))
		for i, d := range docs {
			d.uri = fmt.Sprintf("%s#%d", d.uri, times)
			named[i] = d
		}
		if _, err := putMore(ctx, b.s, "copies", named); err != nil {
			return err
		}
	}
	peak, err := b.s.peakMB()
	if err != nil {
		return err
	}
	b.t.add(fmt.Sprintf("peak memory, the corpus %d times over", times), fmt.Sprintf("%.0f MB (%.0f s)", peak, time.Since(began).Seconds()),
		fmt.Sprintf("once %.0f MB; limit 600 MB", once), fmt.Sprintf("%.2f", max(peak, once)/600), "≤ 1")
	return nil
}
