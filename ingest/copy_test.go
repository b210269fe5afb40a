package ingest

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"
)

// every is a row of each type that is copied.
type every struct {
	Small  int16
	Int    int32
	Big    int64
	Text   string
	Bytes  []byte
	Texts  []string
	Bigs   []int64
	Vector pgvector.HalfVector
}

// TestCopyBinary: what comes out is what went in, however the rows fall on the
// reader's buffer.
func TestCopyBinary(t *testing.T) {
	b := setUp(t)
	want := []every{
		{math.MinInt16, math.MinInt32, math.MinInt64, "", []byte{}, []string{}, []int64{}, pgvector.NewHalfVector([]float32{1})},
		{-1, -1, -1, "naïve “x”", []byte{0, 255}, []string{"", "a", "é"}, []int64{1, -2}, pgvector.NewHalfVector([]float32{-0.5, 65504, 6e-8})},
	}
	for n := range 400 {
		s := strings.Repeat("x", n*n%3001)
		want = append(want, every{int16(n), int32(n), int64(n), s, []byte(s), []string{s}, []int64{int64(n)}, pgvector.NewHalfVector([]float32{float32(n)})})
	}
	var got []every
	err := pgx.BeginFunc(b.ctx, b.pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(b.ctx, `create temp table every (small int2, int int4, big int8, text text, bytes bytea, texts text[], bigs int8[], vector halfvec)`)
		b.ok(err)
		columns := []string{"small", "int", "big", "text", "bytes", "texts", "bigs", "vector"}
		b.ok(copyBinary(b.ctx, tx, "every", columns, len(want), func(e *encoder, i int) {
			w := want[i]
			e.int2(w.Small)
			e.int4(int(w.Int))
			e.int8(w.Big)
			e.text(w.Text)
			e.text(string(w.Bytes))
			e.texts(w.Texts)
			e.arrayOf(oidInt8, len(w.Bigs), 12*len(w.Bigs))
			for _, v := range w.Bigs {
				e.int8(v)
			}
			e.halfvec(w.Vector.Slice())
		}))
		rows, err := tx.Query(b.ctx, `select * from every`)
		b.ok(err)
		got, err = pgx.CollectRows(rows, pgx.RowToStructByPos[every])
		return err
	})
	b.ok(err)
	same := cmp.Comparer(func(a, b pgvector.HalfVector) bool {
		return cmp.Equal(halves(a.Slice()), halves(b.Slice()))
	})
	if diff := cmp.Diff(want, got, same); diff != "" {
		t.Errorf("(-written +read):\n%s", diff)
	}
}

func halves(v []float32) []uint16 {
	h := make([]uint16, len(v))
	for i, f := range v {
		h[i] = half(f)
	}
	return h
}

// TestHalf: floats are rounded as Postgres rounds them when it reads them as text.
func TestHalf(t *testing.T) {
	b, r := setUp(t), rand.New(rand.NewPCG(1, 2))
	v := []float32{0, 1, -1, 1.0009765625, 1.00048828125, 1.00146484375, 65504, -65504, 65519, 6.1e-5, 5.9604645e-8, 2.9802322e-8, 2.98e-8, 6.0975552e-05}
	for range 3000 {
		v = append(v, float32(r.NormFloat64()*math.Pow(10, float64(r.IntN(9)-6))))
	}
	_, err := b.pool.Exec(b.ctx, `create table halves (by_text halfvec, by_copy halfvec)`)
	b.ok(err)
	b.ok(pgx.BeginFunc(b.ctx, b.pool, func(tx pgx.Tx) error {
		return copyBinary(b.ctx, tx, "halves", []string{"by_copy"}, 1, func(e *encoder, _ int) { e.halfvec(v) })
	}))
	var differ int
	b.ok(b.pool.QueryRow(b.ctx, `with t as (select $1::text::halfvec::real[] as a, by_copy::real[] as b from halves)
		select count(*) from t, unnest(a, b) as u (x, y) where x is distinct from y`, pgvector.NewHalfVector(v).String()).Scan(&differ))
	if differ > 0 {
		t.Errorf("%d of %d floats are rounded otherwise", differ, len(v))
	}
	for f, want := range map[float64]uint16{math.Inf(1): 0x7c00, math.Inf(-1): 0xfc00, math.NaN(): 0x7e00, 70000: 0x7c00} {
		if got := half(float32(f)); got != want {
			t.Errorf("half(%v) = %#x, want %#x", f, got, want)
		}
	}
}
