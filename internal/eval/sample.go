package eval

import (
	"math/rand/v2"
	"slices"
)

// Sample keeps at most n of the questions of each kind: those with a truth in the
// documents, those that are not in the documents, and those of foreign sets. They
// stay in their order; equal seeds keep the same ones. n of 0 keeps all.
func (d *Dataset) Sample(n int, seed uint64) {
	if n <= 0 {
		return
	}
	kinds := map[[2]bool][]int{}
	for i, q := range d.Queries {
		if q.judged() || len(q.Answers) > 0 {
			kind := [2]bool{q.Absent, q.Foreign}
			kinds[kind] = append(kinds[kind], i)
		}
	}
	keep := map[int]bool{}
	for _, members := range kinds {
		rng := rand.New(rand.NewPCG(seed, 4))
		rng.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
		for _, i := range members[:min(n, len(members))] {
			keep[i] = true
		}
	}
	i := -1
	d.Queries = slices.DeleteFunc(slices.Clone(d.Queries), func(Query) bool { i++; return !keep[i] })
}
