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
	for _, bad := range []askForm{{MaxQuotes: 3}, {Quotes: true, MaxCalls: 2}, {Quotes: true, Summary: true}} {
		if err := bad.setForm(&quarryv1.AskRequest{}); err == nil {
			t.Errorf("%+v is accepted", bad)
		}
	}
}
