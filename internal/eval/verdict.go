package eval

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// Prober tells how well a collection covers a question. Probe is called concurrently.
type Prober interface {
	// Probe returns the coverage over the documents of which none of without is true.
	Probe(ctx context.Context, collection, question string, without []Article) (float64, error)
}

// Article is all documents of a title or, without one, those whose id is or, if
// Prefix, begins with ID.
type Article struct {
	Title, ID string
	Prefix    bool
}

// Kinds of questions by what the collection holds of them.
const (
	KindOwn     = "own"     // the answer
	KindForeign = "foreign" // nothing: they are another set's
	KindRemoved = "removed" // all but the article with the answer
	KindAdverse = "adverse" // all but the answer, by the set's own word
)

// VerdictSet is one data set with the collection that holds its corpus.
type VerdictSet struct {
	Dataset
	Collection string
	// Coverages by kind.
	Coverages map[string][]float64

	titles map[string]string // by document
}

// probe is a question to a set's collection.
type probe struct {
	set     *VerdictSet
	kind    string
	query   string
	without []Article
}

// Probe asks each set n of its own questions, with and without their articles, n
// of the others' that share no article with it, and n of those that its own
// answers file calls unanswerable, and fills in Coverages. Equal seeds ask the
// same ones.
func Probe(ctx context.Context, to Prober, sets []*VerdictSet, n int, o Options) error {
	for _, s := range sets {
		if err := s.readTitles(); err != nil {
			return err
		}
		s.Sample(n, o.Seed)
		s.Coverages = map[string][]float64{}
	}
	var all []probe
	for _, s := range sets {
		all = append(all, s.own()...)
		all = append(all, s.foreign(sets, n, o.Seed)...)
	}
	o = o.withDefaults(Dataset{})
	coverages := make([]float64, len(all))
	err := o.each(ctx, 0, 1, len(all), func(ctx context.Context, i int) (err error) {
		p := all[i]
		if coverages[i], err = to.Probe(ctx, p.set.Collection, p.query, p.without); err != nil {
			err = fmt.Errorf("ask %q of %s: %w", p.query, p.set.Collection, err)
		}
		return err
	})
	if err != nil {
		return err
	}
	for i, p := range all {
		p.set.Coverages[p.kind] = append(p.set.Coverages[p.kind], coverages[i])
	}
	return nil
}

func (s *VerdictSet) readTitles() error {
	s.titles = map[string]string{}
	if s.Corpus == nil {
		return fmt.Errorf("%s brings no corpus.jsonl, which says what its articles are", s.Name)
	}
	for doc, err := range s.Corpus() {
		if err != nil {
			return err
		}
		s.titles[doc.ID] = strings.TrimSpace(doc.Title)
	}
	return nil
}

// own are the set's own questions.
func (s *VerdictSet) own() (probes []probe) {
	for i := range s.Queries {
		q := &s.Queries[i]
		if q.Absent {
			probes = append(probes, probe{s, KindAdverse, q.Text, nil})
			continue
		}
		articles := s.articles(q)
		if len(articles) == 0 {
			continue
		}
		probes = append(probes, probe{s, KindOwn, q.Text, nil}, probe{s, KindRemoved, q.Text, articles})
	}
	return probes
}

// articles are what holds the answer to q.
func (s *VerdictSet) articles(q *Query) (articles []Article) {
	var docs []string
	for id, grade := range q.Docs {
		if grade > 0 {
			docs = append(docs, id)
		}
	}
	for _, e := range q.Expected {
		docs = append(docs, e.Document)
	}
	slices.Sort(docs)
	for _, id := range docs {
		if a := articleOf(id, s.titles[id]); !slices.Contains(articles, a) {
			articles = append(articles, a)
		}
	}
	return articles
}

