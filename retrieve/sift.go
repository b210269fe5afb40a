package retrieve

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/quarry-rag/quarry/retrieve/lexical"
)

// siftDepth is how many chunks each leg gives when the query demands something:
// many of them will not have it.
const siftDepth = 500

const siftSQL = `
select c.chunk_id, c.term_ids, c.body, d.title, c.heading_path
  from chunk c
  join document d on d.collection_id = c.collection_id and d.document_id = c.document_id
 where c.collection_id = @collection and c.chunk_id = any(@chunks::bigint[])`

// sift keeps the candidates that have what the query demands. A phrase may stand
// in the text, the title or a heading.
func (r *search) sift(ctx context.Context, candidates []Candidate) ([]Candidate, error) {
	if len(r.syntax.Demands) == 0 || len(candidates) == 0 {
		return candidates, nil
	}
	defer r.stage("sift")()
	rows, err := r.pool.Query(ctx, siftSQL, pgx.NamedArgs{"collection": r.collection.ID, "chunks": chunkIDs(candidates)})
	if err != nil {
		return nil, fmt.Errorf("check phrases: %w", err)
	}
	has := map[int64]bool{}
	var id int64
	var terms []int64
	var body, title string
	var path []string
	_, err = pgx.ForEachRow(rows, []any{&id, &terms, &body, &title, &path}, func() error {
		has[id] = r.meets(terms, append([]string{body, title}, path...))
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("check phrases: %w", err)
	}
	return slices.DeleteFunc(slices.Clone(candidates), func(c Candidate) bool { return !has[c.ChunkID] }), nil
}

// meets tells whether a chunk of these terms and texts meets every demand.
func (r *search) meets(terms []int64, texts []string) bool {
	var analysed [][]string
	for _, d := range r.syntax.Demands {
		holds := slices.Contains(terms, lexical.TermID(d.Terms[0]))
		if len(d.Terms) > 1 {
			if analysed == nil {
				for _, t := range texts {
					analysed = append(analysed, r.analyzer.Terms(t))
				}
			}
			holds = slices.ContainsFunc(analysed, d.Holds)
		}
		if holds == d.Excluded {
			return false
		}
	}
	return true
}

// relax takes the quoted phrases out of what is demanded, and tells whether there
// were any. Their words are still looked for.
func (r *search) relax() bool {
	var phrases []string
	var rest []lexical.Demand
	for _, d := range r.syntax.Demands {
		if d.Quoted && !d.Excluded {
			phrases = append(phrases, `"`+d.Text+`"`)
			continue
		}
		rest = append(rest, d)
	}
	if phrases == nil {
		return false
	}
	r.syntax.Demands = rest
	r.result.Notes = append(r.result.Notes, "Nothing has "+strings.Join(phrases, " and ")+" as quoted, so the search is by the words.")
	return true
}
