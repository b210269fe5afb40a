// Package answercache gives answers again, where nothing that decides them has
// changed: the words of the question, who asks, what may be found, the model and
// its settings, the prompt, what was said before, and every document of the
// collection. Equal questions asked at once share one answer.
//
// Freshness rests on collection_stats.version, which grows in the transaction of
// every change that readers can see. It is read before the search: an answer is
// given again only at the very version that it was made at, so nothing changed
// from before its search until it is looked up.
package answercache

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/quarry-rag/quarry/generate"
	"github.com/quarry-rag/quarry/retrieve"
)

// Options of a cache.
type Options struct {
	// TTL is how long an answer may be given again. More than 0.
	TTL time.Duration
	// MaxEntries are kept of all collections together, the newest. 0 means 10,000.
	MaxEntries int
	// Semantic gives an answer again to a question in other words too.
	Semantic bool
	// Identity is what else decides answers: the build, the reranker, …
	Identity string
	// Now tells the time. nil is time.Now.
	Now func() time.Time
	// Log gets what goes wrong and costs only a hit. nil is none.
	Log *slog.Logger
}

// Cache is the table cached_answer, and what is being answered now. Safe for
// concurrent use.
type Cache struct {
	pool   *pgxpool.Pool
	source generate.Source
	o      Options
	puts   atomic.Int64
	// Running are the answers on their way.
	Running Group[Key, Part]

	mu         sync.Mutex
	thresholds map[int64]threshold // by collection
}

// New returns a cache in a migrated database; source proves the quotes of what it
// gives again.
func New(pool *pgxpool.Pool, source generate.Source, o Options) (*Cache, error) {
	if o.TTL <= 0 || o.MaxEntries < 0 {
		return nil, fmt.Errorf("answer cache: time to live %v, %d entries: want more than 0", o.TTL, o.MaxEntries)
	}
	if o.MaxEntries == 0 {
		o.MaxEntries = 10_000
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Cache{pool: pool, source: source, o: o}, nil
}

// Question is what decides an answer, but for the documents.
type Question struct {
	Collection string
	Text       string
	// Rest is everything else of the request, in a form in which equal requests
	// are equal: filters, principals, options, model, prompt, what was said before.
	Rest []byte
}

// Key stands for a question at one version of its collection.
type Key [sha256.Size]byte

// Slot is where the answer to a question is kept, or will be.
type Slot struct {
	Key        Key
	scope      Key // of all but the question's words
	collection int64
	version    int64
	question   string
}

// Slot reads what the collection is like now. It must be called before the
// search. An unknown collection gives retrieve.ErrUnknownCollection.
func (c *Cache) Slot(ctx context.Context, q Question) (*Slot, error) {
	s := &Slot{question: normal(q.Text)}
	var space int64
	err := c.pool.QueryRow(ctx, `
		select c.collection_id, c.active_space_id, t.version
		  from collection c join collection_stats t using (collection_id) where c.name = $1`, q.Collection).
		Scan(&s.collection, &space, &s.version)
	if errors.Is(err, pgx.ErrNoRows) {
		err = retrieve.ErrUnknownCollection
	}
	if err != nil {
		return nil, fmt.Errorf("answer cache of %q: %w", q.Collection, err)
	}
	s.scope = digest(number(s.collection), number(space), []byte(c.o.Identity), q.Rest)
	s.Key = digest(s.scope[:], number(s.version), []byte(s.question))
	return s, nil
}

// For is the key of an answer on its way for an account: one whose budget is spent
// would have the others who wait with it refused.
func (s *Slot) For(account string) Key { return digest(s.Key[:], []byte(account)) }

func number(n int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }

// digest hashes parts so that no two lists of them are alike.
func digest(parts ...[]byte) Key {
	h := sha256.New()
	for _, p := range parts {
		h.Write(number(int64(len(p))))
		h.Write(p)
	}
	return Key(h.Sum(nil))
}

// normal is a question without what makes no difference: white space around and
// between words, the mark at its end, a capital at its beginning. The case of
// other letters may ("IT", "Polish").
func normal(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	s = strings.TrimRight(s, "?.! ")
	first, n := utf8.DecodeRuneInString(s)
	if second, _ := utf8.DecodeRuneInString(s[n:]); unicode.IsLower(second) {
		s = string(unicode.ToLower(first)) + s[n:]
	}
	return s
}
