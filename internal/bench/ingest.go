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

// put sends the documents and waits until all are indexed.
func put(ctx context.Context, s *server, collection string, docs []doc) (loaded, error) {
	if _, err := s.collections().CreateCollection(ctx, &pb.CreateCollectionRequest{Name: collection}); err != nil {
		return loaded{}, err
	}
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

// bare embeds the same chunks with the model alone and returns tokens and time.
func bare(ctx context.Context, m embed.Model, docs []doc) (tokens int, took time.Duration, err error) {
	var texts []string
	for _, d := range docs {
		p, err := parse.Parse(ctx, d.mediaType, d.body)
		if err != nil {
			return 0, 0, fmt.Errorf("parse %s: %w", d.uri, err)
		}
		title := d.title
		if title == "" {
			title = p.Title
		}
		for _, c := range ingest.Split(p, title, ingest.SplitOptions{Count: m.Tokens}) {
			text := c.Text
			if c.Context != "" {
				text = c.Context + "\n" + c.Text
			}
			texts = append(texts, text)
			tokens += min(m.Tokens(text)+2, m.Info().MaxTokens)
		}
	}
	began := time.Now()
	_, err = m.Embed(ctx, texts)
	return tokens, time.Since(began), err
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
