package eval

import (
	"strconv"
	"strings"
)

// ReadQrels reads judgements in BEIR's form (query, document, grade, with or
// without a header) or TREC's (query, iteration, document, grade), fields apart
// by tabs or, in TREC's form, by white space.
func ReadQrels(file string) (Qrels, error) {
	q := Qrels{}
	for l, err := range readLines(file) {
		if err != nil {
			return nil, err
		}
		f := strings.Split(strings.TrimRight(l.text, "\r"), "\t")
		if len(f) < 3 {
			f = strings.Fields(l.text)
		}
		if l.number == 1 && strings.Contains(strings.ToLower(f[0]), "query") && f[len(f)-1] == "score" {
			continue
		}
		if len(f) != 3 && len(f) != 4 {
			return nil, l.errorf("want query, document, grade or query, iteration, document, grade; got %d fields", len(f))
		}
		grade, err := strconv.Atoi(strings.TrimSpace(f[len(f)-1]))
		if err != nil || grade > 1<<20 || grade < -1<<20 {
			return nil, l.errorf("grade %q is not a whole number between ±%d", f[len(f)-1], 1<<20)
		}
		query, doc := f[0], f[len(f)-2]
		if query == "" || doc == "" {
			return nil, l.errorf("the query or the document is empty")
		}
		if before, twice := q[query][doc]; twice && before != grade {
			return nil, l.errorf("document %q is judged %d and %d for query %q", doc, before, grade, query)
		}
		if q[query] == nil {
			q[query] = map[string]int{}
		}
		q[query][doc] = grade
	}
	return q, nil
}
