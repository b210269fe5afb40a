package eval

import (
	"slices"
	"strings"
)

// rankDocs ranks documents by their best passage, in trec_eval's order, and keeps
// the first depth.
func rankDocs(ids docIDs, passages []Passage, depth int) []Ranked {
	at := map[string]int{}
	var ranking []Ranked
	for _, p := range passages {
		id := ids.of(p.URI)
		i, seen := at[id]
		if !seen {
			at[id] = len(ranking)
			ranking = append(ranking, Ranked{id, p.Score})
		} else {
			ranking[i].Score = max(ranking[i].Score, p.Score)
		}
	}
	SortRanked(ranking)
	return ranking[:min(depth, len(ranking))]
}

// judge holds what a search returned against what the query expects: the
// passages where places are expected, the ranking of documents otherwise.
func (q *Query) judge(ids docIDs, passages []Passage, ranking []Ranked) Judged {
	if len(q.Expected) == 0 {
		return JudgeDocs(q.Docs, ranking)
	}
	return judgePassages(q.Expected, ids, passages)
}

// judgePassages counts each expected place once, at the first passage that finds it.
func judgePassages(expected []Expected, ids docIDs, passages []Passage) Judged {
	places := make([]*place, len(expected))
	inText := false // lengths of passages are then of normalised text, as the quotes' are
	for i, e := range expected {
		places[i] = &place{Expected: e, cover: newQuoteCover(e.Quote)}
		inText = inText || places[i].cover.text != ""
	}
	j := Judged{Ideal: slices.Repeat([]int{1}, len(expected))}
	returned := 0
	for rank, p := range passages {
		text := ""
		if inText {
			text = normalise(p.Text)
		}
		for _, e := range places {
			if e.find(ids.of(p.URI), p, text) {
				j.Hits = append(j.Hits, Hit{rank + 1, 1})
			}
		}
		if inText {
			returned += len(text)
		} else {
			returned += p.End - p.Start
		}
		j.Overlaps = append(j.Overlaps, overlap(places, returned))
	}
	return j
}

// place is an expected place and how much of it was found.
type place struct {
	Expected
	cover *quoteCover
	found bool
}

// find tells whether p is the first passage that finds the place.
func (e *place) find(doc string, p Passage, normalised string) bool {
	if e.Document != "" && e.Document != doc ||
		e.Section != "" && !slices.ContainsFunc(p.HeadingPath, sameHeading(e.Section)) {
		return false
	}
	if e.Quote != (Quote{}) {
		return e.cover.add(p, normalised)
	}
	first := !e.found
	e.found = true
	return first
}

func sameHeading(want string) func(string) bool {
	want = normalise(want)
	return func(h string) bool { return strings.EqualFold(normalise(h), want) }
}

func overlap(places []*place, returned int) Overlap {
	o := Overlap{Returned: returned}
	for _, e := range places {
		o.Quoted += len(e.cover.covered)
		o.Shared += e.cover.shared()
	}
	return o
}
