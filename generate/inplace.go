package generate

import (
	"context"
	"fmt"
	"sort"
	"strings"

	"github.com/quarry-rag/quarry/retrieve/embed"
)

// readWindows bounds what is embedded for an answer, in texts of the model's length.
// Passages that are chunks need readPassages; those that grew may need more.
const readWindows = 16

// inPlace is a passage's tokens, with vectors that know the text around them.
type inPlace struct {
	// lead are the tokens of what places the passage.
	lead  [][]float32
	each  [][]float32
	spans [][2]int // of each in the passage's text, in order
}

// window is a part of a passage that the model reads at once: lead and text[from:to].
type window struct {
	passage  int
	lead     string
	from, to int
}

// embedInPlace reads each passage once, as it was indexed: below what places it. A
// passage that is too long for the model is cut between units, and read no further
// when readWindows are full.
func (r *reading) embedInPlace(ctx context.Context, m embed.TokenModel, question string) (asked embed.Tokens, passages []inPlace, err error) {
	var windows []window
	for i := range r.passages {
		windows = append(windows, r.windows(i, m)...)
	}
	windows = windows[:min(len(windows), readWindows)]
	texts := []string{question}
	for _, w := range windows {
		texts = append(texts, w.lead+r.passages[w.passage].Text[w.from:w.to])
	}
	tokens, err := m.EmbedTokens(ctx, texts)
	if err != nil {
		return asked, nil, err
	}
	if len(tokens) != len(texts) {
		return asked, nil, fmt.Errorf("vectors of %d texts for %d", len(tokens), len(texts))
	}
	passages = make([]inPlace, len(r.passages))
	for i, w := range windows {
		passages[w.passage].add(w, tokens[i+1])
	}
	return tokens[0], passages, nil
}

// windows cuts the i-th passage between its units, so that each part fits the model.
func (r *reading) windows(i int, m embed.Model) (out []window) {
	text, lead := r.passages[i].Text, contextOf(r.passages[i])+"\n"
	room := m.Info().MaxTokens - 2 // that mark the ends
	if n := m.Tokens(lead); n <= room/2 {
		room -= n
	} else {
		lead = ""
	}
	from, at, used := 0, 0, 0
	reach := func(to int) {
		n := m.Tokens(text[at:to])
		if used+n > room && used > 0 {
			out = append(out, window{i, lead, from, at})
			from, used = at, 0
		}
		at, used = to, used+n
	}
	for _, p := range r.parts[i] {
		if p.start > at {
			reach(p.start)
		}
	}
	reach(len(text))
	return append(out, window{i, lead, from, len(text)})
}

// add adds the tokens of a window, which are in order.
func (p *inPlace) add(w window, tokens embed.Tokens) {
	text := sort.Search(len(tokens.Spans), func(i int) bool { return tokens.Spans[i][0] >= len(w.lead) })
	p.lead = tokens.Each[:text]
	p.each = append(p.each, tokens.Each[text:]...)
	for _, s := range tokens.Spans[text:] {
		p.spans = append(p.spans, [2]int{s[0] - len(w.lead) + w.from, s[1] - len(w.lead) + w.from})
	}
}

// within returns the tokens of the passage's text[start:end].
func (p *inPlace) within(start, end int) [][]float32 {
	from := sort.Search(len(p.spans), func(i int) bool { return p.spans[i][0] >= start })
	to := sort.Search(len(p.spans), func(i int) bool { return p.spans[i][1] > end })
	return p.each[from:max(from, to)]
}

// likeInPlace adds the likeness of their tokens, in place, to the scores of all, and
// returns those that the model read.
func (r *reading) likeInPlace(ctx context.Context, m embed.TokenModel, question string, all []candidate) (read []candidate, err error) {
	asked, passages, err := r.embedInPlace(ctx, m, question)
	if err != nil {
		return nil, err
	}
	for _, c := range all {
		p := &passages[c.passage]
		tokens := p.within(c.start, c.end)
		if len(tokens) == 0 {
			continue
		}
		c.score += lateInteraction(asked.Each, p.lead, p.header(r.passages[c.passage].Text, c.unit), tokens)
		read = append(read, c)
	}
	return read, nil
}

// header returns the tokens of a unit's header where it stands in the passage's text;
// else it is the passage's, among lead.
func (p *inPlace) header(text string, u unit) [][]float32 {
	if u.header == "" {
		return nil
	}
	at := strings.LastIndex(text[:u.start], u.header)
	if at < 0 {
		return nil
	}
	return p.within(at, at+len(u.header))
}
