package answercache

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"

	"github.com/quarry-rag/quarry/generate"
	"github.com/quarry-rag/quarry/retrieve/embed"
)

const (
	// nearest is the least cosine of two questions that mean the same, and what is
	// wanted until a collection has enough questions to tell them apart by.
	leastCosine, usualCosine = .90, .95
	// A collection's own threshold lies this much over the nearest pair of its
	// questions whose answers cite different passages, and is found anew now and then.
	cosineMargin   = .01
	calibrateOn    = 200
	calibrateFrom  = 20
	calibrateEvery = 5 * time.Minute
	// likeOf the newest questions of a scope are compared.
	likeOf = 1000
)

// threshold is a collection's, as it was found at a time.
type threshold struct {
	cosine float64
	at     time.Time
}

// Like returns the answer to a question that means the same as a slot's, whose
// embedding and language are given, as Get does. Without Options.Semantic, and in
// other languages than English, there is none.
func (c *Cache) Like(ctx context.Context, s *Slot, vector []float32, language string) *Entry {
	if !c.o.Semantic || len(vector) == 0 || language != "en" {
		return nil
	}
	e, err := c.like(ctx, s, vector)
	if err != nil && ctx.Err() == nil {
		c.o.Log.Warn("the answer cache was not searched", "err", err)
	}
	return e
}

const likeSQL = `
select question, body, created_at, nano_dollars
  from (select * from cached_answer
         where collection_id = @collection and scope = @scope and content_version = @version
           and created_at <= @now and expires_at > @now and vector is not null
         order by created_at desc limit @of) a
 where 1 - (vector <=> @vector) >= @cosine
 order by vector <=> @vector limit 5`

func (c *Cache) like(ctx context.Context, s *Slot, vector []float32) (*Entry, error) {
	cosine, err := c.threshold(ctx, s.collection)
	if err != nil {
		return nil, err
	}
	rows, err := c.pool.Query(ctx, likeSQL, pgx.NamedArgs{
		"collection": s.collection, "scope": s.scope[:], "version": s.version, "now": c.o.Now(),
		"vector": pgvector.NewHalfVector(vector), "cosine": cosine, "of": likeOf,
	})
	if err != nil {
		return nil, err
	}
	type near struct {
		question string
		body     []byte
		madeAt   time.Time
		cost     *int64
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (n near, err error) {
		err = row.Scan(&n.question, &n.body, &n.madeAt, &n.cost)
		return n, err
	})
	if err != nil {
		return nil, err
	}
	for _, n := range all {
		e, err := c.proved(ctx, n.body, n.madeAt, n.cost)
		if err != nil {
			return nil, err
		}
		if e != nil && same(s.question, n.question, evidence(e)) {
			e.Semantic = true
			return e, nil
		}
	}
	return nil, nil
}

// evidence is an answer with what it cites and where that stands.
func evidence(e *Entry) string {
	var b strings.Builder
	for _, event := range e.Events {
		switch event := event.(type) {
		case generate.Delta:
			b.WriteString(event.Text)
		case generate.Citation:
			p := e.Found.Passages[event.Passage-1]
			fmt.Fprintf(&b, "\n%s\n%s\n%s\n", event.Quote, p.Title, strings.Join(p.HeadingPath, "\n"))
		}
	}
	return b.String()
}

// threshold is the cosine from which on two questions of a collection may mean
// the same.
func (c *Cache) threshold(ctx context.Context, collection int64) (float64, error) {
	c.mu.Lock()
	t, ok := c.thresholds[collection]
	c.mu.Unlock()
	if now := c.o.Now(); !ok || now.Sub(t.at) >= calibrateEvery {
		cosine, err := c.calibrate(ctx, collection)
		if err != nil {
			return 0, err
		}
		t = threshold{cosine, now}
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.thresholds == nil || len(c.thresholds) > 10_000 {
			c.thresholds = map[int64]threshold{}
		}
		c.thresholds[collection] = t
	}
	return t.cosine, nil
}

// calibrate finds the threshold from the questions kept: over the cosine of every
// pair whose answers have no passage in common.
func (c *Cache) calibrate(ctx context.Context, collection int64) (float64, error) {
	rows, err := c.pool.Query(ctx, `
		select question, vector, body from cached_answer
		 where collection_id = $1 and vector is not null order by created_at desc limit $2`, collection, calibrateOn)
	if err != nil {
		return 0, err
	}
	var all []asked
	seen := map[string]bool{}
	var question string
	var vector pgvector.HalfVector
	var body []byte
	_, err = pgx.ForEachRow(rows, []any{&question, &vector, &body}, func() error {
		e, err := read(body)
		if err == nil && !seen[question] {
			seen[question] = true
			all = append(all, asked{vector.Slice(), cites(e)})
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	return calibrated(all), nil
}

// asked is a question with the passages that its answer cited, sorted.
type asked struct {
	vector []float32
	cites  []string
}

func cites(e *Entry) []string {
	var out []string
	for _, event := range e.Events {
		if v, ok := event.(generate.Citation); ok {
			p := e.Found.Passages[v.Passage-1]
			out = append(out, fmt.Sprint(p.DocumentID, " ", p.Start))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func calibrated(all []asked) float64 {
	if len(all) < calibrateFrom {
		return usualCosine
	}
	top := leastCosine - cosineMargin
	for i, a := range all {
		for _, b := range all[:i] {
			apart := len(a.cites) > 0 && len(b.cites) > 0 &&
				!slices.ContainsFunc(a.cites, func(s string) bool { return slices.Contains(b.cites, s) })
			if apart {
				top = max(top, embed.Cosine(a.vector, b.vector))
			}
		}
	}
	return min(top+cosineMargin, 1)
}
