package eval

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// AnswerFigures are the shares and times of an AnswerReport. A question that was
// refused counts as not answered.
type AnswerFigures struct {
	Dataset   string `json:"dataset"`
	Questions int    `json:"questions"`
	// Model or route that was asked, and what all answers cost in US dollars; nil:
	// not known.
	Model   string   `json:"model"`
	Dollars *float64 `json:"dollars"`
	// Shares of the questions with a gold answer, 0 to 1.
	First    float64  `json:"gold_in_first"`
	FirstCI  Interval `json:"gold_in_first_ci95"`
	FirstTwo float64  `json:"gold_in_first_two"`
	TwoCI    Interval `json:"gold_in_first_two_ci95"`
	Whole    float64  `json:"gold_in_answer"`
	Given    float64  `json:"gold_in_passages"`
	// AnsweredFirst and AnsweredFirstTwo leave the refused ones out.
	AnsweredFirst    float64 `json:"answered_gold_in_first"`
	AnsweredFirstTwo float64 `json:"answered_gold_in_first_two"`
	// Outcomes by name, of questions that are in the documents and that are not.
	Outcomes       map[string]int `json:"outcomes"`
	AbsentOutcomes map[string]int `json:"absent_outcomes,omitempty"`
	// Times of a whole call and of its part after the search, milliseconds.
	P50         float64 `json:"p50_ms"`
	P95         float64 `json:"p95_ms"`
	GenerateP50 float64 `json:"generate_p50_ms"`
	GenerateP95 float64 `json:"generate_p95_ms"`
	Concurrency int     `json:"concurrency"`
}

// Figures sums the report up. Equal seeds give equal intervals.
func (r AnswerReport) Figures(seed uint64) AnswerFigures {
	f := AnswerFigures{Dataset: r.Dataset, Questions: len(r.Asked), Concurrency: r.Concurrency}
	share := func(of []AnswerOutcome, is func(AnswerOutcome) bool) []float64 {
		var out []float64
		for _, o := range of {
			out = append(out, map[bool]float64{true: 1}[is(o)])
		}
		return out
	}
	first := func(o AnswerOutcome) bool { return o.First }
	two := func(o AnswerOutcome) bool { return o.FirstTwo }
	answered := slices.DeleteFunc(slices.Clone(r.Asked), func(o AnswerOutcome) bool { return o.Reply.Outcome == OutcomeAbsent })
	f.First, f.FirstCI = mean(share(r.Asked, first)), BootstrapMean(share(r.Asked, first), rounds, seed)
	f.FirstTwo, f.TwoCI = mean(share(r.Asked, two)), BootstrapMean(share(r.Asked, two), rounds, seed)
	f.Whole = mean(share(r.Asked, func(o AnswerOutcome) bool { return o.Whole }))
	f.Given = mean(share(r.Asked, func(o AnswerOutcome) bool { return o.Given }))
	f.AnsweredFirst, f.AnsweredFirstTwo = mean(share(answered, first)), mean(share(answered, two))
	f.Outcomes, f.AbsentOutcomes = countOutcomes(r.Asked), countOutcomes(r.Absent)
	all := append(slices.Clone(r.Asked), r.Absent...)
	f.Model, f.Dollars = asked(all)
	f.P50, f.P95 = quantiles(all, func(o AnswerOutcome) time.Duration { return o.Reply.Total })
	f.GenerateP50, f.GenerateP95 = quantiles(answered, func(o AnswerOutcome) time.Duration { return o.Reply.Generate })
	return f
}

// asked is what answered, and at what cost.
func asked(of []AnswerOutcome) (model string, dollars *float64) {
	sum := 0.0
	for _, o := range of {
		model = o.Reply.Model
		if o.Reply.Dollars == nil {
			return model, nil
		}
		sum += *o.Reply.Dollars
	}
	return model, &sum
}

func countOutcomes(of []AnswerOutcome) map[string]int {
	counts := map[string]int{}
	for _, o := range of {
		counts[o.Reply.Outcome]++
	}
	return counts
}

// quantiles are the median and the 95th percentile, in milliseconds.
func quantiles(of []AnswerOutcome, took func(AnswerOutcome) time.Duration) (p50, p95 float64) {
	var times []float64
	for _, o := range of {
		times = append(times, float64(took(o))/float64(time.Millisecond))
	}
	slices.Sort(times)
	return quantile(times, .5), quantile(times, .95)
}

// Table writes the figures for people.
func (f AnswerFigures) Table(w io.Writer) error {
	cost := ", cost unknown"
	switch {
	case f.Dollars != nil && *f.Dollars == 0:
		cost = ""
	case f.Dollars != nil:
		cost = fmt.Sprintf(", %.6f USD", *f.Dollars)
	}
	fmt.Fprintf(w, "\n%s: %d questions with a gold answer, %d at once, by %s%s\n\n", f.Dataset, f.Questions, f.Concurrency, short(f.Model), cost)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "gold answer\tof all\t95% interval\tof those not refused")
	fmt.Fprintf(t, "in the first sentence\t%.3f\t%.3f to %.3f\t%.3f\n", f.First, f.FirstCI.Low, f.FirstCI.High, f.AnsweredFirst)
	fmt.Fprintf(t, "in the first two\t%.3f\t%.3f to %.3f\t%.3f\n", f.FirstTwo, f.TwoCI.Low, f.TwoCI.High, f.AnsweredFirstTwo)
	fmt.Fprintf(t, "in the whole answer\t%.3f\n", f.Whole)
	fmt.Fprintf(t, "in the passages given\t%.3f\n", f.Given)
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "\nverdicts: %s\n", outcomeText(f.Outcomes))
	if len(f.AbsentOutcomes) > 0 {
		fmt.Fprintf(w, "of questions that are not in the documents: %s\n", outcomeText(f.AbsentOutcomes))
	}
	_, err := fmt.Fprintf(w, "times: whole answer p50 %.0f ms, p95 %.0f ms; after the search p50 %.0f ms, p95 %.0f ms\n", f.P50, f.P95, f.GenerateP50, f.GenerateP95)
	return err
}

func outcomeText(counts map[string]int) string {
	all := 0
	for _, n := range counts {
		all += n
	}
	text := ""
	for _, name := range []string{OutcomeAnswered, OutcomePartial, OutcomeAbsent, OutcomeRefused} {
		if name == OutcomeRefused && counts[name] == 0 { // only some models do
			continue
		}
		if text != "" {
			text += ", "
		}
		text += fmt.Sprintf("%s %d (%.3f)", name, counts[name], ratio(float64(counts[name]), float64(all)))
	}
	return text
}

// WritePerQuestion writes a JSON object a line for each question.
func (r AnswerReport) WritePerQuestion(w io.Writer) error {
	enc := json.NewEncoder(w)
	for _, o := range append(slices.Clone(r.Asked), r.Absent...) {
		if err := enc.Encode(map[string]any{
			"query": o.Query.ID, "question": o.Query.Text, "absent": o.Query.Absent, "gold": o.Query.Answers,
			"first": o.First, "first_two": o.FirstTwo, "whole": o.Whole, "given": o.Given,
			"outcome": o.Reply.Outcome, "coverage": o.Reply.Coverage, "answer": o.Reply.Text, "ms": float64(o.Reply.Total) / 1e6,
		}); err != nil {
			return err
		}
	}
	return nil
}
