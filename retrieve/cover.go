package retrieve

// coveredBy is how many of each leg's best candidates coverage looks at for terms.
const coveredBy = 10

// coverage is Result.Coverage: both legs must speak for the same chunk, since a
// foreign question often has a word in one and a likeness to another. The
// weight of terms, where BM25 would fall with a text's length, keeps one
// threshold good for questions of all lengths. When only one leg could say
// anything (the other did not run, or the query has no terms) it speaks for both.
func coverage(candidates []Candidate, idfSum float64, dense, lexical bool) (best float64) {
	for _, c := range candidates {
		near, held := max(c.Dense.Score, 0), 0.0
		if idfSum > 0 && (leads(c.Dense) || leads(c.Lexical)) {
			held = c.Held / idfSum
		}
		switch {
		case dense && lexical:
			near = (near + held) / 2
		case lexical:
			near = held
		}
		best = max(best, near)
	}
	return min(best, 1)
}

func leads(s LegScore) bool { return 1 <= s.Rank && s.Rank <= coveredBy }
