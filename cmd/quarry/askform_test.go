package main

import (
	"testing"

	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// A form's flags reach the request; a bound without its form is an error.
func TestAskForm(t *testing.T) {
	in := &quarryv1.AskRequest{}
	if err := (&askForm{Quotes: true, MaxQuotes: 3}).setForm(in); err != nil || in.GetQuotes().GetMax() != 3 {
		t.Errorf("%v, %v", in, err)
	}
	for _, bad := range [][]string{
		{"--max-quotes", "3"}, {"--quotes", "--max-calls", "2"}, {"--quotes", "--summary"}, {"--legs", "dense,dense"},
	} {
		if _, _, err := parse(t, nil, append([]string{"ask", "x"}, bad...)...); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}
