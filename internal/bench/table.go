package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// table collects lines: what was measured, the limit or peer beside it, and
// their ratio against the aim.
type table struct{ lines []line }

type line struct{ what, got, beside, ratio, aim string }

func (t *table) add(what, got, beside, ratio, aim string) {
	t.lines = append(t.lines, line{what, got, beside, ratio, aim})
}

func (t *table) print(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "measured\tQuarry\tbeside it\tratio\taim")
	for _, l := range t.lines {
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\n", l.what, l.got, l.beside, l.ratio, l.aim)
	}
	return tw.Flush()
}

// quantile returns the q-quantile (0 to 1, nearest rank) of d, which it sorts.
func quantile(d []time.Duration, q float64) time.Duration {
	if len(d) == 0 {
		return 0
	}
	slices.Sort(d)
	return d[min(len(d)-1, int(q*float64(len(d))))]
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }
