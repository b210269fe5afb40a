package api

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/quarry-rag/quarry/ingest"
	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

func toDocument(in *quarryv1.PutDocumentRequest) ingest.Document {
	return ingest.Document{
		URI:        in.Uri,
		Body:       in.Content,
		MediaType:  in.MediaType,
		Title:      in.Title,
		Metadata:   in.Metadata.AsMap(),
		Principals: in.Principals,
	}
}

// toReader reads everything without principals, since nobody has said who asks.
func toReader(principals []string) ingest.Reader {
	return ingest.Reader{Principals: principals, Unrestricted: len(principals) == 0}
}

func toImportSpec(in *quarryv1.StartImportRequest) ingest.ImportSpec {
	spec := ingest.ImportSpec{
		Paths:            in.Paths,
		Records:          in.Records,
		Sync:             in.Sync,
		Reparse:          in.Reparse,
		DryRun:           in.DryRun,
		AllowMassRemoval: in.AllowMassRemoval,
		Bucket:           in.Bucket,
		Principals:       in.Principals,
		Metadata:         in.Metadata.AsMap(),
	}
	if g := in.Git; g != nil {
		spec.Git = &ingest.GitSpec{Repository: g.Repository, Revision: g.Revision}
	}
	if w := in.Web; w != nil {
		spec.Web = &ingest.WebSpec{URL: w.Url, MaxPages: int(w.MaxPages), MaxDepth: int(w.MaxDepth), Crawl: w.Crawl}
	}
	return spec
}

func fromRecord(r ingest.Record) (*quarryv1.Document, error) {
	metadata, err := structpb.NewStruct(r.Metadata)
	if err != nil {
		return nil, fmt.Errorf("metadata of document %d: %w", r.ID, err)
	}
	return &quarryv1.Document{
		Id:         fromID(r.ID),
		Uri:        r.URI,
		Title:      r.Title,
		MediaType:  r.MediaType,
		State:      fromState(r.State),
		Reason:     r.Reason,
		Version:    r.Version,
		Size:       r.Size,
		Chunks:     int32(r.Chunks),
		Metadata:   metadata,
		Principals: r.Principals,
		UpdatedAt:  fromTime(r.UpdatedAt),
	}, nil
}

var documentStates = map[string]quarryv1.DocumentState{
	ingest.Pending: quarryv1.DocumentState_DOCUMENT_STATE_PENDING,
	ingest.Ready:   quarryv1.DocumentState_DOCUMENT_STATE_READY,
	ingest.Failed:  quarryv1.DocumentState_DOCUMENT_STATE_FAILED,
}

func fromState(s string) quarryv1.DocumentState { return documentStates[s] }

// toState is empty for unspecified: all states.
func toState(s quarryv1.DocumentState) string {
	for name, state := range documentStates {
		if state == s {
			return name
		}
	}
	return ""
}

func fromImport(im ingest.Import) *quarryv1.Import {
	return &quarryv1.Import{
		Id:           fromID(im.ID),
		Collection:   im.Collection,
		State:        fromImportState(im.State),
		Error:        im.Error,
		Listed:       im.Listed,
		Unchanged:    im.Unchanged,
		Skipped:      fromSkipped(im.Skipped),
		Queued:       im.Queued,
		Indexed:      im.Indexed,
		Failed:       im.Failed,
		Superseded:   im.Superseded,
		Removed:      im.Removed,
		QueuedBytes:  im.QueuedBytes,
		IndexedBytes: im.IndexedBytes,
		Chunks:       im.Chunks,
		Embedded:     im.Embedded,
		Tokens:       im.Tokens,
		StartedAt:    fromTime(im.StartedAt),
		FinishedAt:   fromTime(im.FinishedAt),
		Plan:         fromImportPlan(im),
		Moved:        im.Moved,
		Source:       im.Spec.Source(),
		Rate:         fromRate(im.Rate),
		Waiting:      im.Waiting,
	}
}

// fromRate is nil where the rate is not known.
func fromRate(r *ingest.Rate) *quarryv1.ImportRate {
	if r == nil {
		return nil
	}
	out := &quarryv1.ImportRate{ChunksPerSecond: r.Chunks, TokensPerSecond: r.Tokens, BytesPerSecond: r.Bytes}
	if r.Left > 0 {
		out.TimeLeft = durationpb.New(r.Left)
	}
	return out
}

// fromImportPlan is nil for an import that was not a dry run.
func fromImportPlan(im ingest.Import) *quarryv1.ImportPlan {
	if !im.Spec.DryRun {
		return nil
	}
	planned := func(p ingest.Planned) *quarryv1.Planned {
		return &quarryv1.Planned{Count: p.Count, Examples: p.Examples}
	}
	return &quarryv1.ImportPlan{Added: planned(im.Plan.Added), Changed: planned(im.Plan.Changed), Removed: planned(im.Plan.Removed), Moved: planned(im.Plan.Moved)}
}

func fromImportState(s string) quarryv1.ImportState {
	return quarryv1.ImportState(quarryv1.ImportState_value["IMPORT_STATE_"+strings.ToUpper(s)])
}

func fromSkipped(skipped []ingest.Skipped) []*quarryv1.Skipped {
	var out []*quarryv1.Skipped
	for _, s := range skipped {
		out = append(out, &quarryv1.Skipped{Reason: s.Reason, Count: s.Count, Example: s.Example})
	}
	return out
}
