package eval

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
)

// Tuned is what Tune found.
type Tuned struct {
	Start, Best Setting
	// Tried counts the settings measured.
	Tried int
	// Train and Held are reports of Start and Best, in this order, on the half
	// of the queries that was searched on and on the half that was held out.
	// Only Held says what Best is worth.
	Train, Held Report
}

// said is what was found, in words.
func (t Tuned) said() string {
	if t.Best.String() == t.Start.String() {
		return "none is better than " + t.Start.String()
	}
	return "the best: " + t.Best.String()
}

// worthStoring is an error where Best is worse than Start on the held-out half.
func (t Tuned) worthStoring() error {
	if d := t.Held.Rows[1].Diff.Diff; d < 0 {
		return fmt.Errorf("not stored: on the held-out half %s is worse by %.4f", t.Best, -d)
	}
	return nil
}

// Tune searches for the parameters with the best first measure on a random half
// of d's judged queries and measures them on the other half. It starts from
// start, searches dense_weight by a grid of 0.1 and golden-section steps around
// its best (Kiefer 1953; the measure need not be unimodal, hence the grid), and
// with bm25 also bm25_k1 and bm25_b by coordinates. Equal seeds give equal halves.
func Tune(ctx context.Context, t Target, d Dataset, start Setting, bm25 bool, o Options) (Tuned, error) {
	train, held := Halves(d, o.Seed)
	result := Tuned{Start: start}
	measure := func(s Setting) (float64, error) {
		result.Tried++
		r, err := Run(ctx, t, train, []Setting{s}, o)
		if err != nil {
			return 0, err
		}
		return r.Rows[0].Means[r.Measures[0].String()], nil
	}
	best, err := search(start, bm25, measure)
	if err != nil {
		return result, fmt.Errorf("tune on %s: %w", d.Name, err)
	}
	result.Best = best
	if result.Train, err = Run(ctx, t, train, []Setting{start, best}, o); err != nil {
		return result, err
	}
	result.Held, err = Run(ctx, t, held, []Setting{start, best}, o)
	return result, err
}

// Halves splits the judged queries that are in the documents at random.
func Halves(d Dataset, seed uint64) (train, held Dataset) {
	train, held = d, d
	train.Name, held.Name = d.Name+", tuning half", d.Name+", held-out half"
	train.Queries, held.Queries = nil, nil
	for _, i := range rand.New(rand.NewPCG(seed, 4)).Perm(len(d.Queries)) {
		q := d.Queries[i]
		switch {
		case q.Absent || !q.judged():
		case len(train.Queries) <= len(held.Queries):
			train.Queries = append(train.Queries, q)
		default:
			held.Queries = append(held.Queries, q)
		}
	}
	return train, held
}

// search returns the best setting that it found; start when nothing is better.
func search(start Setting, bm25 bool, measure func(Setting) (float64, error)) (Setting, error) {
	best, err := measure(start)
	if err != nil {
		return start, err
	}
	at := start
	try := func(name string, low, high, step float64) error {
		value, got, err := maximise(low, high, step, func(x float64) (float64, error) { return measure(at.With(name, x)) })
		if err == nil && got > best+1e-9 {
			at, best = at.With(name, value), got
		}
		return err
	}
	if bm25 {
		if err := try("bm25_k1", 0.3, 2.1, 0.3); err != nil {
			return at, err
		}
		if err := try("bm25_b", 0, 1, 0.2); err != nil {
			return at, err
		}
	}
	return at, try("dense_weight", 0, 1, 0.1)
}

// maximise tries low to high by step, then narrows the two steps around the best
// by golden sections to a tenth of a step. Values are rounded to 1/1000.
func maximise(low, high, step float64, f func(float64) (float64, error)) (x, y float64, err error) {
	y = math.Inf(-1)
	eval := func(at float64) (float64, error) {
		at = math.Round(at*1000) / 1000
		v, err := f(at)
		if err == nil && v > y {
			x, y = at, v
		}
		return v, err
	}
	for i := 0; low+float64(i)*step <= high+step/1000; i++ {
		if _, err := eval(low + float64(i)*step); err != nil {
			return x, y, err
		}
	}
	golden := (math.Sqrt(5) - 1) / 2
	a, b := max(low, x-step), min(high, x+step)
	c, d := b-golden*(b-a), a+golden*(b-a)
	fc, err := eval(c)
	if err != nil {
		return x, y, err
	}
	fd, err := eval(d)
	for err == nil && b-a > step/10 {
		if fc >= fd {
			b, d, fd = d, c, fc
			c = b - golden*(b-a)
			fc, err = eval(c)
		} else {
			a, c, fc = c, d, fd
			d = a + golden*(b-a)
			fd, err = eval(d)
		}
	}
	return x, y, err
}
