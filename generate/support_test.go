package generate

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quarry-rag/quarry/internal/modeltest"
)

func TestSupports(t *testing.T) {
	_, passages := library(
		"Go was announced in November 2009 by Robert Griesemer and Rob Pike. It had 1,200 users.",
		"The canteen opens at noon. Ada Moreau is the chief executive.")
	model := modeltest.New(t)
	for _, c := range []struct {
		text string
		want []bool
	}{
		{"Go was announced in 2009 [1].", []bool{true}},
		{"Go was announced in 2009. [1]", []bool{true}},
		{"Go was announced in 2008 [1].", []bool{false}},         // another number
		{"Go had 1200 users [1].", []bool{true}},                 // the same number
		{"Go was announced by Ken Thompson [1].", []bool{false}}, // another name
		{"Go was announced in 2009 [2].", []bool{false}},         // another passage
		{"Go was announced in 2009.", []bool{false}},             // none
		{"Go was announced. It had 1,200 users [1].", []bool{true, true}},
		{"Go was announced.\n\nIt had 1,200 users [1].", []bool{false, true}},
		{"Go was announced in 2009 [1]. Elephants never forget a face [2].", []bool{true, false}},
		{"Here it is:\n- Go was announced in 2009 [1]\n- Ada Moreau is the chief executive [2]", []bool{true, true}},
		{"The boss who runs the firm is Ada Moreau [2].", []bool{true}}, // by meaning
		{`It says “Go was announced in November 2009” [1].`, []bool{true}},
		{`It says "go was announced … by Robert Griesemer and [others]" [1].`, []bool{true}},
		{`It says "Go was announced by Robert Griesemer in November 2009" [1].`, []bool{false}}, // nearly
		{`It says “Go was announced in November 2009 by Rob” [1].`, []bool{false}},
		{`The "announced" Go is "the Go language" [1].`, []bool{true}}, // terms
		{`It says “Go was announced in November 2009 by Robert Griesemer and Rob Pike. It had 1,200 users.” [1]`, []bool{true, true}},
		{`It says “Go was announced in November 2009 … Rob Pike. [1] It had 1,200 users” [1].`, []bool{true, true, true}},
		{`It says “Go was announced in November 2009. It had 1,200 users” [1].`, []bool{false, false}}, // joined
		{"It says \"Go was announced in November 2009 by Rob Pike.\nIt had 1,200 users\" [1]. It had users [1].", []bool{false, false, true}},
		{`Go was announced [1]. “Ada Moreau is the chief executive [2]. Go had 1,200 users” [1].`, []bool{true, false, false}}, // of two passages
		{"Go was announced in \"November [1].\n\nIt had 1,200 users\" [1].", []bool{true, true}},                               // no pair
		{Refusal, nil},
		{"Cited out of range [7].", []bool{false}},
	} {
		r := read(passages, analyzerFor("en"), nil)
		var got []bool
		for _, s := range r.supports(context.Background(), c.text, "When was Go announced?", Refusal, model) {
			got = append(got, s.Supported)
			if s.Supported != (s.Reason == "") || s.Start >= s.End || s.End > len(c.text) {
				t.Errorf("%q: %+v", c.text, s)
			}
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%q: %s", c.text, d)
		}
	}
}

func FuzzSupports(f *testing.F) {
	_, passages := library("Go was announced in 2009.", "It has 3 loops.")
	f.Add("Go [1]. [2] Was [1, 2][3].\n- x [9]\n\n[1] end")
	f.Fuzz(func(t *testing.T, text string) {
		last := 0
		for _, s := range read(passages, analyzerFor("en"), nil).supports(context.Background(), text, "?", Refusal, nil) {
			if s.Start < last || s.End <= s.Start || s.End > len(text) || !(s.Score >= 0 && s.Score <= 1) {
				t.Fatalf("%+v after %d in %q", s, last, text)
			}
			last = s.End
		}
	})
}
