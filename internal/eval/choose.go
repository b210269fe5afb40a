package eval

import (
	"context"
	"errors"
)

func (r *Request) tune(ctx context.Context, s *Server, d Dataset, start Setting) error {
	found, err := Tune(ctx, s, d, start, r.TuneBM25, r.Options)
	if err != nil {
		return err
	}
	r.Note("tried %d settings; %s. What it is worth is what the held-out half says:", found.Tried, found.said())
	if n := found.Held.Ranked; n < enoughHeld {
		r.Note("the held-out half has %d queries: too few to say much", n)
	}
	if err := r.writeFigures(found.Train); err != nil {
		return err
	}
	if err := r.write(found.Held); err != nil {
		return err
	}
	if err := found.Held.Check(r.bounds); err != nil || !r.Store {
		return err
	}
	if err := found.worthStoring(); err != nil {
		return err
	}
	return s.Store(ctx, found.Best, nil)
}

// enoughHeld queries of the held-out half show a difference that matters.
const enoughHeld = 25

// calibrate chooses the threshold between the coverages of two kinds of questions.
func (r *Request) calibrate(ctx context.Context, s *Server, answerable, absent []float64) error {
	if len(answerable) == 0 || len(absent) == 0 {
		return errors.New("--calibrate needs questions of both kinds: add ones that are not in the documents with --foreign, or leave articles out with --verdict")
	}
	c := Calibrate(answerable, absent, r.Options.Seed)
	if err := writeCalibration(r.Out, c, r.JSON); err != nil {
		return err
	}
	if !r.Store {
		return nil
	}
	if err := c.worthStoring(); err != nil {
		return err
	}
	return s.Store(ctx, Setting{}, &c.Threshold)
}
