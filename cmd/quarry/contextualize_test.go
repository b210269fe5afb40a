package main

import (
	"testing"

	"google.golang.org/protobuf/proto"

	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

func TestContextualizeText(t *testing.T) {
	r := &quarryv1.ContextualizeCollectionResponse{
		Chunks: 900, Waiting: 500, Model: "small\x1b[31m", InputTokens: 640_000, OutputTokens: 35_000, PriceDate: "2026-11-01",
	}
	var got string
	for _, cost := range []*float64{nil, proto.Float64(0.2375)} {
		r.Cost = cost
		got += contextualizeText(r, true, false) + "\n\n"
	}
	r.Waiting = 0
	golden(t, "contextualize.golden", got+contextualizeText(r, false, false)+"\n\n"+contextualizeText(r, false, true)+"\n")
}
