package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/quarry-rag/quarry/ingest"
	pb "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// Shares of the documents that filters let through.
var shares = []struct {
	name, filter string
	part         float64
}{
	{"50 %", "half = 1", 0.5},
	{"1 %", "percent = 7", 0.01},
	{"0.01 %", "myriad = 7", 0.0001},
}

// load sends the documents that the collection lacks, as prepared records in one
// stream, and waits until they are indexed.
func (sc *scale) load(ctx context.Context, name string, n int) error {
	_, err := sc.s.collections().CreateCollection(ctx, &pb.CreateCollectionRequest{Name: name})
	if err != nil && status.Code(err) != codes.AlreadyExists {
		return err
	}
	c, err := sc.s.collections().GetCollection(ctx, &pb.GetCollectionRequest{Name: name})
	if err != nil {
		return err
	}
	from, to := int(c.Collection.Documents), n/chunksEach
	began := time.Now()
	if from < to {
		if err := sc.send(ctx, name, from, to); err != nil {
			return err
		}
	}
	if err := sc.idle(ctx); err != nil {
		return err
	}
	if from < to {
		sent := (to - from) * chunksEach
		sc.t.add(fmt.Sprintf("load of %d chunks", sent), fmt.Sprintf("%.0f s, %.0f chunks/s", time.Since(began).Seconds(), float64(sent)/time.Since(began).Seconds()),
			"given vectors, index and vacuum included", "", "")
	}
	return nil
}

func (sc *scale) send(ctx context.Context, name string, from, to int) error {
	g, ctx := errgroup.WithContext(ctx)
	stream, err := sc.s.ingest().PutDocuments(ctx)
	if err != nil {
		return err
	}
	g.Go(func() error {
		for {
			r, err := stream.Recv()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err == nil && r.Error != "" {
				err = fmt.Errorf("document %s: %s", r.Uri, r.Error)
			}
			if err != nil {
				return err
			}
		}
	})
	g.Go(func() error {
		for i := from; i < to; i++ {
			if err := sc.sendOne(stream, name, i); err != nil {
				return nil // Recv has the reason
			}
			if (i+1)%2000 == 0 {
				note("%s: %d of %d documents sent", name, i+1, to)
			}
		}
		return stream.CloseSend()
	})
	return g.Wait()
}

func (sc *scale) sendOne(stream pb.IngestService_PutDocumentsClient, name string, i int) error {
	body, err := sc.synth.record(i)
	if err != nil {
		return err
	}
	metadata, err := structpb.NewStruct(map[string]any{"half": i % 2, "percent": i % 100, "myriad": i % 10_000})
	if err != nil {
		return err
	}
	err = stream.Send(&pb.PutDocumentsRequest{Part: &pb.PutDocumentsRequest_Header{Header: &pb.DocumentHeader{
		Collection: name, Uri: fmt.Sprintf("synth:%d", i), MediaType: ingest.PreparedType, Metadata: metadata,
	}}})
	if err != nil {
		return err
	}
	return stream.Send(&pb.PutDocumentsRequest{Part: &pb.PutDocumentsRequest_Content{Content: body}})
}

// idle waits until no job is left: documents, index and vacuum.
func (sc *scale) idle(ctx context.Context) error {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for last := time.Now(); ; {
		var left int
		err := sc.pool.QueryRow(ctx, `select count(*) from river_job where state in ('available', 'running', 'retryable', 'scheduled') and kind in ('index_documents', 'build_hnsw', 'vacuum')`).Scan(&left)
		if err != nil || left == 0 {
			return err
		}
		if time.Since(last) > 15*time.Second {
			last = time.Now()
			note("%d jobs left", left)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}
