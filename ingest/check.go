package ingest

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// invariant is something that is true of a collection after every transaction.
// Its query returns a text for each place where it is not; $1 is the collection.
type invariant struct{ what, broken string }

var invariants = []invariant{
	{"statistics equal what they count", `
		select format('statistics say %s documents, %s chunks, length %s; there are %s, %s, %s',
		              s.documents, s.chunks, s.length_sum, d.n, c.n, c.length)
		  from collection_stats s,
		       (select count(*) as n from document where collection_id = $1 and version > 0) d,
		       (select count(*) as n, coalesce(sum(length), 0) as length from chunk where collection_id = $1) c
		 where s.collection_id = $1 and (s.documents, s.chunks, s.length_sum) is distinct from (d.n, c.n, c.length)`},
	{"a collection has statistics and an active space", `
		select 'no statistics or no active space' where not exists (
		  select from collection c join collection_stats using (collection_id)
		    join space s on s.collection_id = c.collection_id and s.space_id = c.active_space_id where c.collection_id = $1)`},
	{"df equals the postings of the term", `
		select format('term %s (%s): df %s, %s postings', coalesce(t.term_id, p.term_id), t.term, t.df, p.n)
		  from (select term_id, count(*) as n from posting where collection_id = $1 group by term_id) p
		  full join (select term_id, term, df from term where collection_id = $1) t on t.term_id = p.term_id
		 where t.df is distinct from p.n`},
	{"a chunk's postings are its terms", `
		select format('chunk %s: %s terms, %s postings%s', coalesce(c.chunk_id, p.chunk_id), c.n, p.n,
		              case when c.n = p.n and c.terms <> p.terms then ' of others' end)
		  from (select chunk_id, count(*) as n, array_agg(term_id order by term_id) as terms,
		               sum(tf) as tf, min(length) as shortest, max(length) as longest
		          from posting where collection_id = $1 group by chunk_id) p
		  full join (select chunk_id, cardinality(term_ids) as n, length,
		                    (select array_agg(t order by t) from unnest(term_ids) t) as terms
		               from chunk where collection_id = $1 and term_ids <> '{}') c on c.chunk_id = p.chunk_id
		 where c.terms is distinct from p.terms or p.shortest <> least(c.length, 32767) or p.longest <> p.shortest
		    or p.tf <> c.length and c.length < 32767`},
	{"a chunk has a vector in the active space", `
		select format('chunk %s of document %s has no vector', c.chunk_id, c.document_id)
		  from chunk c join collection l on l.collection_id = c.collection_id
		  left join embedding e on e.collection_id = c.collection_id and e.space_id = l.active_space_id and e.chunk_id = c.chunk_id
		 where c.collection_id = $1 and e.chunk_id is null`},
	{"a vector has a chunk, a space and its dimension", `
		select format('vector of chunk %s in space %s', e.chunk_id, e.space_id)
		  from embedding e
		  left join chunk c on c.collection_id = e.collection_id and c.chunk_id = e.chunk_id
		  left join space s on s.collection_id = e.collection_id and s.space_id = e.space_id
		 where e.collection_id = $1
		   and (c.document_id is distinct from e.document_id or s.dim is distinct from vector_dims(e.emb::vector))`},
	{"a chunk is the text at its place", `
		select format('chunk %s of %s: bytes %s to %s are not its text', c.chunk_id, d.uri, c.start_byte, c.end_byte)
		  from chunk c
		  join document d on d.collection_id = c.collection_id and d.document_id = c.document_id
		  left join document_text t on t.collection_id = d.collection_id and t.document_id = d.document_id and t.version = d.version
		 where c.collection_id = $1 and (c.start_byte < 0 or c.end_byte <= c.start_byte or
		       substring(t.body from c.start_byte + 1 for c.end_byte - c.start_byte) is distinct from convert_to(c.body, 'UTF8'))`},
	{"a document's chunks are numbered from 0", `
		select format('%s: %s chunks, numbered %s to %s, document says %s', d.uri, c.n, c.lowest, c.highest, d.chunks)
		  from document d
		  left join (select document_id, count(*) as n, min(ord) as lowest, max(ord) as highest from chunk
		              where collection_id = $1 group by document_id) c on c.document_id = d.document_id
		 where d.collection_id = $1
		   and (coalesce(c.n, 0) <> d.chunks or c.n > 0 and (c.lowest <> 0 or c.highest <> c.n - 1) or d.version > 0 and c.n is null and not exists (
		        select from document k where k.collection_id = d.collection_id and k.parent_id = d.document_id))`},
	{"a document has the text of its version, and others only of replaced ones", `
		select format('%s: version %s, text of %s, replaced ones up to %s', d.uri, d.version, t.versions, t.replaced)
		  from document d
		  left join (select document_id, array_agg(version) filter (where replaced_at is null) as versions,
		                    max(version) filter (where replaced_at is not null) as replaced
		               from document_text where collection_id = $1 group by document_id) t on t.document_id = d.document_id
		 where d.collection_id = $1
		   and (t.versions is distinct from case when d.version > 0 then array[d.version] end or t.replaced >= d.version)`},
	{"an attachment has its parent's readers", `
		select format('%s: of document %s', d.uri, d.parent_id)
		  from document d left join document p on p.collection_id = d.collection_id and p.document_id = d.parent_id
		 where d.collection_id = $1 and d.parent_id is not null and p.principals is distinct from d.principals`},
	{"what is not ready is staged, and nothing else is", `
		select format('%s is %s at revision %s, version %s; staged %s', d.uri, d.state, d.revision, d.version, s.revision)
		  from document d left join staged s on s.collection_id = d.collection_id and s.document_id = d.document_id
		 where d.collection_id = $1
		   and (s.revision is distinct from case when d.state <> 'ready' then d.revision end
		        or d.state = 'ready' and d.version <> d.revision or d.state <> 'ready' and d.version >= d.revision)`},
	{"vectors are kept ahead only of what is pending", `
		select format('%s is %s', d.uri, d.state)
		  from (select distinct document_id from embedded where collection_id = $1) e
		  join document d on d.collection_id = $1 and d.document_id = e.document_id
		 where d.state <> 'pending'`},
	{"what is pending has a job", `
		select format('%s waits and no job will index it', d.uri)
		  from document d
		 where d.collection_id = $1 and d.state = 'pending' and d.document_id not in (
		       select jsonb_array_elements_text(args -> 'document_ids')::bigint from river_job
		        where kind = 'index_documents' and state not in ('completed', 'cancelled', 'discarded')
		          and (args ->> 'collection_id')::bigint = $1)`},
	{"an import counts its documents", `
		select format('import %s is %s: %s queued, %s indexed, %s failed, %s superseded; %s wait', m.import_id, m.state,
		              m.queued, m.indexed, m.failed, m.superseded, coalesce(d.n, 0))
		  from import m
		  left join (select import_id, count(*) as n from document where collection_id = $1 and state = 'pending' group by import_id) d
		         on d.import_id = m.import_id
		 where m.collection_id = $1
		   and (m.queued - m.indexed - m.failed - m.superseded <> coalesce(d.n, 0)
		        or m.state = 'indexing' and d.n is null or m.state in ('done', 'failed') and d.n > 0
		        or least(m.queued, m.indexed, m.failed, m.superseded, m.removed, m.chunks, m.embedded, m.tokens) < 0)`},
	{"an import that scans has a job", `
		select format('import %s waits to be scanned and no job will do it', m.import_id)
		  from import m
		 where m.collection_id = $1 and m.state = 'scanning' and not exists (
		       select from river_job where kind = 'scan_import' and state not in ('completed', 'cancelled', 'discarded')
		          and (args ->> 'import_id')::bigint = m.import_id)`},
}

