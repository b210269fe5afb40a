package main

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/quarry-rag/quarry/ingest"
	"github.com/quarry-rag/quarry/ingest/parse"
	pb "github.com/quarry-rag/quarry/proto/quarry/v1"
	"github.com/quarry-rag/quarry/retrieve/embed"
)

// doc is a document of the corpus, in memory so that reading it is not measured.
type doc struct {
	uri, title, mediaType string
	body                  []byte
}

// loaded is what an ingestion did.
type loaded struct {
	docs, chunks int64
	took         time.Duration
}

// put sends the documents to a new collection and waits until all are indexed.
func put(ctx context.Context, s *server, collection string, docs []doc) (loaded, error) {
	if _, err := s.collections().CreateCollection(ctx, &pb.CreateCollectionRequest{Name: collection}); err != nil {
		return loaded{}, err
	}
	return putMore(ctx, s, collection, docs)
}

// putMore is put for a collection that is there.
func putMore(ctx context.Context, s *server, collection string, docs []doc) (loaded, error) {
	began := time.Now()
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(16)
	for _, d := range docs {
		g.Go(func() error {
			_, err := s.ingest().PutDocument(gctx, &pb.PutDocumentRequest{
				Collection: collection, Uri: d.uri, Title: d.title, Content: d.body, MediaType: d.mediaType,
			})
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return loaded{}, fmt.Errorf("put: %w", err)
	}
	if err := settle(ctx, s, collection); err != nil {
		return loaded{}, err
	}
	took := time.Since(began)
	c, err := s.collections().GetCollection(ctx, &pb.GetCollectionRequest{Name: collection})
	if err != nil {
		return loaded{}, err
	}
	return loaded{c.Collection.Documents, c.Collection.Chunks, took}, nil
}

// settle waits until nothing is pending.
func settle(ctx context.Context, s *server, collection string) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		r, err := s.ingest().ListDocuments(ctx, &pb.ListDocumentsRequest{
			Collection: collection, State: pb.DocumentState_DOCUMENT_STATE_PENDING, PageSize: 1,
		})
		if err != nil {
			return err
		}
		if len(r.Documents) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// sampleTokens is how much of the chunks the model alone embeds: its rate is the
// same for more.
const sampleTokens = 100_000

// chunked is what ingestion embeds of documents.
type chunked struct {
	tokens int      // of all
	sample []string // texts, evenly taken, of about sampleTokens
	taken  int      // their tokens
}

func chunk(ctx context.Context, m embed.Model, docs []doc) (c chunked, err error) {
	var texts []string
	var tokens []int
	for _, d := range docs {
		p, err := parse.Parse(ctx, d.mediaType, d.body)
		if err != nil {
			return c, fmt.Errorf("parse %s: %w", d.uri, err)
		}
		title := d.title
		if title == "" {
			title = p.Title
		}
		for _, piece := range ingest.Split(p, title, ingest.SplitOptions{Count: m.Tokens}) {
			text := piece.Text
			if piece.Context != "" {
				text = piece.Context + "\n" + piece.Text
			}
			n := min(m.Tokens(text)+2, m.Info().MaxTokens)
			texts, tokens = append(texts, text), append(tokens, n)
			c.tokens += n
		}
	}
	every := 1 + c.tokens/sampleTokens
	for i := 0; i < len(texts); i += every {
		c.sample = append(c.sample, texts[i])
		c.taken += tokens[i]
	}
	return c, nil
}

// bare is the rate of the model alone, in tokens a second.
func (c chunked) bare(ctx context.Context, m embed.Model) (float64, error) {
	began := time.Now()
	_, err := m.Embed(ctx, c.sample)
	return float64(c.taken) / time.Since(began).Seconds(), err
}

// readFolder returns the documents of a folder that Quarry can parse.
func readFolder(dir string) ([]doc, error) {
	var docs []doc
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if mt := parse.Detect(path, body); parse.Supported(mt) {
			docs = append(docs, doc{uri: "file://" + path, mediaType: mt, body: body})
		}
		return nil
	})
	return docs, err
}

// readCorpus reads BEIR's corpus.jsonl, gzipped or not.
func readCorpus(path string) ([]doc, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			return nil, err
		}
	}
	var docs []doc
	for dec := json.NewDecoder(bufio.NewReader(r)); ; {
		var row struct {
			ID    string `json:"_id"`
			Title string `json:"title"`
			Text  string `json:"text"`
		}
		if err := dec.Decode(&row); err == io.EOF {
			return docs, nil
		} else if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		docs = append(docs, doc{uri: row.ID, title: row.Title, mediaType: "text/plain", body: []byte(row.Text)})
	}
}
