package eval

import (
	"encoding/json"
	"io"
)

// JSON writes the report's figures, without the outcomes of single queries.
func (r Report) JSON(w io.Writer) error {
	type row struct {
		Setting    string             `json:"setting"`
		Means      map[string]float64 `json:"means"`
		CI         Interval           `json:"ci95"`
		P50        float64            `json:"p50_ms"`
		P95        float64            `json:"p95_ms"`
		Diff       *Comparison        `json:"against_first,omitempty"`
		Empty      int                `json:"empty"`
		Degraded   int                `json:"degraded"`
		Abstention *Abstention        `json:"abstention,omitempty"`
	}
	out := struct {
		Dataset        string `json:"dataset"`
		Primary        string `json:"primary"`
		Queries        int    `json:"queries"`
		Absent         int    `json:"absent"`
		Unjudged       int    `json:"unjudged"`
		UnknownDocs    int    `json:"unknown_docs"`
		UnknownQueries int    `json:"unknown_queries"`
		Passages       int    `json:"passages"`
		Concurrency    int    `json:"concurrency"`
		Rows           []row  `json:"rows"`
	}{r.Dataset, r.Measures[0].String(), r.Ranked, r.Absent, r.Unjudged, r.UnknownDocs, r.UnknownQueries, r.Passages, r.Concurrency, nil}
	for _, x := range r.Rows {
		out.Rows = append(out.Rows, row{
			x.Setting.String(), x.Means, x.CI,
			float64(x.P50) / 1e6, float64(x.P95) / 1e6, x.Diff, x.Empty, x.Degraded, x.Abstention,
		})
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}

// WritePerQuery writes a JSON object a line for each row and query.
func (r Report) WritePerQuery(w io.Writer) error {
	enc := json.NewEncoder(w)
	for _, row := range r.Rows {
		for _, o := range row.Outcomes {
			values := map[string]float64{}
			for i, v := range o.Values {
				values[r.Measures[i].String()] = v
			}
			if err := enc.Encode(map[string]any{
				"setting": row.Setting.String(), "query": o.Query.ID, "absent": o.Query.Absent, "values": values,
				"coverage": o.Coverage, "ms": float64(o.Latency) / 1e6, "degraded": o.Degraded,
			}); err != nil {
				return err
			}
		}
	}
	return nil
}
