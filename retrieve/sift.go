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
	if r.lacks == nil {
		r.lacks = map[int64]string{}
	}
	var id int64
	var terms []int64
	var body, title string
	var path []string
	_, err = pgx.ForEachRow(rows, []any{&id, &terms, &body, &title, &path}, func() error {
		lacks, misses := r.misses(terms, body, append([]string{title}, path...))
		if has[id] = !misses; misses {
			r.lacks[id] = lacks.String()
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("check phrases: %w", err)
	}
	return slices.DeleteFunc(slices.Clone(candidates), func(c Candidate) bool { return !has[c.ChunkID] }), nil
}

// without returns the candidates of all that are not in kept, in their order.
func without(all, kept []Candidate) []Candidate {
	if len(all) == len(kept) {
		return nil
	}
	in := map[int64]bool{}
	for _, c := range kept {
		in[c.ChunkID] = true
	}
	return slices.DeleteFunc(slices.Clone(all), func(c Candidate) bool { return in[c.ChunkID] })
}

// misses returns the first demand that a chunk of these terms does not meet, with
// its body or one of the titles above it, and whether there is one.
func (r *search) misses(terms []int64, body string, titles []string) (lexical.Demand, bool) {
	var above [][]string
	var inside []string
	for _, d := range r.syntax.Demands {
		holds := slices.Contains(terms, lexical.TermID(d.Terms[0]))
		if len(d.Terms) > 1 {
			if above == nil {
				for _, t := range titles {
					above = append(above, r.analyzer.Terms(t))
				}
			}
			// A body without all of the terms need not be analysed: most have not.
			if holds = slices.ContainsFunc(above, d.Holds); !holds && hasAll(terms, d.Terms) {
				if inside == nil {
					inside = r.analyzer.Terms(body)
				}
				holds = d.Holds(inside)
			}
		}
		if holds == d.Excluded {
			return d, true
		}
	}
	return lexical.Demand{}, false
}

func hasAll(ids []int64, terms []string) bool {
	return !slices.ContainsFunc(terms, func(t string) bool { return !slices.Contains(ids, lexical.TermID(t)) })
}

// relax takes the quoted phrases out of what is demanded, and tells whether there
// were any. Their words are still looked for.
func (r *search) relax() bool {
	var phrases, others []string
	var rest []lexical.Demand
	for _, d := range r.syntax.Demands {
		if d.Quoted && !d.Excluded {
			phrases = append(phrases, d.String())
			continue
		}
		rest = append(rest, d)
		others = append(others, d.String())
	}
	if phrases == nil {
		return false
	}
	r.syntax.Demands = rest
	nothing := "Nothing"
	if others != nil {
		nothing += " that meets " + listed(others)
	}
	r.result.Notes = append(r.result.Notes, nothing+" has "+listed(phrases)+" as quoted, so the search is by the words.")
	return true
}

// listed names each demand once.
func listed(demands []string) string {
	slices.Sort(demands)
	return strings.Join(slices.Compact(demands), " and ")
}
