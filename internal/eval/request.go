package eval

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Request is what `quarry eval` is asked to do. Fields as its flags say.
type Request struct {
	Path    string
	Qrels   string
	Runs    []string
	Foreign string

	Load, Tune, TuneBM25, Calibrate, Store bool
	RecallOfIndex, Answers, Verdict        bool
	Legs, Set, Measures, Min               []string
	Options                                Options

	JSON             bool
	RunOut, PerQuery string
	Worst            int
	// Beside are further data sets of Verdict, loaded before.
	Beside []string
	// Sample is Dataset.Sample's n.
	Sample int
	// Model that Answers asks; empty: the server's default.
	Model string
	// Out gets the results, Note lines on progress.
	Out  io.Writer
	Note func(format string, a ...any)

	bounds []Bound
}

// Open reads the data set that the request names: a BEIR folder, TREC topics where
// Qrels is set, otherwise a golden file; and adds Foreign's questions as absent ones.
func (r *Request) Open() (Dataset, error) {
	info, err := os.Stat(r.Path)
	var d Dataset
	switch {
	case err != nil:
	case r.Qrels != "":
		d, err = ReadTREC(r.Path, r.Qrels)
	case info.IsDir():
		d, err = ReadBEIR(r.Path)
	default:
		d, err = ReadGolden(r.Path)
	}
	if err != nil || r.Foreign == "" {
		return d, err
	}
	return d, d.addForeign(r.Foreign)
}

// addForeign adds the queries of another data set, which this one's documents
// cannot answer.
func (d *Dataset) addForeign(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = findFile(path, "queries.jsonl")
	}
	var other Dataset
	if err := other.readQueries(path); err != nil {
		return fmt.Errorf("foreign questions: %w", err)
	}
	for _, q := range other.Queries {
		d.Queries = append(d.Queries, Query{ID: "foreign-" + q.ID, Text: q.Text, Absent: true, Foreign: true})
	}
	return nil
}

// CollectionName is the collection of a data set that brings its own corpus.
func (d *Dataset) CollectionName() string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.", r) {
			return r
		}
		return '-'
	}, strings.ToLower(d.Name))
	return "eval-" + name[:min(len(name), 45)] // leaves room for "-chunk8192"
}

// Do evaluates d and writes the results. A figure under a bound of Min is an
// error, after the results are written.
func (r *Request) Do(ctx context.Context, s *Server, d Dataset) error {
	settings, err := r.parse(d)
	if err != nil {
		return err
	}
	if len(r.Runs) > 0 {
		return r.scoreRuns(d)
	}
	s.model = r.Model
	if err := r.prepare(ctx, s, &d, settings); err != nil {
		return err
	}
	if r.Verdict {
		return r.verdicts(ctx, s, d)
	}
	d.Sample(r.Sample, r.Options.Seed)
	if r.RecallOfIndex {
		return r.recallOfIndex(ctx, s, d)
	}
	if r.Answers {
		return r.answers(ctx, s, d)
	}
	err = r.measure(ctx, s, d, settings)
	return errors.Join(err, s.Restore(ctx))
}

// answers asks instead of searching.
func (r *Request) answers(ctx context.Context, s *Server, d Dataset) error {
	report, err := RunAnswers(ctx, s, d, r.Options)
	if err != nil {
		return err
	}
	figures := report.Figures(r.Options.Seed)
	if r.JSON {
		err = json.NewEncoder(r.Out).Encode(figures)
	} else {
		err = figures.Table(r.Out)
	}
	if err != nil || r.PerQuery == "" {
		return err
	}
	return writeFile(r.PerQuery, report.WritePerQuestion)
}

func (r *Request) recallOfIndex(ctx context.Context, s *Server, d Dataset) error {
	recall, err := s.RecallOfIndex(ctx, d)
	if err != nil {
		return err
	}
	if r.JSON {
		return json.NewEncoder(r.Out).Encode(recall)
	}
	return recall.write(r.Out)
}

