package eval

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Qrels holds relevance judgements: query id, document id, grade. A grade of 1
// or more is relevant; 0 and negative grades, and documents not judged, are not.
type Qrels map[string]map[string]int

// Ranked is one document of a ranking.
type Ranked struct {
	Doc   string
	Score float64
}

// SortRanked orders as trec_eval does: by score rounded to 32 bits, falling;
// equal scores by document id, falling, byte by byte.
func SortRanked(r []Ranked) {
	slices.SortStableFunc(r, func(a, b Ranked) int {
		return cmp.Or(cmp.Compare(float32(b.Score), float32(a.Score)), strings.Compare(b.Doc, a.Doc))
	})
}

// Measure is a figure of one ranking, as in "ndcg@10". K is the cutoff; 0 means none.
type Measure struct {
	Kind string
	K    int
}

// kinds says of each kind of measure whether it needs a cutoff.
var kinds = map[string]bool{
	"ndcg": false, "map": false, "mrr": false,
	"recall": true, "success": true, "p": true,
	"quote_recall": true, "quote_precision": true, "quote_iou": true,
}

// ParseMeasure reads "ndcg@10", "map", "mrr@10", "recall@5", "success@5", "p@5",
// "quote_recall@5", "quote_precision@5" or "quote_iou@5", in either case of letters.
func ParseMeasure(s string) (Measure, error) {
	kind, cut, hasCut := strings.Cut(strings.ToLower(s), "@")
	needs, known := kinds[kind]
	if !known {
		return Measure{}, fmt.Errorf("measure %q: not one of ndcg, map, mrr, recall, success, p, quote_recall, quote_precision, quote_iou", s)
	}
	if !hasCut {
		if needs {
			return Measure{}, fmt.Errorf("measure %q needs a cutoff, as in %s@10", s, kind)
		}
		return Measure{Kind: kind}, nil
	}
	k, err := strconv.Atoi(cut)
	if err != nil || k < 1 || k > 1000 {
		return Measure{}, fmt.Errorf("measure %q: the cutoff must be a number from 1 to 1000", s)
	}
	return Measure{Kind: kind, K: k}, nil
}

func (m Measure) String() string {
	if m.K == 0 {
		return m.Kind
	}
	return m.Kind + "@" + strconv.Itoa(m.K)
}

// Judged is a ranking held against what was expected of it.
type Judged struct {
	// Hits are the relevant things found, by rank. Several may share a rank, when
	// one passage holds several quotes.
	Hits []Hit
	// Ideal holds the grades of everything relevant, largest first.
	Ideal []int
	// Overlaps compares the passages' text with the quotes, for queries that
	// have some: element i is about the first i+1 passages.
	Overlaps []Overlap
}

// Hit is something relevant found at a rank, from 1, with its grade, 1 or more.
type Hit struct{ Rank, Grade int }

// JudgeDocs holds a ranking of documents, ordered by SortRanked, against one
// query's judgements.
func JudgeDocs(rels map[string]int, ranking []Ranked) Judged {
	var j Judged
	for i, r := range ranking {
		if g := rels[r.Doc]; g > 0 {
			j.Hits = append(j.Hits, Hit{i + 1, g})
		}
	}
	for _, g := range rels {
		if g > 0 {
			j.Ideal = append(j.Ideal, g)
		}
	}
	slices.SortFunc(j.Ideal, func(a, b int) int { return b - a })
	return j
}

// Of returns m for one ranking, 0 to 1, by trec_eval's definitions: map, ndcg
// (gain = grade, discount = log2(rank+1): Järvelin and Kekäläinen, TOIS 2002),
// recall, success, P, recip_rank; mrr@k is recip_rank that ends at rank k. A
// query without anything relevant gives 0. Where hits share a rank, map and
// ndcg take them as one after another.
func (m Measure) Of(j Judged) float64 {
	k := m.K
	if k == 0 {
		k = math.MaxInt
	}
	switch m.Kind {
	case "ndcg":
		return ndcg(j, k)
	case "map":
		return averagePrecision(j, k)
	case "mrr":
		if len(j.Hits) > 0 && j.Hits[0].Rank <= k {
			return 1 / float64(j.Hits[0].Rank)
		}
	case "recall":
		return ratio(float64(hitsTo(j, k)), float64(len(j.Ideal)))
	case "success":
		return float64(min(1, hitsTo(j, k)))
	case "p":
		return float64(ranksTo(j, k)) / float64(k)
	default:
		return m.ofOverlap(j)
	}
	return 0
}

func (m Measure) ofOverlap(j Judged) float64 {
	if len(j.Overlaps) == 0 {
		return 0
	}
	o := j.Overlaps[min(m.K, len(j.Overlaps))-1]
	switch m.Kind {
	case "quote_recall":
		return o.Recall()
	case "quote_precision":
		return o.Precision()
	default:
		return o.IoU()
	}
}

func ndcg(j Judged, k int) float64 {
	var dcg, ideal float64
	for i, h := range j.Hits {
		if rank := max(h.Rank, i+1); rank <= k {
			dcg += float64(h.Grade) / math.Log2(float64(rank+1))
		}
	}
	for i, g := range j.Ideal[:min(k, len(j.Ideal))] {
		ideal += float64(g) / math.Log2(float64(i+2))
	}
	return ratio(dcg, ideal)
}

func averagePrecision(j Judged, k int) float64 {
	var sum float64
	for i, h := range j.Hits {
		if rank := max(h.Rank, i+1); rank <= k {
			sum += float64(i+1) / float64(rank)
		}
	}
	return ratio(sum, float64(len(j.Ideal)))
}

func hitsTo(j Judged, k int) (n int) {
	for _, h := range j.Hits {
		if h.Rank <= k {
			n++
		}
	}
	return n
}

func ranksTo(j Judged, k int) (n int) {
	last := 0
	for _, h := range j.Hits {
		if h.Rank <= k && h.Rank != last {
			n, last = n+1, h.Rank
		}
	}
	return n
}

// ratio is a/b, and 0 where b is 0.
func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}
