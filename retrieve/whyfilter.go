package retrieve

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/quarry-rag/quarry/retrieve/filter"
)

// falsePart names the comparison of the filter that is false of a document: the
// first of those that all must hold, or the only one. "" when it is of another form.
func (r *search) falsePart(ctx context.Context, document int64) (string, error) {
	parts, ok := r.query.Filter.(filter.And)
	if !ok {
		parts = filter.And{r.query.Filter}
	}
	for _, p := range parts {
		args := pgx.NamedArgs{"collection": r.collection.ID, "document": document}
		var holds bool
		err := r.pool.QueryRow(ctx, "select "+filter.SQL(p, "d", args)+
			" from document d where d.collection_id = @collection and d.document_id = @document", args).Scan(&holds)
		if err != nil {
			return "", fmt.Errorf("apply a part of the filter: %w", err)
		}
		if c, plain := p.(filter.Compare); !holds && plain {
			return ": " + comparison(c), nil
		}
	}
	return "", nil
}

// comparison is a comparison for people.
func comparison(c filter.Compare) string {
	var values []string
	for _, v := range c.Values[:min(len(c.Values), 5)] {
		values = append(values, fmt.Sprintf("%.60v", v))
	}
	if len(c.Values) > len(values) {
		values = append(values, "…")
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s %s", c.Field, c.Op, strings.Join(values, ", ")))
}
