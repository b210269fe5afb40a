package eval

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// WriteTrial writes rows for people, side by side.
func WriteTrial(w io.Writer, d Dataset, rows []TrialRow) error {
	fmt.Fprintf(w, "\n%s: %d questions\n\n", d.Name, rows[0].Asked)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "prompt and model\t%s\tfailed\tUSD\tp50 ms\tp95 ms\t\n", strings.Join(TrialMeasures, "\t"))
	for _, r := range rows {
		fmt.Fprintf(t, "%s\t", r.Setting)
		for _, m := range TrialMeasures {
			if v, ok := r.Means[m]; ok {
				fmt.Fprintf(t, "%.3f\t", v)
			} else {
				fmt.Fprint(t, "–\t")
			}
		}
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\t\n", r.Failed, r.cost(), milliseconds(r.P50), milliseconds(r.P95))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, r := range rows {
		if r.Failed > 0 {
			fmt.Fprintf(w, "\n%s: %d answers failed and count as wrong; one of them: %s", r.Setting, r.Failed, r.Failure)
		}
	}
	_, err := fmt.Fprintln(w)
	return err
}

// cost is dollars; a part that is not known is named.
func (r TrialRow) cost() string {
	switch {
	case r.Unpriced == 0:
		return fmt.Sprintf("%.6f", r.Cost)
	case r.Unpriced == r.Asked:
		return "unknown"
	}
	return fmt.Sprintf("%.6f + %d unknown", r.Cost, r.Unpriced)
}

// TrialJSON writes one object a row.
func TrialJSON(w io.Writer, rows []TrialRow) error {
	enc := json.NewEncoder(w)
	for _, r := range rows {
		out := map[string]any{
			"prompt": r.Setting.Prompt, "model": r.Setting.Model, "means": r.Means, "asked": r.Asked, "failed": r.Failed,
			"unpriced": r.Unpriced, "p50_ms": float64(r.P50) / float64(time.Millisecond), "p95_ms": float64(r.P95) / float64(time.Millisecond),
		}
		if r.Unpriced == 0 {
			out["usd"] = r.Cost
		}
		if err := enc.Encode(out); err != nil {
			return err
		}
	}
	return nil
}

// ParseTrialBound reads "answered=0.9".
func ParseTrialBound(s string) (Bound, error) {
	name, value, ok := strings.Cut(s, "=")
	least, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	name = strings.TrimSpace(name)
	if !ok || err != nil || !(least >= 0 && least <= 1) || !slices.Contains(TrialMeasures, name) {
		return Bound{}, fmt.Errorf("bound %q: want one of %s and a number from 0 to 1, as in answered=0.9", s, strings.Join(TrialMeasures, ", "))
	}
	return Bound{name, least}, nil
}

// CheckTrial returns an error that names every figure under its bound. What
// was not measured is under every bound.
func CheckTrial(rows []TrialRow, bounds []Bound) error {
	var under []string
	for _, b := range bounds {
		for _, r := range rows {
			got, measured := r.Means[b.Measure]
			switch {
			case !measured:
				under = append(under, fmt.Sprintf("%s: %s was not measured", r.Setting, b.Measure))
			case !(got >= b.Min):
				under = append(under, fmt.Sprintf("%s: %s is %.4f, less than %g", r.Setting, b.Measure, got, b.Min))
			}
		}
	}
	if len(under) == 0 {
		return nil
	}
	return fmt.Errorf("%s", strings.Join(under, "; "))
}
