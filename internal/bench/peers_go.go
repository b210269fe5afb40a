package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores/pgvector"
	"golang.org/x/sync/errgroup"

	"github.com/quarry-rag/quarry/internal/pgconn"
	"github.com/quarry-rag/quarry/retrieve"
	"github.com/quarry-rag/quarry/retrieve/embed"
)

// ask takes each query from a chunk: eight words of its middle and its last, a
// rare one, without punctuation, which stores read in their own ways. It finds the exact nearest chunks of each.
func (p *peers) ask(ctx context.Context) error {
	var texts []string
	for i := range scaleQueries {
		source := i * p.n / scaleQueries
		words := strings.FieldsFunc(p.synth.chunk(source).text, func(r rune) bool { return !unicode.IsLetter(r) })
		at := len(words) / 3
		q := strings.Join(append(words[at:at+8:at+8], words[len(words)-1]), " ")
		p.queries = append(p.queries, peerQuery{Text: q, source: source})
		texts = append(texts, q)
	}
	vectors, err := p.model.Embed(ctx, texts)
	if err != nil {
		return err
	}
	near := make([][]scored, len(vectors))
	for i := range p.n {
		c := p.synth.chunk(i)
		p.number[c.text] = i
		for q, v := range vectors {
			near[q] = append(near[q], scored{i, dot(v, c.vector)})
		}
	}
	for q := range near {
		slices.SortFunc(near[q], func(a, b scored) int { return cmp.Compare(b.cosine, a.cosine) })
		for _, s := range near[q][:recallAt] {
			p.queries[q].exact = append(p.queries[q].exact, s.chunk)
		}
		p.queries[q].Vector = vectors[q]
	}
	return nil
}

type scored struct {
	chunk  int
	cosine float32
}

func dot(a, b []float32) (sum float32) {
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

// write leaves the chunks and queries for another process.
func (p *peers) write(chunks, queries string) error {
	err := writeLines(chunks, p.n, func(i int) any {
		c := p.synth.chunk(i)
		return map[string]any{"id": i, "text": c.text, "vector": c.vector}
	})
	if err != nil {
		return err
	}
	return writeLines(queries, len(p.queries), func(i int) any { return p.queries[i] })
}

func writeLines(path string, n int, line func(int) any) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	for i := range n {
		if err := json.NewEncoder(w).Encode(line(i)); err != nil {
			return err
		}
	}
	return w.Flush()
}

// given is a model whose queries' vectors are known.
type given struct {
	embed.Model
	vectors map[string][]float32
}

func (p *peers) given() given {
	g := given{p.model, map[string][]float32{}}
	for _, q := range p.queries {
		g.vectors[q.Text] = q.Vector
	}
	return g
}

func (g given) Embed(_ context.Context, texts []string) ([][]float32, error) {
	return [][]float32{g.vectors[texts[0]]}, nil
}

// EmbedQuery and EmbedDocuments make it an embedder of langchaingo's.
func (g given) EmbedQuery(_ context.Context, text string) ([]float32, error) {
	return g.vectors[text], nil
}

func (g given) EmbedDocuments(_ context.Context, texts []string) ([][]float32, error) {
	out := make([][]float32, len(texts))
	for i, t := range texts {
		out[i] = g.vectors[t]
	}
	return out, nil
}

// quarry searches as a library, too.
func (p *peers) quarry(ctx context.Context) error {
	pool, err := pgconn.Open(ctx, p.s.postgres, pgconn.Options{FixedPlans: true})
	if err != nil {
		return err
	}
	defer pool.Close()
	s := retrieve.New(pool, p.given(), retrieve.Options{})
	for mode, legs := range map[string]retrieve.Legs{"dense": retrieve.Dense, "hybrid": 0} {
		p.ours[mode], err = p.searches("Quarry", mode, func(q peerQuery) ([]int, error) {
			r, err := s.Search(ctx, retrieve.Query{Collection: p.name(), Text: q.Text, Legs: legs, Unrestricted: true})
			var found []int
			for _, passage := range r.Passages {
				found = append(found, p.number[passage.Text])
			}
			return found, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// langchaingo has no hybrid search. Its statement cannot use an index, so none is
// made: it would only slow the loading.
func (p *peers) langchaingo(ctx context.Context, url string) error {
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return err
	}
	defer pool.Close()
	g := p.given()
	store, err := pgvector.New(ctx, pgvector.WithConn(pool), pgvector.WithEmbedder(g), pgvector.WithVectorDimensions(p.synth.dim))
	if err != nil {
		return err
	}
	for at := 0; at < p.n; at += 1000 {
		var docs []schema.Document
		for i := at; i < min(at+1000, p.n); i++ {
			c := p.synth.chunk(i)
			g.vectors[c.text] = c.vector
			docs = append(docs, schema.Document{PageContent: c.text, Metadata: map[string]any{"source": i}})
		}
		if _, err := store.AddDocuments(ctx, docs); err != nil {
			return err
		}
	}
	if _, err := pool.Exec(ctx, "vacuum (analyze)"); err != nil {
		return err
	}
	r, err := p.searches("langchaingo's pgvector", "dense", func(q peerQuery) ([]int, error) {
		docs, err := store.SimilaritySearch(ctx, q.Text, recallAt)
		var found []int
		for _, d := range docs {
			found = append(found, p.number[d.PageContent])
		}
		return found, err
	})
	if err == nil {
		p.report(r)
	}
	return err
}

// searches runs the queries with 1 and with 8 clients.
func (p *peers) searches(store, mode string, search func(peerQuery) ([]int, error)) (peerResult, error) {
	r := peerResult{Store: store, Mode: mode, Found: make([][]int, len(p.queries))}
	for _, q := range p.queries[:20] { // warm
		if _, err := search(q); err != nil {
			return r, err
		}
	}
	for _, clients := range []int{1, 8} {
		var g errgroup.Group
		var next atomic.Int64
		began := time.Now()
		for range clients {
			g.Go(func() (err error) {
				for i := next.Add(1) - 1; err == nil && int(i) < len(p.queries); i = next.Add(1) - 1 {
					r.Found[i], err = search(p.queries[i])
				}
				return err
			})
		}
		if err := g.Wait(); err != nil {
			return r, err
		}
		r.Rate = append(r.Rate, float64(len(p.queries))/time.Since(began).Seconds())
	}
	return r, nil
}

func (p *peers) extension(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, "create extension if not exists vector")
	return err
}
