package api

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"slices"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/quarry-rag/quarry/generate"
	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// receipt is that of an answer that ended well.
func (a *asking) receipt(d generate.Done) *quarryv1.Receipt {
	r := &quarryv1.Receipt{
		TraceId: a.trace, Route: d.Route, Prompt: a.plan.Prompt,
		SpaceModel: a.found.Words.Model, SpaceFingerprint: a.found.Words.Fingerprint,
		Cache: a.from.state, Account: a.in.Options.GetAccount(),
	}
	tries := d.Tries
	if a.from.again == nil {
		tries = slices.Concat(a.found.Tries, tries)
	}
	if a.talk != nil {
		tries = slices.Concat(a.talk.Tries, tries)
	}
	total, known := 0.0, true
	for _, t := range tries {
		try := fromTry(t)
		r.Tries = append(r.Tries, try)
		total += try.GetCost()
		known = known && (try.Cost != nil || t.Duration == 0)
	}
	if again := a.from.again; again != nil {
		r.CachedAt = fromTime(again.MadeAt)
		if again.NanoDollars != nil {
			saved := float64(*again.NanoDollars) / 1e9
			r.Saved = &saved
		}
	}
	if known && (len(tries) > 0 || a.from.again != nil) {
		r.Cost = &total
	}
	return r
}

// failedAnswer is an answer that no model gave, with what it took.
type failedAnswer struct {
	error
	receipt *quarryv1.Receipt
}

func (e *failedAnswer) Unwrap() error { return e.error }

// failed adds the receipt to an error of models that were asked. Who only waited
// for another's answer asked none.
func (a *asking) failed(err error) error {
	tried, ok := errors.AsType[*generate.TriesError](err)
	if !ok || a.found == nil || a.from.state == quarryv1.CacheState_CACHE_STATE_SHARED {
		return err
	}
	return &failedAnswer{err, a.receipt(generate.Done{Route: tried.Route, Tries: tried.Tries})}
}

// cacheWords are CacheState in logs.
var cacheWords = map[quarryv1.CacheState]string{
	quarryv1.CacheState_CACHE_STATE_OFF:      "off",
	quarryv1.CacheState_CACHE_STATE_MISS:     "miss",
	quarryv1.CacheState_CACHE_STATE_EXACT:    "exact",
	quarryv1.CacheState_CACHE_STATE_SEMANTIC: "semantic",
	quarryv1.CacheState_CACHE_STATE_SHARED:   "shared",
}

func fromTry(t generate.Try) *quarryv1.Try {
	out := &quarryv1.Try{
		Model: t.Model, Code: t.Code, Purpose: t.Purpose, Estimated: t.Estimated,
		InputTokens: int64(t.Usage.InputTokens), OutputTokens: int64(t.Usage.OutputTokens), CachedTokens: int64(t.Usage.CachedTokens),
		Duration: durationpb.New(t.Duration),
	}
	if t.FirstToken > 0 {
		out.FirstToken = durationpb.New(t.FirstToken)
	}
	out.Price, out.PriceDate = fromPrice(t.Price)
	out.Seed, out.Spared = t.Seed, t.Spared
	if dollars, known := t.Cost(); known {
		out.Cost = &dollars
	}
	return out
}

// fromPrice is unset where none is known or nothing is paid.
func fromPrice(p *generate.Price) (price *quarryv1.Price, date string) {
	if p == nil || p.Date == "" {
		return nil, ""
	}
	return &quarryv1.Price{Input: p.Input, Cached: p.Cached, Output: p.Output}, p.Date
}

func fromSupport(s generate.Support) *quarryv1.SupportEvent {
	out := &quarryv1.SupportEvent{
		Start: int64(s.Start), End: int64(s.End), Score: s.Score, Supported: s.Supported, Reason: s.Reason,
	}
	if j := s.Judgement; j != nil {
		out.Judgement = &quarryv1.Judgement{Model: j.Model, Supported: j.Supported, Reason: j.Reason}
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
