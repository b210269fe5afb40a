package ingest

import (
	"context"
	"fmt"
	"path"
	"time"

	"github.com/jackc/pgx/v5"
)

// waitsForRoom gives way to what is said of the document that is waited for.
const waitsForRoom = "waits until another large document is indexed"

// say tells people what a large document waits for: in its own row, and in that of
// the import that waits for it.
func (ix *indexer) say(ctx context.Context, t *target, c claim, what string) {
	b := &pgx.Batch{}
	queueSaying(b, t, c, what)
	if err := ix.pool.SendBatch(ctx, b).Close(); err != nil && ctx.Err() == nil {
		ix.log.Warn("say what is waited for", "err", err)
	}
}

func queueSaying(b *pgx.Batch, t *target, c claim, what string) {
	b.Queue(`update document set reason = $4
		where collection_id = $1 and document_id = $2 and revision = $3 and state = 'pending' and reason <> $4`, t.col, c.id, c.revision, what)
	if c.importID != nil {
		text := fmt.Sprintf("%s (%.1f MB) %s", clip(path.Base(c.uri), 60), float64(c.size)/1e6, what)
		b.Queue(`update import set waiting = $3
			where collection_id = $1 and import_id = $2 and state in ('scanning', 'indexing') and waiting <> $3 and (waiting = '' or $4)`,
			t.col, *c.importID, text, what != waitsForRoom)
	}
}

// embeddedText says how much of a document is embedded.
func (p *prepared) embeddedText(vectors map[hash][]float32) string {
	done := 0
	for i := range p.pieces {
		if q := &p.pieces[i]; q.given || vectors[q.hash] != nil {
			done++
		}
	}
	return fmt.Sprintf("is being embedded: %d of %d chunks", done, len(p.pieces))
}

// pausedUntil is when the server of the collection's model may be asked again, of
// an import some of whose documents wait for it; null where that is soon. A server
// is named by its address and model: see embed.OpenAI.Server.
const pausedUntil = `
	(select max(p.free_at) from pace p
	   join collection c on c.collection_id = import.collection_id
	   join space s on s.collection_id = c.collection_id and s.space_id = c.active_space_id
	  where right(p.server, length(s.model) + 1) = ' ' || s.model and p.free_at > now() + interval '2 s'
	    and import.state in ('scanning', 'indexing') and import.queued > import.indexed + import.failed + import.superseded)`

func pauseText(until time.Time) string {
	return "waits until " + until.UTC().Format("15:04:05") + " UTC: the embedding server takes no more before"
}