// articleOf is the article of a document: all of its title or, without one, all
// whose ids differ from its own in a number after "-" at the end.
func articleOf(id, title string) Article {
	if title != "" {
		return Article{Title: title}
	}
	if stem := strings.TrimRight(id, "0123456789"); stem != id && len(stem) > 1 && strings.HasSuffix(stem, "-") {
		return Article{ID: stem, Prefix: true}
	}
	return Article{ID: id}
}

// foreign are n questions of the other sets, as many of each, leaving out those
// whose article this set has too.
func (s *VerdictSet) foreign(sets []*VerdictSet, n int, seed uint64) (probes []probe) {
	has := map[string]bool{}
	for _, t := range s.titles {
		has[t] = t != ""
	}
	for _, other := range sets {
		if other == s {
			continue
		}
		var theirs []probe
		for i := range other.Queries {
			q := &other.Queries[i]
			shared := slices.ContainsFunc(other.articles(q), func(a Article) bool { return has[a.Title] })
			if !q.Absent && !shared {
				theirs = append(theirs, probe{s, KindForeign, q.Text, nil})
			}
		}
		rng := rand.New(rand.NewPCG(seed, 5))
		rng.Shuffle(len(theirs), func(i, j int) { theirs[i], theirs[j] = theirs[j], theirs[i] })
		probes = append(probes, theirs[:min(len(theirs), max(1, n/max(1, len(sets)-1)))]...)
	}
	return probes
}

// VerdictRow is how well one threshold tells a set's own questions from others.
type VerdictRow struct {
	Dataset string `json:"dataset"`
	Kind    string `json:"kind"`
	Own     int    `json:"own_questions"`
	Others  int    `json:"other_questions"`
	// Default is at the given threshold; LeftOut at the one that is best on all the
	// other sets together, nil where there is none; Best at the one chosen on this set
	// itself.
	Default Abstention  `json:"default"`
	LeftOut *Abstention `json:"left_out"`
	Best    Abstention  `json:"best"`
	// AUC as Calibration's.
	AUC float64 `json:"auc"`
}

// Verdicts compares the sets at a threshold, and at those chosen on the other
// sets by the best mean of balanced accuracy.
func Verdicts(sets []*VerdictSet, threshold float64) (rows []VerdictRow) {
	for _, kind := range []string{KindForeign, KindRemoved, KindAdverse} {
		for _, s := range sets {
			own, others := s.Coverages[KindOwn], s.Coverages[kind]
			if len(own) == 0 || len(others) == 0 {
				continue
			}
			best, auc := bestThreshold(own, others)
			row := VerdictRow{
				Dataset: s.Name, Kind: kind, Own: len(own), Others: len(others), AUC: auc,
				Default: Abstain(own, others, threshold), Best: Abstain(own, others, best),
			}
			rest := slices.DeleteFunc(slices.Clone(sets), func(o *VerdictSet) bool {
				return o == s || len(o.Coverages[KindOwn]) == 0 || len(o.Coverages[kind]) == 0
			})
			if len(rest) > 0 {
				left := Abstain(own, others, jointThreshold(rest, kind))
				row.LeftOut = &left
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// jointThreshold is the threshold with the best mean balanced accuracy over sets,
// the middle one of equals.
func jointThreshold(sets []*VerdictSet, kind string) float64 {
	var values []float64
	for _, s := range sets {
		values = append(append(values, s.Coverages[KindOwn]...), s.Coverages[kind]...)
	}
	slices.Sort(values)
	best, from, to := -1.0, 0.0, 0.0
	for _, t := range slices.CompactFunc(values, func(a, b float64) bool { return cmp.Compare(a, b) == 0 }) {
		sum := 0.0
		for _, s := range sets {
			sum += Abstain(s.Coverages[KindOwn], s.Coverages[kind], t).BalancedAccuracy()
		}
		switch {
		case sum > best+1e-12:
			best, from, to = sum, t, t
		case sum > best-1e-12:
			to = t
		}
	}
	return (from + to) / 2
}
