package eval

import (
	"iter"
	"maps"
	"path"
	"slices"
	"strings"
)

// Dataset is questions with what is expected of them.
type Dataset struct {
	Name string
	// Queries in the order of their file, ids unique.
	Queries []Query
	// Corpus yields the documents to load, until its first error; nil when the
	// data set brings none.
	Corpus func() iter.Seq2[Document, error]
	// UnknownDocs counts the documents that judgements name and the corpus lacks;
	// UnknownQueries the queries that they name and the query file lacks.
	UnknownDocs, UnknownQueries int
}

// Document is one document of a corpus.
type Document struct {
	ID, Title, Text string
}

// Query is a question and its truth. One without Docs, Expected and Absent is
// not judged.
type Query struct {
	ID, Text string
	// Docs holds the grades of judged documents.
	Docs map[string]int
	// Expected are the places to find. Where there are any, passages are judged
	// by them and Docs is not used.
	Expected []Expected
	// Answers are gold answers, any of which will do; none known is empty.
	Answers []string
	// Absent: the answer is not in the documents. Foreign: since the question is
	// about another set's.
	Absent, Foreign bool
}

// Expected is one place that answers a query: a document or a part of it. A
// passage finds it when it comes from Document (if set), has Section among its
// headings (if set) and holds nine tenths of Quote (if set).
type Expected struct {
	Document string
	Section  string
	Quote    Quote
}

func (q *Query) judged() bool { return q.Absent || len(q.Docs) > 0 || len(q.Expected) > 0 }

func (q *Query) hasQuote() bool {
	return slices.ContainsFunc(q.Expected, func(e Expected) bool { return e.Quote != Quote{} })
}

// Qrels returns the judgements of documents, for queries that have any.
func (d *Dataset) Qrels() Qrels {
	q := Qrels{}
	for i := range d.Queries {
		if len(d.Queries[i].Docs) > 0 {
			q[d.Queries[i].ID] = d.Queries[i].Docs
		}
	}
	return q
}

// docIDs maps the URI of a document to the id that judgements call it by: the
// URI itself, its last element, or that without the extension.
type docIDs map[string]bool

// newDocIDs collects the documents that d's judgements name.
func newDocIDs(d Dataset) docIDs {
	ids := docIDs{}
	for _, q := range d.Queries {
		for id := range q.Docs {
			ids[id] = true
		}
		for _, e := range q.Expected {
			ids[e.Document] = true
		}
	}
	return ids
}

func (ids docIDs) of(uri string) string {
	base := path.Base(uri)
	for _, id := range []string{uri, base, strings.TrimSuffix(base, path.Ext(base))} {
		if ids[id] {
			return id
		}
	}
	return uri
}

// CountUnknown sets UnknownDocs to the number of judged documents that none of
// the URIs names. It is for data sets that bring no corpus.
func (d *Dataset) CountUnknown(uris iter.Seq2[string, error]) error {
	ids := newDocIDs(*d)
	missing := maps.Clone(ids)
	delete(missing, "")
	for uri, err := range uris {
		if err != nil {
			return err
		}
		delete(missing, ids.of(uri))
	}
	d.UnknownDocs = len(missing)
	return nil
}
