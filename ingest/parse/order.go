package parse

import (
	"cmp"
	"slices"
)

// box bounds what stands on a page or slide. Y runs upwards.
type box struct{ left, right, top, bottom float64 }

func (b box) union(o box) box {
	return box{min(b.left, o.left), max(b.right, o.right), max(b.top, o.top), min(b.bottom, o.bottom)}
}

// maxOrdered is how many boxes are put in order by cuts; more are sorted.
const maxOrdered = 2000

// readingOrder returns the indices of boxes in the order that they are read in:
// the page is divided at its widest gap, into rows or columns, and so on in each
// part (the recursive X-Y cut; Nagy and Seth, 1984). A column has least boxes or
// more. What no gap divides is read from the top down, as it comes where it is
// as high.
func readingOrder(boxes []box, least int) []int {
	order := make([]int, len(boxes))
	for i := range order {
		order[i] = i
	}
	if len(boxes) > maxOrdered {
		byTop(boxes, order)
	} else {
		cut(boxes, order, least)
	}
	return order
}

// byTop sorts order from the top down.
func byTop(boxes []box, order []int) {
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(boxes[b].top, boxes[a].top) })
}

// cut puts order, a part of the page, into reading order.
func cut(boxes []box, order []int, least int) {
	for len(order) > 1 {
		row, rowGap := widest(order, func(i int) (float64, float64) { return -boxes[i].top, -boxes[i].bottom })
		column, columnGap := widest(order, func(i int) (float64, float64) { return boxes[i].left, boxes[i].right })
		if column < least || len(order)-column < least {
			columnGap = 0
		}
		at := row
		switch {
		case rowGap <= 0 && columnGap <= 0:
			byTop(boxes, order)
			return
		case rowGap >= columnGap:
			byTop(boxes, order)
		default:
			slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(boxes[a].left, boxes[b].left) })
			at = column
		}
		cut(boxes, order[:at], least)
		order = order[at:]
	}
}

// widest finds the widest gap between intervals, and how many lie before it.
func widest(order []int, interval func(i int) (from, to float64)) (before int, gap float64) {
	sorted := slices.Clone(order)
	slices.SortStableFunc(sorted, func(a, b int) int {
		x, _ := interval(a)
		y, _ := interval(b)
		return cmp.Compare(x, y)
	})
	_, end := interval(sorted[0])
	for n, i := range sorted[1:] {
		from, to := interval(i)
		if from-end > gap {
			before, gap = n+1, from-end
		}
		end = max(end, to)
	}
	return before, gap
}
