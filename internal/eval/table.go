package eval

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"
)

// heads are the columns' names where the measure's own would be too long.
var heads = map[string]string{
	"ndcg": "nDCG", "map": "MAP", "mrr": "MRR", "recall": "R", "success": "S", "p": "P",
	"quote_recall": "qR", "quote_precision": "qP", "quote_iou": "IoU",
}

func (m Measure) head() string { return strings.Replace(m.String(), m.Kind, heads[m.Kind], 1) }

// Table writes the report for people: what was run, a row a setting, and remarks
// on whatever makes the figures less than they seem.
func (r Report) Table(w io.Writer) error {
	fmt.Fprintf(w, "\n%s: %d queries", r.Dataset, r.Ranked)
	if r.Absent > 0 {
		fmt.Fprintf(w, " and %d that are not in the documents", r.Absent)
	}
	if r.searched() {
		fmt.Fprintf(w, "; up to %d passages a search, %d searches at once", r.Passages, r.Concurrency)
	}
	fmt.Fprint(w, "\n\n")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	r.header(t)
	for _, row := range r.Rows {
		r.row(t, row)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := io.WriteString(w, r.remarks())
	return err
}

// searched is false of a report on run files, which have no latency.
func (r Report) searched() bool { return r.Concurrency > 0 }

func (r Report) header(t io.Writer) {
	fmt.Fprintf(t, "%-*s\t", r.width(), "setting")
	for _, m := range r.Measures {
		fmt.Fprintf(t, "%s\t", m.head())
	}
	if r.Absent > 0 {
		fmt.Fprint(t, "bal.acc\t")
	}
	if r.searched() {
		fmt.Fprint(t, "p50 ms\tp95 ms\t")
	}
	if len(r.Rows) > 1 && r.Ranked > 0 {
		fmt.Fprintf(t, "Δ%s\tp\t95%% CI of Δ\t", r.Measures[0].head())
	}
	fmt.Fprintln(t)
}

// width is that of the column of settings.
func (r Report) width() int {
	width := len("setting")
	for _, row := range r.Rows {
		width = max(width, utf8.RuneCountInString(row.Setting.String()))
	}
	return width
}

func (r Report) row(t io.Writer, row Row) {
	fmt.Fprintf(t, "%-*s\t", r.width(), row.Setting)
	for _, m := range r.Measures {
		fmt.Fprintf(t, "%.4f\t", row.Means[m.String()])
	}
	if r.Absent > 0 {
		fmt.Fprintf(t, "%.4f\t", row.Means["balanced_accuracy"])
	}
	if r.searched() {
		fmt.Fprintf(t, "%s\t%s\t", milliseconds(row.P50), milliseconds(row.P95))
	}
	if d := row.Diff; d != nil {
		fmt.Fprintf(t, "%+.4f\t%.4f\t%+.4f to %+.4f\t", d.Diff, d.P, d.CI.Low, d.CI.High)
	} else if len(r.Rows) > 1 && r.Ranked > 0 {
		fmt.Fprint(t, "\t\t\t")
	}
	fmt.Fprintln(t)
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.1f", float64(d)/float64(time.Millisecond))
}

// remarks returns a line for each thing that a reader of the table should know.
func (r Report) remarks() string {
	var b strings.Builder
	b.WriteString("\n")
	say := func(n int, format string, a ...any) {
		if n > 0 {
			fmt.Fprintf(&b, format+"\n", a...)
		}
	}
	for _, row := range r.Rows {
		say(r.Ranked, "%s: %s is %.4f to %.4f with 95%% confidence", row.Setting, r.Measures[0].head(), row.CI.Low, row.CI.High)
		say(row.Empty, "%s: %d queries returned nothing", row.Setting, row.Empty)
		say(row.Degraded, "%s: %d searches were degraded, a leg was missing", row.Setting, row.Degraded)
		if a := row.Abstention; a != nil {
			fmt.Fprintf(&b, "%s: with coverage under %.3f as \"not in the documents\", %d of %d answerable questions kept, %d of %d others refused\n",
				row.Setting, a.Threshold, a.Kept, a.Kept+a.Lost, a.Refused, a.Refused+a.Missed)
		}
	}
	say(r.Unjudged, "%d queries have no judgement and were not run", r.Unjudged)
	say(r.UnknownDocs, "%d judged documents are not in the corpus: where they are relevant they count as not found", r.UnknownDocs)
	say(r.UnknownQueries, "%d judged queries are not in the query file and were not run", r.UnknownQueries)
	return b.String()
}
