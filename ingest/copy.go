package ingest

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/jackc/pgx/v5"
)

// copyBinary copies n rows into a table, the i-th as encode appends it to the
// encoder: each column once, in order. Reflecting on values, as copyRows does,
// takes as long as the server's own work.
func copyBinary(ctx context.Context, tx pgx.Tx, table string, columns []string, n int, encode func(e *encoder, i int)) error {
	sql := fmt.Sprintf("copy %s (%s) from stdin (format binary)", pgx.Identifier{table}.Sanitize(), strings.Join(columns, ", "))
	rows := &rowReader{columns: len(columns), n: n, encode: encode, buf: append(encoder{}, copyHeader...)}
	if _, err := tx.Conn().PgConn().CopyFrom(ctx, rows, sql); err != nil {
		return fmt.Errorf("copy into %s: %w", table, err)
	}
	return nil
}

// copyHeader begins Postgres's binary COPY format: signature, flags, extension.
const copyHeader = "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"

// rowReader encodes rows as they are read.
type rowReader struct {
	columns, n, next int
	encode           func(*encoder, int)
	buf              encoder
	read             int // of buf
}

func (r *rowReader) Read(p []byte) (int, error) {
	if r.read == len(r.buf) {
		if r.next > r.n {
			return 0, io.EOF
		}
		r.buf, r.read = r.buf[:0], 0
	}
	for len(r.buf)-r.read < len(p) && r.next <= r.n {
		if r.next == r.n {
			r.buf.uint16(math.MaxUint16) // the trailer: -1
		} else {
			r.buf.uint16(uint16(r.columns))
			r.encode(&r.buf, r.next)
		}
		r.next++
	}
	n := copy(p, r.buf[r.read:])
	r.read += n
	return n, nil
}

// encoder appends column values in Postgres's binary formats, each after its
// length in bytes.
type encoder []byte

func (e *encoder) uint16(v uint16) { *e = binary.BigEndian.AppendUint16(*e, v) }
func (e *encoder) uint32(v uint32) { *e = binary.BigEndian.AppendUint32(*e, v) }

func (e *encoder) int2(v int16) {
	e.uint32(2)
	e.uint16(uint16(v))
}

func (e *encoder) int4(v int) {
	e.uint32(4)
	e.uint32(uint32(int32(v)))
}

func (e *encoder) int8(v int64) {
	e.uint32(8)
	*e = binary.BigEndian.AppendUint64(*e, uint64(v))
}

func (e *encoder) text(s string) {
	e.uint32(uint32(len(s)))
	*e = append(*e, s...)
}

// Types of array elements, by their fixed object ids.
const (
	oidInt8 = 20
	oidText = 25
)

// arrayOf begins an array of n elements that take size bytes with their lengths.
func (e *encoder) arrayOf(oid uint32, n, size int) {
	if n == 0 {
		e.uint32(12)
		e.uint32(0) // dimensions
		e.uint32(0) // no nulls
		e.uint32(oid)
		return
	}
	e.uint32(uint32(20 + size))
	e.uint32(1)
	e.uint32(0)
	e.uint32(oid)
	e.uint32(uint32(n))
	e.uint32(1) // lower bound
}

func (e *encoder) texts(all []string) {
	size := 0
	for _, s := range all {
		size += 4 + len(s)
	}
	e.arrayOf(oidText, len(all), size)
	for _, s := range all {
		e.text(s)
	}
}

// halfvec writes pgvector's halfvec: dimensions, a reserved word, 16-bit floats.
func (e *encoder) halfvec(v []float32) {
	e.uint32(uint32(4 + 2*len(v)))
	e.uint16(uint16(len(v)))
	e.uint16(0)
	for _, f := range v {
		e.uint16(half(f))
	}
}

// half is f as an IEEE 754 binary16, rounded to nearest, ties to even, as
// Postgres rounds it. Infinite beyond its range.
func half(f float32) uint16 {
	b := math.Float32bits(f)
	sign := uint16(b>>16) & 0x8000
	b &= 0x7fffffff
	switch {
	case b > 0x7f800000: // NaN
		return sign | 0x7e00
	case b >= 0x47800000: // 2^16 and beyond
		return sign | 0x7c00
	case b < 0x38800000: // under 2^-14: subnormal, of steps of 2^-24
		return sign | uint16(math.RoundToEven(float64(math.Float32frombits(b))*(1<<24)))
	}
	b += 0xfff + b>>13&1 // may carry into the exponent, which is then right
	return sign | uint16((b-0x38000000)>>13)
}
