package eval

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// checkKind says what would be passed over in silence, a gate above all.
func (r *Request) checkKind() error {
	var kinds []string
	for name, on := range map[string]bool{"--answers": r.Answers, "--verdict": r.Verdict, "--recall-of-index": r.RecallOfIndex, "--tune": r.Tune} {
		if on {
			kinds = append(kinds, name)
		}
	}
	slices.Sort(kinds)
	switch {
	case len(kinds) > 1:
		return fmt.Errorf("%s: want one of them", strings.Join(kinds, ", "))
	case r.Model != "" && !r.Answers:
		return errors.New("--model answers questions: add --answers")
	case len(kinds) == 1 && !r.Tune && (len(r.Min)+len(r.Legs)+len(r.Set) > 0 || r.RunOut != ""):
		return fmt.Errorf("%s ranks nothing: leave --min, --legs, --set and --run-out out", kinds[0])
	}
	return nil
}
