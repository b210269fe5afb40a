package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// maxUsageDays is what a server goes back at most.
const maxUsageDays = 3660

// usageCmd prints what models were asked and cost.
type usageCmd struct {
	Days int32 `env:"-" default:"30" help:"Days back, today's included."`
	All  bool  `env:"-" help:"Of all collections, not only --collection."`

	ByAccount bool `env:"-" help:"A line for each account that callers named (--account of ask and search)."`
}

// Validate is called by kong.
func (c *usageCmd) Validate() error {
	if c.Days < 1 || c.Days > maxUsageDays {
		return fmt.Errorf("--days: want 1 to %d", maxUsageDays)
	}
	return nil
}

func (c *usageCmd) Run(ctx context.Context, g *globals, term *terminal) error {
	return withClient(g.Server, func(cl *client) error {
		in := &quarryv1.ListUsageRequest{Collection: g.Collection, Days: c.Days, ByAccount: c.ByAccount}
		if c.All {
			in.Collection = ""
		}
		out, err := quarryv1.NewUsageServiceClient(cl.conn).ListUsage(ctx, in)
		if err != nil {
			return err
		}
		return term.print(out, usageText(out.Rows, c.ByAccount))
	})
}

// usageText is a table and its sums, with a column of accounts or without. A cost
// that is not known is said to be.
func usageText(rows []*quarryv1.UsageRow, byAccount bool) string {
	if len(rows) == 0 {
		return "nothing was asked"
	}
	var b strings.Builder
	account := ""
	if byAccount {
		account = "ACCOUNT\t"
	}
	fmt.Fprintln(&b, "DAY\tCOLLECTION\t"+account+"MODEL\tANSWERS\tFAILURES\tTOKENS IN\tCACHED\tTOKENS OUT\tUSD\tFROM CACHE\tUSD SAVED\tBY CASCADES")
	sum := &quarryv1.UsageRow{Day: "total"}
	for _, r := range rows {
		usageLine(&b, r, byAccount)
		sum.Answers += r.Answers
		sum.Failures += r.Failures
		sum.InputTokens += r.InputTokens
		sum.CachedTokens += r.CachedTokens
		sum.OutputTokens += r.OutputTokens
		sum.Cost += r.Cost
		sum.Unpriced += r.Unpriced
		sum.Hits += r.Hits
		sum.Saved += r.Saved
		sum.Spared += r.Spared
	}
	usageLine(&b, sum, byAccount)
	return table(b.String())
}

// table aligns the cells of lines, which tabs divide, and leaves out the last line's end.
func table(lines string) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	io.WriteString(w, lines)
	w.Flush()
	return strings.TrimSuffix(b.String(), "\n")
}

func usageLine(w io.Writer, r *quarryv1.UsageRow, byAccount bool) {
	account := ""
	if byAccount {
		account = clean(r.Account) + "\t"
	}
	fmt.Fprintf(w, "%s\t%s\t%s%s\t%d\t%d\t%d\t%d\t%d\t%s\t%d\t%.6f\t%.6f\n", r.Day, r.Collection, account, clean(r.Model),
		r.Answers, r.Failures, r.InputTokens, r.CachedTokens, r.OutputTokens, costText(r.Cost, r.Unpriced), r.Hits, r.Saved, r.Spared)
}

// costText is dollars; a part that is not known is named.
func costText(cost float64, unpriced int64) string {
	switch {
	case unpriced == 0:
		return fmt.Sprintf("%.6f", cost)
	case cost == 0:
		return "unknown"
	}
	return fmt.Sprintf("%.6f + %d unknown", cost, unpriced)
}
