package api

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/quarry-rag/quarry/generate"
	"github.com/quarry-rag/quarry/generate/answercache"
	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
	"github.com/quarry-rag/quarry/retrieve"
)

// origin is where the answer to a question comes from.
type origin struct {
	state quarryv1.CacheState
	again *answercache.Entry // what is given again
	took  time.Duration      // to look for it
}

// parts is the answer to a: one that was given before, one on its way, or one
// made now. a.from says which, from Found on.
func (s *queries) parts(ctx context.Context, a *asking) (iter.Seq2[answercache.Part, error], error) {
	a.from.state = quarryv1.CacheState_CACHE_STATE_OFF
	if s.cache == nil || a.in.NoCache {
		return s.made(ctx, a), nil
	}
	start := time.Now()
	question, err := a.cacheQuestion()
	if err != nil {
		return nil, err
	}
	slot, err := s.cache.Slot(ctx, question)
	if err != nil {
		return nil, err
	}
	entry, err := s.cache.Get(ctx, slot)
	if err != nil {
		return nil, err
	}
	a.from.took = time.Since(start)
	if entry != nil {
		a.from.state = quarryv1.CacheState_CACHE_STATE_EXACT
		return again(entry), nil
	}
	parts, joined := s.cache.Running.Do(ctx, slot.For(generate.AccountOf(ctx)), func(ctx context.Context, emit func(answercache.Part)) error {
		return s.keep(ctx, a, slot, emit)
	})
	a.from.state = quarryv1.CacheState_CACHE_STATE_MISS
	if joined {
		a.from.state = quarryv1.CacheState_CACHE_STATE_SHARED
	}
	return parts, nil
}

// cacheQuestion is all that decides the answer but the documents.
func (a *asking) cacheQuestion() (answercache.Question, error) {
	in := proto.CloneOf(a.in)
	in.Question, in.Conversation, in.StartConversation, in.Model, in.Prompt, in.TrialKey = "", "", false, "", "", ""
	if in.Options != nil {
		slices.Sort(in.Options.Principals)
		in.Options.Principals = slices.Compact(in.Options.Principals)
		in.Options.Account = ""
	}
	if proto.Size(in.Options) == 0 {
		in.Options = nil
	}
	rest, err := proto.MarshalOptions{Deterministic: true}.Marshal(in)
	if err != nil {
		return answercache.Question{}, fmt.Errorf("cache key: %w", err)
	}
	said := ""
	if a.talk != nil {
		said = a.talk.History.Block(0)
	}
	p := a.plan
	rest = fmt.Appendf(rest, "\x00%q %q %q %q", p.Model, p.Prompt, p.Identity, said)
	return answercache.Question{Collection: in.Collection, Text: a.question(), Rest: rest}, nil
}

// made searches and answers.
func (s *queries) made(ctx context.Context, a *asking) iter.Seq2[answercache.Part, error] {
	return func(yield func(answercache.Part, error) bool) {
		start := time.Now()
		release, err := s.turns.take(ctx)
		if err != nil {
			yield(answercache.Part{}, err)
			return
		}
		queued := retrieve.Stage{Name: "queue", Time: time.Since(start)}
		found, err := s.search(ctx, a)
		if a.plan.Quotes {
			defer release()
		} else {
			release()
		}
		if err != nil {
			yield(answercache.Part{}, err)
			return
		}
		found.Stages = append([]retrieve.Stage{queued}, found.Stages...)
		if !yield(answercache.Part{Found: found}, nil) {
			return
		}
		for event, err := range s.recorded(ctx, a, found) {
			if !yield(answercache.Part{Event: event}, err) {
				return
			}
		}
	}
}

// keep makes an answer for all who wait for it, and keeps it before they are told
// that it is done: who asks again after that is given it.
func (s *queries) keep(ctx context.Context, a *asking, slot *answercache.Slot, emit func(answercache.Part)) error {
	entry := &answercache.Entry{}
	for part, err := range s.made(ctx, a) {
		if err != nil {
			return err
		}
		if part.Found != nil {
			if like := s.cache.Like(ctx, slot, part.Found.Vector, part.Found.Words.Language); like != nil {
				for part := range again(like) {
					emit(part)
				}
				return nil
			}
			entry.Found = *part.Found
		} else {
			entry.Add(part.Event)
		}
		if _, done := part.Event.(generate.Done); done {
			s.cache.Put(ctx, slot, entry)
		}
		emit(part)
	}
	return nil
}

// again gives an answer as it was given before.
func again(e *answercache.Entry) iter.Seq2[answercache.Part, error] {
	return func(yield func(answercache.Part, error) bool) {
		found := e.Found
		found.Again = e
		if !yield(answercache.Part{Found: &found}, nil) {
			return
		}
		for _, event := range e.Events {
			if !yield(answercache.Part{Event: event}, nil) {
				return
			}
		}
	}
}

// settle makes of an event what it is to who did not ask the model, and counts at
// its end what was saved.
func (s *queries) settle(ctx context.Context, a *asking, e generate.Event) generate.Event {
	var model string
	var cost *int64
	switch {
	case a.from.again != nil:
		model, cost = a.from.again.Model, a.from.again.NanoDollars
	case a.from.state != quarryv1.CacheState_CACHE_STATE_SHARED:
		return e
	}
	switch e := e.(type) {
	case generate.Usage:
		return generate.Usage{}
	case generate.Done:
		if a.from.again == nil {
			model, cost = answercache.Paid(e)
			a.from.again = &answercache.Entry{Model: model, NanoDollars: cost, MadeAt: time.Now()}
			e.Tries = nil
		}
		s.saved(ctx, a.in.Collection, model, cost)
		return e
	}
	return e
}

// saved notes an answer that cost nothing.
func (s *queries) saved(ctx context.Context, collection, model string, nanos *int64) {
	if s.ledger == nil {
		return
	}
	if err := s.ledger.Saved(ctx, collection, model, nanos); err != nil {
		s.log.Error("what the cache saved is lost", "collection", collection, "err", err)
	}
}
