package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// progress shows how far a long step is: one line written over and over on a
// terminal, else a line every other second.
type progress struct {
	term  *terminal
	now   func() time.Time
	start time.Time
	last  time.Time
	open  bool
}

func newProgress(term *terminal, now func() time.Time) *progress {
	return &progress{term: term, now: now, start: now()}
}

// pace is the least time between two lines.
func (p *progress) pace() time.Duration {
	if p.term.tty {
		return 100 * time.Millisecond
	}
	return 2 * time.Second
}

// say shows a line unless the last one is too fresh.
func (p *progress) say(text string) {
	now := p.now()
	if p.last.IsZero() && !p.term.tty {
		p.last = p.start
	}
	if now.Sub(p.last) < p.pace() {
		return
	}
	p.last = now
	if p.term.tty {
		fmt.Fprintf(p.term.err, "\r\x1b[K%s", line(text, 110))
		p.open = true
		return
	}
	p.term.note("%s", clean(text))
}

// step says that a step begins, however fresh the last line is.
func (p *progress) step(name string) {
	p.last = p.now().Add(-p.pace())
	p.say(name + " …")
}

// end removes the line that is being rewritten.
func (p *progress) end() {
	if p.open {
		fmt.Fprint(p.term.err, "\r\x1b[K")
		p.open = false
	}
}

func (p *progress) show(im *quarryv1.Import) {
	s := importLine(im)
	if p.term.tty && im.State == quarryv1.ImportState_IMPORT_STATE_INDEXING {
		s = "  " + bar(float64(settled(im)), float64(im.Queued)) + s
	}
	p.say(s)
}

// settled counts the documents that an import waits for no longer.
func settled(im *quarryv1.Import) int64 { return im.Indexed + im.Failed + im.Superseded }

// bar shows how much of all is done.
func bar(done, of float64) string {
	const width = 20
	n := 0
	if of > 0 {
		n = min(width, int(width*done/of))
	}
	return "[" + strings.Repeat("#", n) + strings.Repeat("·", width-n) + "]"
}

// importLine says how far an import is.
func importLine(im *quarryv1.Import) string {
	s := fmt.Sprintf("  %d/%d documents", settled(im), im.Queued)
	if im.State == quarryv1.ImportState_IMPORT_STATE_SCANNING {
		s = fmt.Sprintf("  %s, reading on (%s seen)", some(settled(im), "document"), some(im.Listed, "file"))
	}
	if im.Failed > 0 {
		s += fmt.Sprintf(", %d quarantined", im.Failed)
	}
	s += " · " + some(max(im.Chunks, im.Embedded), "chunk") // a large document's are embedded long before they are written
	for _, why := range []string{im.Waiting, im.Error} {
		if why != "" {
			s += " · " + ends(why, 72)
		}
	}
	if r := im.Rate; r != nil && im.Error == "" {
		s += rateText(r)
	}
	return s
}

func rateText(r *quarryv1.ImportRate) string {
	s := fmt.Sprintf(" · %.0f chunks/s · %.0f tokens/s", r.ChunksPerSecond, r.TokensPerSecond)
	if r.TimeLeft != nil {
		s += " · " + duration(r.TimeLeft.AsDuration()) + " left"
	}
	return s
}

// importSummary says what an import did, with what it skipped and why.
func importSummary(t *terminal, im *quarryv1.Import) string {
	var parts []string
	add := func(n int64, what string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	add(im.Indexed, "indexed")
	add(im.Unchanged, "unchanged")
	add(im.Failed, "quarantined (see `quarry docs list --failed`)")
	add(im.Superseded, "replaced meanwhile")
	add(im.Moved, "moved")
	add(im.Removed, "removed")
	if len(parts) == 0 {
		parts = []string{"nothing"}
	}
	s := "Ingested: " + strings.Join(parts, ", ")
	if im.Plan != nil {
		s = fmt.Sprintf("Would add %d, change %d, move %d, remove %d; %d unchanged",
			im.Plan.Added.GetCount(), im.Plan.Changed.GetCount(), im.Plan.Moved.GetCount(), im.Plan.Removed.GetCount(), im.Unchanged)
	}
	if im.Chunks > 0 {
		s += "; " + some(im.Chunks, "chunk")
	}
	if im.Embedded > 0 {
		s += fmt.Sprintf(", %d of them embedded anew", im.Embedded)
	}
	if im.Tokens > 0 {
		s += ", " + some(im.Tokens, "token")
	}
	if im.FinishedAt != nil {
		s += ", in " + duration(im.FinishedAt.AsTime().Sub(im.StartedAt.AsTime()))
	}
	s += planText(t, im.Plan)
	skipped := slices.Clone(im.Skipped)
	slices.SortFunc(skipped, func(a, b *quarryv1.Skipped) int { return int(b.Count - a.Count) })
	for _, k := range skipped {
		s += fmt.Sprintf("\n  skipped %d: %s (%s)", k.Count, line(k.Reason, 160), t.short(k.Example))
	}
	return s
}

// planText names some of the documents that a dry run found.
func planText(t *terminal, p *quarryv1.ImportPlan) (s string) {
	for _, k := range []struct {
		sign string
		*quarryv1.Planned
	}{{"+", p.GetAdded()}, {"~", p.GetChanged()}, {">", p.GetMoved()}, {"-", p.GetRemoved()}} {
		for _, uri := range k.GetExamples() {
			s += "\n  " + k.sign + " " + t.shortBoth(uri)
		}
		if more := k.GetCount() - int64(len(k.GetExamples())); more > 0 {
			s += fmt.Sprintf("\n  %s and %d more", k.sign, more)
		}
	}
	return s
}

// shortBoth is a URI shortened, or both of "old URI → new URI".
func (t *terminal) shortBoth(uri string) string {
	const to = " → file://"
	if at := strings.LastIndex(uri, to); at >= 0 {
		return t.short(uri[:at]) + " → " + t.short(uri[at+len(" → "):])
	}
	return t.short(uri)
}

// importEnd is the state of an import in a word. One that was to read more than it
// could, or to remove more than it may, has failed; what it did is done all the same.
func importEnd(im *quarryv1.Import) string {
	if im.State == quarryv1.ImportState_IMPORT_STATE_FAILED && didSomething(im) {
		return "incomplete"
	}
	return importState(im.State)
}

func importState(s quarryv1.ImportState) string {
	return strings.ToLower(strings.TrimPrefix(s.String(), "IMPORT_STATE_"))
}
