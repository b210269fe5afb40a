package main

import (
	"fmt"
	"slices"

	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// narrowing says which documents a search may find.
type narrowing struct {
	Filter    string   `env:"-" placeholder:"EXPR" help:"Documents to search, as in: lang = \"en\" and year >= 2023."`
	Principal []string `env:"-" placeholder:"NAME" help:"Search as this person or group; several may be given. Default: all documents."`
}

// searching says how to search. What is not given is the server's default.
type searching struct {
	narrowing
	Legs        []string `env:"-" enum:"dense,lexical" placeholder:"dense,lexical" help:"Legs to search by; default: both."`
	Fusion      string   `env:"-" enum:",weighted,rrf" default:"" placeholder:"NAME" help:"How the legs are combined: weighted (default), or rrf."`
	DenseWeight *float64 `env:"-" placeholder:"0-1" help:"Weight of vectors in fusion. Default: the collection's."`
	DensePlan   string   `env:"-" enum:",exact,hnsw" default:"" placeholder:"NAME" help:"How vectors are searched: exact or hnsw. Default: what the collection's size says."`
	Dedupe      bool     `env:"-" help:"Leave out passages that say what a better one says. Answers always do."`
	Diversity   float64  `env:"-" placeholder:"0-1" help:"How much passages unlike the others are preferred to better ones."`
	Rerank      bool     `env:"-" default:"true" negatable:"" help:"Let the server's reranker, if it has one, order the best passages once more."`
	Expand      string   `env:"-" enum:",none,neighbours,section" default:"" placeholder:"NAME" help:"How passages grow: none (default of a search), neighbours (default of answers that a model writes), section."`
	MaxTokens   int32    `env:"-" placeholder:"N" help:"Most tokens of all passages together. 0: no limit for a search, 2000 for an answer."`
	Paraphrases int32    `env:"-" placeholder:"N" help:"Other ways to put the question, at most 5, that a chat model writes and that are searched too."`
	Hyde        bool     `env:"-" name:"hyde" help:"Search also for an answer that a chat model makes up."`
	Account     string   `env:"-" placeholder:"NAME" help:"To whom what models cost is accounted, as a customer or a team: see quarry usage --by-account."`
}

var (
	legs = map[string]quarryv1.Leg{"dense": quarryv1.Leg_LEG_DENSE, "lexical": quarryv1.Leg_LEG_LEXICAL}

	fusions = map[string]quarryv1.Fusion{
		"weighted": quarryv1.Fusion_FUSION_WEIGHTED, "rrf": quarryv1.Fusion_FUSION_RRF,
	}
	densePlans = map[string]quarryv1.DensePlan{
		"exact": quarryv1.DensePlan_DENSE_PLAN_EXACT, "hnsw": quarryv1.DensePlan_DENSE_PLAN_HNSW,
	}
	expansions = map[string]quarryv1.Expansion{
		"none": quarryv1.Expansion_EXPANSION_NONE, "neighbours": quarryv1.Expansion_EXPANSION_NEIGHBOURS,
		"section": quarryv1.Expansion_EXPANSION_SECTION,
	}
)

// Validate is called by kong. The server checks the ranges of numbers.
func (s *searching) Validate() error {
	for i, name := range s.Legs {
		if slices.Contains(s.Legs[:i], name) {
			return fmt.Errorf("--legs names %s twice", name)
		}
	}
	return nil
}

func (s *searching) options(limit int32) *quarryv1.SearchOptions {
	o := &quarryv1.SearchOptions{
		Limit: limit, FilterText: s.Filter, Principals: s.Principal,
		Fusion: fusions[s.Fusion], DenseWeight: s.DenseWeight, DensePlan: densePlans[s.DensePlan],
		Dedupe: s.Dedupe, Diversity: s.Diversity, NoRerank: !s.Rerank,
		Expansion: expansions[s.Expand], MaxTokens: s.MaxTokens, Paraphrases: s.Paraphrases, Hyde: s.Hyde,
		Account: s.Account,
	}
	for _, name := range s.Legs {
		o.Legs = append(o.Legs, legs[name])
	}
	return o
}
