package eval

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strconv"
	"strings"
)

// ReadTREC reads topics and their judgements. A topic is a line "id<tab>text", or
// a <top> block with <num> and <title> as TREC writes them.
func ReadTREC(topics, qrels string) (Dataset, error) {
	d := Dataset{Name: filepath.Base(topics)}
	if err := d.readTopics(topics); err != nil {
		return d, err
	}
	q, err := ReadQrels(qrels)
	if err != nil {
		return d, err
	}
	d.judge(q)
	return d, nil
}

func (d *Dataset) readTopics(file string) error {
	seen := map[string]bool{}
	t := topicReader{}
	for l, err := range readLines(file) {
		if err != nil {
			return err
		}
		q, complete, err := t.line(strings.TrimRight(l.text, "\r"))
		if err != nil {
			return l.errorf("%w", err)
		}
		if !complete {
			continue
		}
		if seen[q.ID] {
			return l.errorf("topic %q is there twice", q.ID)
		}
		seen[q.ID] = true
		d.Queries = append(d.Queries, q)
	}
	if t.inTop {
		return fmt.Errorf("%s: the last <top> has no </top>", file)
	}
	return nil
}

// topicReader follows the lines of a topics file. Classic topics leave most of
// their tags open, so a field lasts until the next tag.
type topicReader struct {
	inTop bool
	field string
	topic Query
}

// line returns a topic when l completes one.
func (t *topicReader) line(l string) (q Query, complete bool, err error) {
	trimmed := strings.TrimSpace(l)
	switch {
	case trimmed == "<top>":
		*t = topicReader{inTop: true}
		return Query{}, false, nil
	case trimmed == "</top>":
		q = t.topic
		*t = topicReader{}
		return q, true, check(q)
	case t.inTop:
		t.inside(trimmed)
		return Query{}, false, nil
	}
	id, text, ok := strings.Cut(l, "\t")
	if !ok {
		return Query{}, false, fmt.Errorf("want id<tab>text or <top>")
	}
	q = Query{ID: strings.TrimSpace(id), Text: strings.TrimSpace(text)}
	return q, true, check(q)
}

func check(q Query) error {
	if q.ID == "" || q.Text == "" {
		return fmt.Errorf("a topic needs a number and a title")
	}
	return nil
}

func (t *topicReader) inside(l string) {
	if strings.HasPrefix(l, "<") {
		tag, rest, _ := strings.Cut(l[1:], ">")
		t.field, l = tag, rest
	}
	l, _, _ = strings.Cut(l, "</")
	l = strings.TrimSpace(l)
	switch t.field {
	case "num":
		t.topic.ID += strings.TrimSpace(strings.TrimPrefix(l, "Number:"))
	case "title":
		l = strings.TrimSpace(strings.TrimPrefix(l, "Topic:"))
		t.topic.Text = strings.TrimSpace(t.topic.Text + " " + l)
	}
}

// ReadRun reads a run file: query, Q0, document, rank, score, tag. The rank is
// not used, as trec_eval does not use it. The rankings are as SortRanked orders.
func ReadRun(file string) (map[string][]Ranked, error) {
	rankings := map[string][]Ranked{}
	seen := map[[2]string]bool{}
	for l, err := range readLines(file) {
		if err != nil {
			return nil, err
		}
		f := strings.Fields(l.text)
		if len(f) != 6 {
			return nil, l.errorf("want query, Q0, document, rank, score, tag; got %d fields", len(f))
		}
		score, err := strconv.ParseFloat(f[4], 64)
		if err != nil && !math.IsInf(score, 0) || math.IsNaN(score) {
			return nil, l.errorf("score %q is not a number", f[4])
		}
		key := [2]string{f[0], f[2]}
		if seen[key] {
			return nil, l.errorf("document %q is there twice for query %q", f[2], f[0])
		}
		seen[key] = true
		rankings[f[0]] = append(rankings[f[0]], Ranked{f[2], score})
	}
	for _, r := range rankings {
		SortRanked(r)
	}
	return rankings, nil
}

// WriteRun writes a row's rankings as a run file from which trec_eval gives the
// row's figures (for queries judged by documents). White space in ids, which
// would break the format, becomes "_".
func WriteRun(w io.Writer, r Row) error {
	b := bufio.NewWriter(w)
	tag := field(r.Setting.String())
	for _, o := range r.Outcomes {
		for i, d := range o.Ranking {
			score := strconv.FormatFloat(d.Score, 'g', -1, 64)
			fmt.Fprintf(b, "%s Q0 %s %d %s %s\n", field(o.Query.ID), field(d.Doc), i+1, score, tag)
		}
	}
	return b.Flush()
}

func field(s string) string { return strings.Join(strings.Fields(s), "_") }
