package eval

import (
	"encoding/json"
	"fmt"
	"iter"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// ReadBEIR reads a folder in BEIR's form: queries.jsonl, qrels.tsv (or
// qrels/test.tsv, or qrels/dev.tsv) and, when it is to be loaded, corpus.jsonl,
// each plain or with .gz. The corpus is streamed, never held. Beyond BEIR,
// answers.jsonl may say of a query which quotes of a document answer it
// ("query-id", "doc", "spans": [{"start", "end", "text"}], offsets in bytes or in
// characters), which words are a right answer ("answers") or, with "answerable":
// false, that nothing does.
func ReadBEIR(dir string) (Dataset, error) {
	d := Dataset{Name: filepath.Base(filepath.Clean(dir))}
	file := findFile(dir, "queries.jsonl")
	if file == "" {
		return d, fmt.Errorf("%s: no queries.jsonl or queries.jsonl.gz", dir)
	}
	if err := d.readQueries(file); err != nil {
		return d, err
	}
	qrels := findFile(dir, "qrels.tsv", "qrels/test.tsv", "qrels/dev.tsv")
	answers := findFile(dir, "answers.jsonl")
	if qrels == "" && answers == "" {
		return d, fmt.Errorf("%s: no qrels.tsv, qrels/test.tsv or answers.jsonl, plain or with .gz", dir)
	}
	if qrels != "" {
		q, err := ReadQrels(qrels)
		if err != nil {
			return d, err
		}
		d.judge(q)
	}
	if answers != "" {
		if err := d.readAnswers(answers); err != nil {
			return d, err
		}
	}
	if corpus := findFile(dir, "corpus.jsonl"); corpus != "" {
		d.Corpus = func() iter.Seq2[Document, error] { return readCorpus(corpus) }
		return d, d.checkCorpus()
	}
	return d, nil
}

func (d *Dataset) readQueries(file string) error {
	seen := map[string]bool{}
	for l, err := range readLines(file) {
		if err != nil {
			return err
		}
		var q struct {
			ID   string `json:"_id"`
			Text string `json:"text"`
		}
		if err := json.Unmarshal([]byte(l.text), &q); err != nil {
			return l.errorf("not a query: %w", err)
		}
		if q.ID == "" || strings.TrimSpace(q.Text) == "" {
			return l.errorf("a query needs _id and text")
		}
		if seen[q.ID] {
			return l.errorf("query %q is there twice", q.ID)
		}
		seen[q.ID] = true
		d.Queries = append(d.Queries, Query{ID: q.ID, Text: q.Text})
	}
	return nil
}

func readCorpus(file string) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		for l, err := range readLines(file) {
			var doc struct {
				ID    string `json:"_id"`
				Title string `json:"title"`
				Text  string `json:"text"`
			}
			if err == nil {
				if err = json.Unmarshal([]byte(l.text), &doc); err != nil {
					err = l.errorf("not a document: %w", err)
				} else if doc.ID == "" {
					err = l.errorf("a document needs _id")
				}
			}
			if !yield(Document(doc), err) || err != nil {
				return
			}
		}
	}
}

// judge gives the queries their judgements and counts those of unknown queries.
func (d *Dataset) judge(q Qrels) {
	known := 0
	for i := range d.Queries {
		if docs := q[d.Queries[i].ID]; docs != nil {
			d.Queries[i].Docs = docs
			known++
		}
	}
	d.UnknownQueries += len(q) - known
}

func (d *Dataset) readAnswers(file string) error {
	byID := map[string]*Query{}
	for i := range d.Queries {
		byID[d.Queries[i].ID] = &d.Queries[i]
	}
	for l, err := range readLines(file) {
		if err != nil {
			return err
		}
		var a struct {
			Query      string `json:"query-id"`
			Doc        string `json:"doc"`
			Answerable *bool  `json:"answerable"`
			Answers    []string
			Spans      []Quote
		}
		if err := json.Unmarshal([]byte(l.text), &a); err != nil {
			return l.errorf("not an answer: %w", err)
		}
		q := byID[a.Query]
		if q == nil {
			d.UnknownQueries++
			continue
		}
		q.Absent = q.Absent || a.Answerable != nil && !*a.Answerable
		if !q.Absent {
			q.Answers = append(q.Answers, a.Answers...)
		}
		for _, s := range a.Spans {
			if s.Start < 0 || s.End < s.Start || s.End == s.Start && normalise(s.Text) == "" {
				return l.errorf("a span needs start < end, or a text")
			}
			q.Expected = append(q.Expected, Expected{Document: a.Doc, Quote: s})
		}
	}
	return nil
}

// checkCorpus reads the corpus once, counts the judged documents that it lacks,
// and makes the offsets of quotes bytes.
func (d *Dataset) checkCorpus() error {
	missing, quotes := newDocIDs(*d), d.quotesByDoc()
	delete(missing, "")
	for doc, err := range d.Corpus() {
		if err != nil {
			return err
		}
		delete(missing, doc.ID)
		for _, q := range quotes[doc.ID] {
			if err := q.locate(doc.Text); err != nil {
				return fmt.Errorf("document %q: %w", doc.ID, err)
			}
		}
	}
	d.UnknownDocs = len(missing)
	return nil
}

func (d *Dataset) quotesByDoc() map[string][]*Quote {
	quotes := map[string][]*Quote{}
	for i := range d.Queries {
		for j := range d.Queries[i].Expected {
			e := &d.Queries[i].Expected[j]
			quotes[e.Document] = append(quotes[e.Document], &e.Quote)
		}
	}
	return quotes
}

// locate makes the quote's offsets bytes where they are characters. One without
// offsets or without a text to check them by stays as it is.
func (q *Quote) locate(text string) error {
	if q.End == 0 || q.Text == "" || holds(text, *q) {
		return nil
	}
	inBytes := Quote{byteOffset(text, q.Start), byteOffset(text, q.End), q.Text}
	if !holds(text, inBytes) {
		return fmt.Errorf("it does not hold the quoted text at %d to %d, in bytes or in characters", q.Start, q.End)
	}
	*q = inBytes
	return nil
}

func holds(text string, q Quote) bool {
	return q.Start >= 0 && q.End <= len(text) && q.Start <= q.End && text[q.Start:q.End] == q.Text
}

// byteOffset returns the byte at which character n of text starts; -1 beyond its end.
func byteOffset(text string, n int) int {
	at := 0
	for ; n > 0; n-- {
		if at >= len(text) {
			return -1
		}
		_, size := utf8.DecodeRuneInString(text[at:])
		at += size
	}
	return at
}
