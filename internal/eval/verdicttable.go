package eval

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	pb "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// Probe implements Prober.
func (s *Server) Probe(ctx context.Context, collection, question string, without []Article) (float64, error) {
	o := &pb.SearchOptions{Limit: 1, FilterText: s.narrow.GetFilterText(), Principals: s.narrow.GetPrincipals()}
	if len(without) > 0 {
		o.Filter = &pb.Filter{Expr: &pb.Filter_All{All: &pb.Filters{}}}
		for _, a := range without {
			o.Filter.GetAll().Filters = append(o.Filter.GetAll().Filters, &pb.Filter{Expr: &pb.Filter_Negated{Negated: a.filter()}})
		}
	}
	resp, err := retry(ctx, func() (*pb.SearchResponse, error) {
		return s.query.Search(ctx, &pb.SearchRequest{Collection: collection, Query: question, Options: o})
	})
	return resp.GetReport().GetCoverage(), err
}

func (a Article) filter() *pb.Filter {
	field, value, op := "title", a.Title, pb.Comparison_OPERATOR_EQ
	if a.Title == "" {
		field, value = "uri", a.ID
	}
	if a.Prefix {
		op = pb.Comparison_OPERATOR_PREFIX
	}
	return &pb.Filter{Expr: &pb.Filter_Comparison{Comparison: &pb.Comparison{
		Field: field, Operator: op, Values: []*pb.FilterValue{{Value: &pb.FilterValue_Text{Text: value}}},
	}}}
}

// verdicts measures how well coverage tells what is not in the documents, over
// the request's data set and those beside it. It calibrates, when asked, between
// the set's own questions and the same ones with their articles left out, which
// are the hardest to tell of those that nothing answers.
func (r *Request) verdicts(ctx context.Context, s *Server, d Dataset) error {
	sets := []*VerdictSet{{Dataset: d, Collection: s.collection}}
	for _, path := range r.Beside {
		other, err := ReadBEIR(path)
		if err != nil {
			return err
		}
		sets = append(sets, &VerdictSet{Dataset: other, Collection: other.CollectionName()})
	}
	if err := Probe(ctx, s, sets, r.Sample, r.Options); err != nil {
		return err
	}
	rows := Verdicts(sets, r.Options.MinScore)
	var err error
	if r.JSON {
		err = json.NewEncoder(r.Out).Encode(rows)
	} else {
		err = writeVerdicts(r.Out, rows, r.Options.MinScore)
	}
	if err != nil || !r.Calibrate {
		return err
	}
	return r.calibrate(ctx, s, sets[0].Coverages[KindOwn], sets[0].Coverages[KindRemoved])
}

func writeVerdicts(w io.Writer, rows []VerdictRow, threshold float64) error {
	fmt.Fprintf(w, "\nbalanced accuracy of telling a set's own questions from others by their coverage\n\n")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "others\tset\tquestions\tat %.3f\tkept\trefused\tchosen on the other sets\tchosen on this one\tAUC\n", threshold)
	var of []VerdictRow // of one kind
	flush := func() {
		if len(of) > 0 {
			fmt.Fprintf(t, "%s\tmean\t\t%.3f\t\t\t%s\t%.3f\t\n", of[0].Kind, meanOf(of, func(r VerdictRow) float64 { return r.Default.BalancedAccuracy() }),
				leftOut(of, ""), meanOf(of, func(r VerdictRow) float64 { return r.Best.BalancedAccuracy() }))
		}
		of = nil
	}
	for _, r := range rows {
		if len(of) > 0 && r.Kind != of[0].Kind {
			flush()
		}
		of = append(of, r)
		at := ""
		if r.LeftOut != nil {
			at = fmt.Sprintf(" at %.3f", r.LeftOut.Threshold)
		}
		fmt.Fprintf(t, "%s\t%s\t%d and %d\t%.3f\t%.3f\t%.3f\t%s\t%.3f at %.3f\t%.3f\n", r.Kind, r.Dataset, r.Own, r.Others, r.Default.BalancedAccuracy(),
			r.Default.Sensitivity(), r.Default.Specificity(), leftOut([]VerdictRow{r}, at), r.Best.BalancedAccuracy(), r.Best.Threshold, r.AUC)
	}
	flush()
	return t.Flush()
}

// leftOut is the mean at thresholds chosen on other sets, and where; a dash where
// there are none. All rows of a kind have one, or the only row has none.
func leftOut(rows []VerdictRow, at string) string {
	if rows[0].LeftOut == nil {
		return "–"
	}
	return fmt.Sprintf("%.3f%s", meanOf(rows, func(r VerdictRow) float64 { return r.LeftOut.BalancedAccuracy() }), at)
}

func meanOf(rows []VerdictRow, figure func(VerdictRow) float64) float64 {
	sum := 0.0
	for _, r := range rows {
		sum += figure(r)
	}
	return sum / float64(len(rows))
}
