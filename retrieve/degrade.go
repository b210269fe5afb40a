package retrieve

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// legError is why a leg has no result. sentence tells it without the detail,
// which only the log gets.
type legError struct {
	sentence string
	err      error
}

func (e *legError) Error() string { return e.err.Error() }
func (e *legError) Unwrap() error { return e.err }

// late makes a legError of err: what ran out of its budget when ctx has, and
// failed otherwise. nil stays nil. A connection being made gives up at the deadline,
// a moment before ctx says that it is over.
func late(ctx context.Context, what string, budget time.Duration, err error) error {
	if err == nil {
		return nil
	}
	deadline, _ := ctx.Deadline()
	return overdue(!errors.Is(ctx.Err(), context.Canceled) && !time.Now().Before(deadline), what, budget, err)
}

func overdue(ran bool, what string, budget time.Duration, err error) error {
	if ran {
		return &legError{fmt.Sprintf("%s did not answer within %v", what, budget), err}
	}
	return &legError{what + " failed", err}
}

// degrade puts up with the failure of one leg when the other answered.
func (r *search) degrade(ctx context.Context) error {
	if r.denseErr == nil && r.wordsErr == nil {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if (r.denseErr != nil || !r.runs(Dense)) && (r.wordsErr != nil || !r.runs(Lexical)) {
		return errors.Join(r.denseErr, r.wordsErr)
	}
	if r.denseErr != nil {
		r.note(ctx, r.denseErr, "so the search is by words only.")
	} else {
		r.note(ctx, r.wordsErr, "so the search is by meaning only.")
	}
	return nil
}

func (r *search) note(ctx context.Context, err error, so string) {
	sentence := "A part of the search failed"
	if e, ok := errors.AsType[*legError](err); ok {
		sentence = e.sentence
	}
	r.result.Degraded = append(r.result.Degraded, sentence+", "+so)
	r.o.Log.WarnContext(ctx, "search degraded", "collection", r.collection.ID, "cause", sentence, "err", err)
}
