package api

import (
	"crypto/rand"
	"encoding/hex"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/quarry-rag/quarry/generate"
	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
	"github.com/quarry-rag/quarry/retrieve"
)

// fromDone is the receipt of an answer that ended well.
func fromDone(d generate.Done, p generate.Plan, w retrieve.Weights) *quarryv1.Receipt {
	r := &quarryv1.Receipt{
		TraceId: newTraceID(), Route: d.Route, Prompt: p.Prompt,
		SpaceModel: w.Model, SpaceFingerprint: w.Fingerprint,
	}
	total, known := 0.0, true
	for _, t := range d.Tries {
		try := fromTry(t)
		r.Tries = append(r.Tries, try)
		total += try.GetCost()
		known = known && (try.Cost != nil || t.Duration == 0)
	}
	if known && len(d.Tries) > 0 {
		r.Cost = &total
	}
	return r
}

func fromTry(t generate.Try) *quarryv1.Try {
	out := &quarryv1.Try{
		Model: t.Model, Code: t.Code,
		InputTokens: int64(t.Usage.InputTokens), OutputTokens: int64(t.Usage.OutputTokens), CachedTokens: int64(t.Usage.CachedTokens),
		Duration: durationpb.New(t.Duration),
	}
	if t.FirstToken > 0 {
		out.FirstToken = durationpb.New(t.FirstToken)
	}
	if dollars, known := t.Cost(); known {
		out.Cost, out.PriceDate = &dollars, t.Price.Date
	}
	return out
}

func fromSupport(s generate.Support) *quarryv1.SupportEvent {
	out := &quarryv1.SupportEvent{
		Start: int64(s.Start), End: int64(s.End), Score: s.Score, Supported: s.Supported, Reason: s.Reason,
	}
	for _, n := range s.Passages {
		out.Passages = append(out.Passages, int32(n))
	}
	return out
}

// newTraceID is 16 random bytes, as OpenTelemetry writes them.
func newTraceID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
