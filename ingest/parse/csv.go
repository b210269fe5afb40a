package parse

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"strings"
)

// readCSV reads delimiter-separated values (RFC 4180, and its relatives with
// semicolons, tabs or bars): a row a block, the first as header of the others.
func readCSV(ctx context.Context, body []byte) (Parsed, error) {
	text, err := decodeAny(body)
	if err != nil {
		return Parsed{}, err
	}
	r := csv.NewReader(strings.NewReader(text))
	r.Comma = delimiter(text)
	r.FieldsPerRecord, r.LazyQuotes, r.ReuseRecord = -1, true, true
	var out page
	var t rows
	for n := 0; ; n++ {
		if n&1023 == 0 && ctx.Err() != nil {
			return Parsed{}, ctx.Err()
		}
		cells, err := r.Read()
		var wrong *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return out.parsed(map[string]any{}), nil
		case errors.As(err, &wrong):
			return Parsed{}, Permanent("row %d is not separated values: %v", n+1, wrong.Err)
		case err != nil:
			return Parsed{}, err
		}
		t.add(&out, cells)
	}
}

// delimiter is the one that divides most of the first lines into equally many
// fields, more than one.
func delimiter(text string) rune {
	best, bestScore := ',', 0
	for _, d := range ",;\t|" {
		r := csv.NewReader(strings.NewReader(text))
		r.Comma, r.LazyQuotes, r.FieldsPerRecord = d, true, -1
		counts := map[int]int{}
		for range 20 {
			cells, err := r.Read()
			if err != nil {
				break
			}
			if len(cells) > 1 {
				counts[len(cells)]++
			}
		}
		for fields, lines := range counts {
			if score := lines*1000 + min(fields, 999); score > bestScore {
				best, bestScore = d, score
			}
		}
	}
	return best
}
