package main

import (
	"context"
	"fmt"
	"strings"

	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// searchCmd finds passages.
type searchCmd struct {
	Query []string `arg:"" help:"What to find; several words are joined."`
	Limit int32    `short:"k" env:"-" default:"5" help:"Passages to show, at most 1000."`
	searching
}

func (c *searchCmd) Run(ctx context.Context, g *globals, term *terminal) error {
	return withClient(g.Server, func(cl *client) error {
		found, err := cl.query.Search(ctx, &quarryv1.SearchRequest{
			Collection: g.Collection,
			Query:      strings.Join(c.Query, " "),
			Options:    c.options(c.Limit),
		})
		if err != nil {
			return err
		}
		if term.json {
			return term.printJSON(found)
		}
		_, err = fmt.Fprint(term.out, searchText(term, found))
		return err
	})
}

// searchText is the result for people.
func searchText(term *terminal, r *quarryv1.SearchResponse) string {
	var b strings.Builder
	b.WriteString(reportText(r.Report))
	if len(r.Passages) == 0 {
		b.WriteString("nothing found\n")
	}
	for i, p := range r.Passages {
		fmt.Fprintf(&b, "%2d. %s\n", i+1, place(term.at(p.Uri, p.Commit), p.HeadingPath, p.Page))
		if p.TableHeader != "" {
			fmt.Fprintf(&b, "    columns: %s\n", line(p.TableHeader, 230))
		}
		fmt.Fprintf(&b, "    %s\n", line(p.Text, 240))
		fmt.Fprintf(&b, "    score %.3f · cosine %s · BM25 %s · bytes %d–%d\n",
			p.Score, legText(p.Dense), legText(p.Lexical), p.Range.GetStart(), p.Range.GetEnd())
	}
	var times []string
	for _, s := range r.Report.GetStages() {
		times = append(times, s.Stage+" "+millis(s.Time.AsDuration()))
	}
	fmt.Fprintf(&b, "Coverage %.3f · %s\n", r.Report.GetCoverage(), strings.Join(times, " · "))
	return b.String()
}

// reportText is what was not as asked, a line each.
func reportText(r *quarryv1.SearchReport) string {
	var b strings.Builder
	for _, why := range r.GetDegraded() {
		fmt.Fprintf(&b, "degraded: %s\n", clean(why))
	}
	for _, note := range r.GetNotes() {
		fmt.Fprintf(&b, "note: %s\n", clean(note))
	}
	return b.String()
}

// legText is a leg's score with its rank there, if it returned the passage.
func legText(s *quarryv1.LegScore) string {
	if s.GetRank() == 0 {
		return fmt.Sprintf("%.3f", s.GetScore())
	}
	return fmt.Sprintf("%.3f (#%d)", s.GetScore(), s.GetRank())
}