// problemsShown bounds the places reported for each invariant.
const problemsShown = 5

// Check does what the function Check does, for a collection by its name.
func (in *Ingester) Check(ctx context.Context, collection string) ([]string, error) {
	id, err := in.collection(ctx, collection)
	if err != nil {
		return nil, err
	}
	return Check(ctx, in.pool, id)
}

// Check recomputes a collection's statistics, frequencies and counters from its
// rows, compares every chunk with the text it was cut from, and looks for
// orphans. It returns what is wrong, an item a line, nil when nothing is. It
// reads one snapshot and blocks no one, but reads everything.
func Check(ctx context.Context, pool *pgxpool.Pool, collectionID int64) ([]string, error) {
	var problems []string
	snapshot := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := pgx.BeginTxFunc(ctx, pool, snapshot, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `set local statement_timeout = 0`); err != nil {
			return err
		}
		for _, inv := range invariants {
			rows, err := tx.Query(ctx, fmt.Sprintf("select * from (%s) broken limit %d", inv.broken, problemsShown), collectionID)
			if err != nil {
				return fmt.Errorf("check that %s: %w", inv.what, err)
			}
			places, err := pgx.CollectRows(rows, pgx.RowTo[string])
			if err != nil {
				return fmt.Errorf("check that %s: %w", inv.what, err)
			}
			for _, p := range places {
				problems = append(problems, inv.what+": "+p)
			}
		}
		return nil
	})
	return problems, err
}
