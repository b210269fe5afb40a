package pgconn

import (
	"errors"
	"strings"
	"testing"
)

func TestSupported(t *testing.T) {
	cases := []struct {
		num             int
		version, vector string
		says            string // empty: accepted
	}{
		{150000, "15.0", "0.8.0", ""},
		{180004, "18.4", "0.8.5", ""},
		{180004, "18.4", "0.10.0", ""},
		{140012, "14.12", "0.8.0", "PostgreSQL 14.12: not supported, Quarry needs 15 or newer"},
		{150018, "15.18 (Debian 15.18-0)", "", "PostgreSQL 15.18 (Debian 15.18-0) without pgvector"},
		{160003, "16.3", "0.7.4", "pgvector 0.7.4: not supported, Quarry needs 0.8.0 or newer"},
		{160003, "16.3", "0.7", "pgvector 0.7: not supported"},
	}
	for _, c := range cases {
		err := supported(c.num, c.version, c.vector)
		if (err != nil) != (c.says != "") || err != nil && (!strings.HasPrefix(err.Error(), c.says) || !errors.Is(err, ErrTooOld)) {
			t.Errorf("%s with pgvector %q: %v", c.version, c.vector, err)
		}
	}
}
