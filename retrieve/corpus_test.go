package retrieve

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/pgvector/pgvector-go"

	"github.com/quarry-rag/quarry/internal/ids"
	"github.com/quarry-rag/quarry/internal/pgconn"
	"github.com/quarry-rag/quarry/internal/pgtest"
	"github.com/quarry-rag/quarry/retrieve/embed"
	"github.com/quarry-rag/quarry/retrieve/lexical"
)

// hashed is a model whose vectors tests can compute: each word adds to some
// numbers by its hash, so texts that share words are near.
type hashed struct{ dim int }

func (m hashed) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	out := make([][]float32, len(texts))
	for i, text := range texts {
		out[i] = m.vector(text)
	}
	return out, ctx.Err()
}

func (m hashed) vector(text string) []float32 {
	v := make([]float32, m.dim)
	for _, w := range strings.Fields(strings.ToLower(text)) {
		h := fnv.New64a()
		h.Write([]byte(w))
		for x := h.Sum64(); x != 0; x >>= 16 {
			v[int(x&0x7fff)%m.dim] += float32(1 - int(x>>15&1)*2)
		}
	}
	v[0] += 0.1
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(sum))
	}
	return v
}

func (m hashed) Tokens(text string) int { return len(strings.Fields(text)) }

func (m hashed) Info() embed.Info {
	return embed.Info{Name: "hashed", Dim: m.dim, MaxTokens: 1 << 20, Fingerprint: fmt.Sprint("hashed/", m.dim)}
}

// fixedPlans opens a pool as the product opens that of searches.
func fixedPlans(t testing.TB) *pgxpool.Pool {
	t.Helper()
	pool, err := pgconn.Open(context.Background(), pgtest.New(t), pgconn.Options{FixedPlans: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// corpus is a collection written row by row, as ingest would leave it.
type corpus struct {
	pool     *pgxpool.Pool
	model    embed.Model
	ids      *ids.Source
	name     string
	id       int64
	space    int64
	chunks   []stored
	language string
}

// stored is what a test knows of a chunk.
type stored struct {
	id, document int64
	text         string
	terms        []string
	vector       []float32
}

func newCorpus(t testing.TB, pool *pgxpool.Pool, model embed.Model, name, settings string) *corpus {
	t.Helper()
	source, err := ids.Open(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	c := &corpus{pool: pool, model: model, ids: source, name: name, id: source.Next(), space: source.Next(), language: "en"}
	info := model.Info()
	c.exec(t, `insert into collection (collection_id, name, settings, active_space_id) values ($1, $2, $3, $4)`, c.id, name, settings, c.space)
	c.exec(t, `insert into collection_stats (collection_id) values ($1)`, c.id)
	c.exec(t, `insert into space (collection_id, space_id, model, fingerprint, dim, state) values ($1, $2, $3, $4, $5, 'ready')`,
		c.id, c.space, info.Name, info.Fingerprint, info.Dim)
	return c
}

// testCorpus is a corpus of the hashed model in a database of its own.
func testCorpus(t testing.TB) *corpus {
	t.Helper()
	return newCorpus(t, fixedPlans(t), hashed{64}, "docs", `{}`)
}

func (c *corpus) exec(t testing.TB, sql string, args ...any) {
	t.Helper()
	if _, err := c.pool.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// add stores a document of chunks, two line ends apart, and returns its id.
func (c *corpus) add(t testing.TB, uri string, chunks ...string) int64 {
	t.Helper()
	document := c.ids.Next()
	body := "# " + uri + "\n\n" + strings.Join(chunks, "\n\n") + "\n"
	vectors, err := c.model.Embed(t.Context(), chunks)
	if err != nil {
		t.Fatal(err)
	}
	batch := &pgx.Batch{}
	batch.Queue(`insert into document (collection_id, document_id, uri, version, state, content_hash, title, chunks)
		values ($1, $2, $3, 1, 'ready', '', $3, $4)`, c.id, document, uri, len(chunks))
	batch.Queue(`insert into document_text (collection_id, document_id, version, body) values ($1, $2, 1, $3)`, c.id, document, []byte(body))
	start := len("# " + uri + "\n\n")
	for i, text := range chunks {
		c.queue(t, batch, document, i, start, text, vectors[i])
		start += len(text) + 2
	}
	batch.Queue(`update collection_stats set version = version + 1, documents = documents + 1 where collection_id = $1`, c.id)
	if err := c.pool.SendBatch(t.Context(), batch).Close(); err != nil {
		t.Fatal(err)
	}
	return document
}

func (c *corpus) queue(t testing.TB, batch *pgx.Batch, document int64, ord, start int, text string, vector []float32) {
	t.Helper()
	analyzer, err := lexical.For(c.language)
	if err != nil {
		t.Fatal(err)
	}
	s := stored{c.ids.Next(), document, text, analyzer.Terms(text), vector}
	c.chunks = append(c.chunks, s)
	tf := map[string]int{}
	for _, term := range s.terms {
		tf[term]++
	}
	var keys []int64
	for term, n := range tf {
		id := lexical.TermID(term)
		keys = append(keys, id)
		batch.Queue(`insert into term (collection_id, term_id, term, df) values ($1, $2, $3, 1)
			on conflict (collection_id, term_id) do update set df = term.df + 1`, c.id, id, term)
		batch.Queue(`insert into posting values ($1, $2, $3, $4, $5)`, c.id, id, s.id, n, len(s.terms))
	}
	hash := sha256.Sum256([]byte(text))
	batch.Queue(`insert into chunk (collection_id, chunk_id, document_id, ord, start_byte, end_byte, heading_path, body, tokens, length, embed_hash, term_ids)
		values ($1, $2, $3, $4, $5, $6, '{Top}', $7, $8, $9, $10, $11)`,
		c.id, s.id, document, ord, start, start+len(text), text, c.model.Tokens(text), len(s.terms), hash[:], keys)
	batch.Queue(`insert into embedding values ($1, $2, $3, $4, $5)`, c.id, c.space, s.id, document, pgvector.NewHalfVector(vector))
	batch.Queue(`update collection_stats set chunks = chunks + 1, length_sum = length_sum + $2 where collection_id = $1`, c.id, len(s.terms))
}

// index makes the HNSW index of the corpus's space.
func (c *corpus) index(t testing.TB) {
	t.Helper()
	c.exec(t, fmt.Sprintf(`create index embedding_hnsw_%d on embedding using hnsw ((emb::halfvec(%d)) halfvec_cosine_ops) where space_id = %[1]d`,
		c.space, c.model.Info().Dim))
}

func (c *corpus) search(t testing.TB, q Query) Result {
	t.Helper()
	r, err := New(c.pool, c.model, Options{}).Search(t.Context(), q.in(c))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (q Query) in(c *corpus) Query {
	q.Collection = c.name
	return q
}

// checkTexts makes sure that every passage is what the document has at its place.
func (c *corpus) checkTexts(t testing.TB, r Result) {
	t.Helper()
	s := New(c.pool, c.model, Options{})
	for _, p := range r.Passages {
		body, err := s.Bytes(t.Context(), p, p.Start, p.End)
		if err != nil {
			t.Fatal(err)
		}
		if string(body) != p.Text {
			t.Errorf("%s [%d, %d): passage %q, stored %q", p.URI, p.Start, p.End, p.Text, body)
		}
	}
}

// broken is a model that fails, or hangs until its context ends.
type broken struct {
	hashed
	hang bool
}

var errModel = errors.New("secret detail")

func (m broken) Embed(ctx context.Context, _ []string) ([][]float32, error) {
	if m.hang {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return nil, errModel
}