// parse checks all that is text, so that a misspelling costs no evaluation.
func (r *Request) parse(d Dataset) ([]Setting, error) {
	for _, name := range r.Measures {
		m, err := ParseMeasure(name)
		if err != nil {
			return nil, err
		}
		r.Options.Measures = append(r.Options.Measures, m)
	}
	if len(r.Options.Measures) == 0 {
		r.Options.Measures = DefaultMeasures(d)
	}
	for _, text := range r.Min {
		b, err := ParseBound(text)
		if err != nil {
			return nil, err
		}
		r.bounds = append(r.bounds, b)
	}
	r.Options.Measures = AddTo(r.Options.Measures, r.bounds)
	if err := r.checkKind(); err != nil {
		return nil, err
	}
	if r.Tune && len(r.Set)+len(r.Legs) > 0 {
		return nil, errors.New("--tune starts from the collection's own settings: leave --legs and --set out")
	}
	if r.Store && !r.Tune && !r.Calibrate {
		return nil, errors.New("--store stores what --tune or --calibrate finds: give one of them")
	}
	return Settings(r.Legs, r.Set)
}

// prepare loads the corpus, when asked, into each collection that the settings need.
func (r *Request) prepare(ctx context.Context, s *Server, d *Dataset, settings []Setting) (err error) {
	if r.Load && d.Corpus == nil {
		return fmt.Errorf("%s brings no corpus.jsonl to load", d.Name)
	}
	loaded := map[string]bool{}
	for _, set := range settings {
		if !r.Load || loaded[s.nameOf(set)] {
			continue
		}
		loaded[s.nameOf(set)] = true
		if err := r.load(ctx, s, set, d); err != nil {
			return err
		}
	}
	if err := s.Configure(ctx, settings[0].without("bm25_k1", "bm25_b")); err != nil {
		return err
	}
	if r.Options.MinScore, err = s.MinScore(ctx); err != nil {
		return err
	}
	if d.Corpus == nil {
		return d.CountUnknown(s.URIs(ctx))
	}
	return nil
}

// loadConcurrency is how many documents are underway: under the 16 that a server
// takes at once by default, so that others get in too.
const loadConcurrency = 12

func (r *Request) load(ctx context.Context, s *Server, set Setting, d *Dataset) error {
	if err := s.Create(ctx, set); err != nil {
		return err
	}
	l, err := Load(ctx, s, d.Corpus(), loadConcurrency, func(l Loaded) {
		if l.Total()%1000 == 0 {
			r.Note("loaded %d documents", l.Total())
		}
	})
	if err != nil {
		return err
	}
	r.Note("%s: %d documents loaded, %d were there, %d could not be", s.nameOf(set), l.Changed, l.Unchanged, l.Failed)
	if l.Failed > 0 {
		r.Note("  one of them: %s", l.Reason)
	}
	c, err := s.Collection(ctx)
	if extra := c.GetDocuments() - int64(l.Total()-l.Failed); err == nil && extra > 0 {
		r.Note("  the collection holds %d documents that are not of this corpus", extra)
	}
	return err
}

func (r *Request) measure(ctx context.Context, s *Server, d Dataset, settings []Setting) error {
	if r.Tune {
		return r.tune(ctx, s, d, settings[0])
	}
	report, err := Run(ctx, s, d, settings, r.Options)
	if err != nil {
		return err
	}
	if err := r.write(report); err != nil {
		return err
	}
	if r.Calibrate {
		answerable, absent := report.Rows[0].Coverages()
		if err := r.calibrate(ctx, s, answerable, absent); err != nil {
			return err
		}
	}
	return report.Check(r.bounds)
}

// scoreRuns reports on run files instead of searching.
func (r *Request) scoreRuns(d Dataset) error {
	report := Report{
		Dataset: d.Name, Measures: r.Options.Measures, Unjudged: len(d.Queries) - len(d.Qrels()),
		UnknownDocs: d.UnknownDocs, UnknownQueries: d.UnknownQueries,
	}
	if report.Ranked = len(d.Qrels()); report.Ranked == 0 {
		return fmt.Errorf("evaluate %s: none of its %d queries has a judgement", d.Name, len(d.Queries))
	}
	texts := map[string]string{}
	for _, q := range d.Queries {
		texts[q.ID] = q.Text
	}
	for _, file := range r.Runs {
		rankings, err := ReadRun(file)
		if err != nil {
			return err
		}
		row := Score(filepath.Base(file), d.Qrels(), rankings, r.Options)
		for _, o := range row.Outcomes {
			o.Query.Text = texts[o.Query.ID]
		}
		report.Rows = append(report.Rows, row)
	}
	report.compare(r.Options.Seed)
	if err := r.write(report); err != nil {
		return err
	}
	return report.Check(r.bounds)
}
