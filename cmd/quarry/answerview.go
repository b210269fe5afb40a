package main

import (
	"fmt"
	"sort"
	"strings"
	"time"

	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// quoteWidth clips quotes in characters.
const quoteWidth = 100

// answerView renders an answer's events in the order in which they come.
type answerView struct {
	term      *terminal
	citations []*quarryv1.CitationEvent
	plan      *quarryv1.PlanEvent
	raw       strings.Builder          // the answer's text as it came
	unproved  []*quarryv1.SupportEvent // its sentences without support
	// inLine: the answer's last line is not ended yet.
	inLine bool
}

func (v *answerView) show(event *quarryv1.AskResponse) error {
	switch e := event.Event.(type) {
	case *quarryv1.AskResponse_Plan:
		v.plan = e.Plan
		v.term.note("%s", clean(planLine(e.Plan)))
		if e.Plan.Question != "" {
			v.term.note("Asked as: %s (by %s)", line(e.Plan.Question, 500), clean(e.Plan.RewrittenBy))
		}
	case *quarryv1.AskResponse_Passages:
		for _, why := range e.Passages.Report.GetDegraded() {
			v.term.note("degraded: %s", clean(why))
		}
		for _, note := range e.Passages.Report.GetNotes() {
			v.term.note("note: %s", clean(note))
		}
	case *quarryv1.AskResponse_Delta:
		v.raw.WriteString(e.Delta.Text)
		return v.text(clean(e.Delta.Text))
	case *quarryv1.AskResponse_Json:
		return v.text(clean(e.Json.Json) + "\n")
	case *quarryv1.AskResponse_Progress:
		v.term.note("%s: %d of %d", clean(e.Progress.Stage), e.Progress.Done, e.Progress.Total)
	case *quarryv1.AskResponse_Citation:
		v.citations = append(v.citations, e.Citation)
	case *quarryv1.AskResponse_Support:
		if j := e.Support.Judgement; !e.Support.Supported || j != nil && !j.Supported {
			v.unproved = append(v.unproved, e.Support)
		}
	case *quarryv1.AskResponse_Restart:
		v.restart(e.Restart)
	case *quarryv1.AskResponse_Verdict:
		return v.conclude(e.Verdict)
	case *quarryv1.AskResponse_Done:
		if _, err := fmt.Fprintln(v.term.out, doneLine(e.Done)); err != nil {
			return err
		}
		v.goOn()
	}
	return nil
}

func (v *answerView) text(s string) error {
	if s != "" {
		v.inLine = !strings.HasSuffix(s, "\n")
	}
	_, err := fmt.Fprint(v.term.out, s)
	return err
}

// breakOff ends the line of an answer that failed in the middle.
func (v *answerView) breakOff() {
	if v.inLine {
		fmt.Fprintln(v.term.out, " …")
	}
}

// restart forgets the answer so far.
func (v *answerView) restart(e *quarryv1.RestartEvent) {
	v.breakOff()
	v.term.note("%s failed (%s); the answer begins anew", clean(e.Model), clean(e.Code))
	*v = answerView{term: v.term, plan: v.plan}
}

// goOn says how to go on with the conversation.
func (v *answerView) goOn() {
	if id := v.plan.GetConversation(); id != "" {
		v.term.note("Conversation %s: go on with --continue, or --conversation and its name", clean(id))
	}
}

// unprovedText lists the sentences that the passages do not bear out.
func (v *answerView) unprovedText() string {
	if len(v.unproved) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("\nNot borne out by the sources\n")
	text := v.raw.String()
	for _, s := range v.unproved {
		if s.Start >= 0 && s.Start < s.End && s.End <= int64(len(text)) {
			fmt.Fprintf(&b, "  ? “%s” (%s)\n", line(text[s.Start:s.End], quoteWidth), doubts(s))
		}
	}
	return b.String()
}

// doubts are what the rules and a model have against a sentence, and who says it.
func doubts(s *quarryv1.SupportEvent) string {
	var why []string
	if !s.Supported {
		why = append(why, line(s.Reason, quoteWidth))
	}
	switch j := s.Judgement; {
	case j == nil:
	case j.Supported:
		why = append(why, clean(j.Model)+" finds it supported")
	default:
		why = append(why, strings.TrimSuffix(clean(j.Model)+" does not find it supported: "+line(j.Reason, quoteWidth), ": "))
	}
	return strings.Join(why, "; ")
}

func (v *answerView) conclude(verdict *quarryv1.VerdictEvent) error {
	var b strings.Builder
	if verdict.Verdict == quarryv1.Verdict_VERDICT_FAILED {
		v.breakOff()
	} else if v.inLine {
		b.WriteString("\n")
	}
	v.inLine = false
	b.WriteString(v.sources())
	b.WriteString(v.unprovedText())
	b.WriteString("\n" + verdictLine(verdict) + "\n")
	_, err := fmt.Fprint(v.term.out, b.String())
	return err
}

// sources lists the passages cited, by number, each with its quotes.
func (v *answerView) sources() string {
	if len(v.citations) == 0 {
		return ""
	}
	byPassage := map[int32][]*quarryv1.CitationEvent{}
	var numbers []int32
	for _, c := range v.citations {
		if byPassage[c.Passage] == nil {
			numbers = append(numbers, c.Passage)
		}
		byPassage[c.Passage] = append(byPassage[c.Passage], c)
	}
	sort.Slice(numbers, func(i, j int) bool { return numbers[i] < numbers[j] })
	var b strings.Builder
	b.WriteString("\nSources\n")
	for _, n := range numbers {
		c := byPassage[n][0]
		fmt.Fprintf(&b, "[%d] %s\n", n, place(v.term.at(c.Uri, c.Commit), c.HeadingPath, c.Page))
		for _, c := range byPassage[n] {
			fmt.Fprintf(&b, "    “%s” · bytes %d–%d\n", line(c.Quote, quoteWidth), c.Range.GetStart(), c.Range.GetEnd())
		}
	}
	return b.String()
}

// at names a document and, of a repository's, the commit that holds it.
func (t *terminal) at(uri, commit string) string {
	if commit == "" {
		return t.short(uri)
	}
	return t.short(uri) + " at " + clean(commit[:min(len(commit), 12)])
}

// place says where text stands: file › heading › heading, page.
func place(file string, headings []string, page int32) string {
	parts := []string{file}
	for _, h := range headings {
		parts = append(parts, line(h, 60))
	}
	s := strings.Join(parts, " › ")
	if page > 0 {
		s += fmt.Sprintf(", page %d", page)
	}
	return s
}

func planLine(p *quarryv1.PlanEvent) string {
	s := "Answer by " + p.Model
	if p.Prompt != "" {
		s += ", prompt " + p.Prompt
	}
	if p.Note != "" {
		s += ": " + p.Note
	}
	return s
}

func verdictLine(v *quarryv1.VerdictEvent) string {
	words := map[quarryv1.Verdict]string{
		quarryv1.Verdict_VERDICT_ANSWERED:          "answered",
		quarryv1.Verdict_VERDICT_PARTIAL:           "partial",
		quarryv1.Verdict_VERDICT_NOT_IN_DOCUMENTS:  "not in the documents",
		quarryv1.Verdict_VERDICT_REFUSED_BY_POLICY: "refused by policy",
		quarryv1.Verdict_VERDICT_FAILED:            "failed",
	}
	s := "Verdict: " + words[v.Verdict]
	if v.Reason != "" {
		s += " (" + line(v.Reason, 200) + ")"
	}
	return s
}

func doneLine(d *quarryv1.DoneEvent) string {
	var times []string
	for _, s := range d.Stages {
		times = append(times, strings.ReplaceAll(s.Stage, "_", " ")+" "+millis(s.Time.AsDuration()))
	}
	s := "Times: " + strings.Join(times, " · ")
	if tries := triesLine(d.Receipt); tries != "" {
		s += "\n" + tries
	}
	s += cacheLine(d.Receipt)
	if d.RemovedMarkers > 0 {
		s += fmt.Sprintf("\nMarkers removed because they proved nothing: %d", d.RemovedMarkers)
	}
	return s
}

// cacheLine says where an answer came from, when it was not made for this question.
func cacheLine(r *quarryv1.Receipt) string {
	switch r.GetCache() {
	case quarryv1.CacheState_CACHE_STATE_EXACT:
		return "\nFrom the cache: made " + ago(time.Since(r.CachedAt.AsTime()))
	case quarryv1.CacheState_CACHE_STATE_SEMANTIC:
		return "\nFrom the cache, of a question that means the same: made " + ago(time.Since(r.CachedAt.AsTime()))
	case quarryv1.CacheState_CACHE_STATE_SHARED:
		return "\nShared with the same question, asked at the same time"
	}
	return ""
}
