package main

import (
	"context"
	"fmt"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// explainCmd tells why a search does not return a document, or what became of
// every candidate.
type explainCmd struct {
	Query []string `arg:"" help:"What was searched; several words are joined."`
	Doc   string   `env:"-" placeholder:"DOCUMENT" help:"URI or path of the document that was expected. Without it, every candidate is shown."`
	Limit int32    `short:"k" env:"-" default:"10" help:"Passages that the search returns, at most 1000."`
	searching
}

func (c *explainCmd) Run(ctx context.Context, g *globals, term *terminal) error {
	return withClient(g.Server, func(cl *client) error {
		if c.Doc == "" {
			return c.candidates(ctx, cl, g, term)
		}
		var loss *quarryv1.ExplainResponse
		err := eitherURI(c.Doc, func(uri string) (err error) {
			loss, err = cl.query.Explain(ctx, &quarryv1.ExplainRequest{
				Collection: g.Collection, Query: strings.Join(c.Query, " "), Options: c.options(c.Limit), Uri: uri,
			})
			if err == nil && loss.Stage == "unknown" && uri == c.Doc {
				return status.Error(codes.NotFound, loss.Reason) // it may be a path
			}
			return err
		})
		if err != nil && (loss == nil || status.Code(err) != codes.NotFound) {
			return err
		}
		if term.json {
			return term.printJSON(loss)
		}
		_, err = fmt.Fprint(term.out, lossText(term, loss))
		return err
	})
}

func (c *explainCmd) candidates(ctx context.Context, cl *client, g *globals, term *terminal) error {
	o := c.options(c.Limit)
	o.Explain = true
	found, err := cl.query.Search(ctx, &quarryv1.SearchRequest{Collection: g.Collection, Query: strings.Join(c.Query, " "), Options: o})
	if err != nil {
		return err
	}
	if term.json {
		return term.printJSON(found)
	}
	fmt.Fprint(term.out, reportText(found.Report))
	for _, e := range found.Candidates {
		fmt.Fprint(term.out, candidateText(term, e))
	}
	return nil
}

// lossText is why a document is not returned, for people.
func lossText(term *terminal, r *quarryv1.ExplainResponse) string {
	var b strings.Builder
	if r.Stage == "" {
		b.WriteString("returned\n")
	} else {
		fmt.Fprintf(&b, "lost at: %s\n", clean(r.Stage))
	}
	fmt.Fprintf(&b, "%s\n", clean(r.Reason))
	if r.Remedy != "" {
		fmt.Fprintf(&b, "What would bring it in: %s\n", clean(r.Remedy))
	}
	if r.Best != nil {
		b.WriteString(candidateText(term, r.Best))
	}
	return b.String()
}

func candidateText(term *terminal, e *quarryv1.ExplainedCandidate) string {
	var b strings.Builder
	rank := "  -"
	if e.Rank > 0 {
		rank = fmt.Sprintf("%3d", e.Rank)
	}
	fmt.Fprintf(&b, "%s. %s · bytes %d–%d · %s\n", rank, place(term.short(e.Uri), e.HeadingPath, 0),
		e.Range.GetStart(), e.Range.GetEnd(), clean(e.Fate))
	fmt.Fprintf(&b, "     score %.3f · cosine %s · words %.3f · BM25 %s\n", e.Score, legText(e.Dense), e.Words, legText(e.Lexical))
	if e.FusedRank != e.Rank {
		fmt.Fprintf(&b, "     reranked from %d, %.3f\n", e.FusedRank, e.Rerank)
	}
	if e.Lacks != "" {
		fmt.Fprintf(&b, "     does not meet: %s\n", line(e.Lacks, 200))
	}
	var terms []string
	for _, t := range e.Terms {
		terms = append(terms, fmt.Sprintf("%s ×%d %.3f", clean(t.Term), t.Count, t.Score))
	}
	if terms != nil {
		fmt.Fprintf(&b, "     %s\n", strings.Join(terms, " · "))
	}
	return b.String()
}
