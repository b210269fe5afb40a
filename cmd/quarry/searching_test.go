package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// Every flag reaches the request, alike in each command that searches.
func TestSearchingFlags(t *testing.T) {
	flags := strings.Fields(`--filter=year>2020 --principal=ann --principal=staff --legs=lexical,dense --fusion=rrf --dense-weight=0.3
		--dense-plan=exact --dedupe --diversity=0.4 --no-rerank --expand=section --max-tokens=500 --paraphrases=2 --hyde`)
	all := &quarryv1.SearchOptions{
		Limit: 3, FilterText: "year>2020", Principals: []string{"ann", "staff"},
		Legs:   []quarryv1.Leg{quarryv1.Leg_LEG_LEXICAL, quarryv1.Leg_LEG_DENSE},
		Fusion: quarryv1.Fusion_FUSION_RRF, DenseWeight: proto.Float64(0.3), DensePlan: quarryv1.DensePlan_DENSE_PLAN_EXACT,
		Dedupe: true, Diversity: 0.4, NoRerank: true, Expansion: quarryv1.Expansion_EXPANSION_SECTION, MaxTokens: 500,
		Paraphrases: 2, Hyde: true,
	}
	for _, command := range []string{"search", "ask", "explain"} {
		for _, tt := range []struct {
			flags []string
			want  *quarryv1.SearchOptions
		}{{nil, &quarryv1.SearchOptions{Limit: 3}}, {flags, all}} {
			c := &cli{}
			term, _ := testTerminal()
			parser, err := newParser(c, term)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := parser.Parse(append([]string{command, "what", "--limit=3"}, tt.flags...)); err != nil {
				t.Fatal(err)
			}
			s := map[string]*searching{"search": &c.Search.searching, "ask": &c.Ask.searching, "explain": &c.Explain.searching}[command]
			if diff := cmp.Diff(tt.want, s.options(3), protocmp.Transform()); diff != "" {
				t.Errorf("%s %v:\n%s", command, tt.flags, diff)
			}
		}
	}
}

func TestSearchingFlagsThatMakeNoSense(t *testing.T) {
	for _, flag := range []string{"--legs=sparse", "--legs=dense,dense", "--fusion=sum", "--expand=all", "--dense-plan=ivf", "--diversity=much"} {
		term, _ := testTerminal()
		parser, err := newParser(&cli{}, term)
		if err != nil {
			t.Fatal(err)
		}
		name, _, _ := strings.Cut(flag, "=")
		if _, err := parser.Parse([]string{"search", "what", flag}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", flag, err)
		}
	}
}
