package conversation

import (
	"strings"
	"testing"

	"github.com/quarry-rag/quarry/generate"
	"github.com/quarry-rag/quarry/retrieve/lexical"
)

// What a model writes for a follow-up is searched for only where it can be one.
func TestUnusable(t *testing.T) {
	a, err := lexical.For("en")
	if err != nil {
		t.Fatal(err)
	}
	h := generate.History{Turns: []generate.Turn{{Question: "Where does the walrus live?", Answer: "The walrus lives in the Arctic [1]. It dives to 90 m."}}}
	cjk := generate.History{Turns: []generate.Turn{{Question: "海象住在哪里？", Answer: "海象住在北极。"}}}
	const weigh = "How much does it weigh?"
	for _, c := range []struct {
		h                   generate.History
		question, rewritten string
		want                string // in the reason; empty: usable
	}{
		{h, weigh, "How much does the walrus weigh?", ""},
		{h, weigh, "How much does the walrus weigh", ""},
		{h, weigh, "What is the weight of the walrus?", ""},
		{h, weigh, "How heavy is an adult walrus of the Arctic?", ""},
		{h, weigh, "Tell me how much a walrus weighs.", ""},
		{h, "Tell me more.", "Tell me more about the walrus of the Arctic.", ""},
		{h, "and 2 of them?", "How much do 2 walruses weigh?", ""},
		{h, "Und wie schwer ist es?", "Wie schwer ist das Walross?", ""},
		{h, strings.Repeat("Is the walrus larger than a seal, ", 20) + "or not?", strings.Repeat("Is the walrus larger than a seal, ", 20) + "or is it not?", ""},
		{cjk, "它有多重？", "海象有多重？", ""},

		{h, weigh, "What is the capital of France?", "something else"},
		{h, weigh, "How do I bake sourdough bread at home?", "something else"},
		{cjk, "它有多重？", "法国首都在哪里呢？", "something else"},
		{h, weigh, "The walrus weighs up to 1,700 kg.", "states"},
		{h, weigh, "The walrus weighs up to 1,700 kg", "states"},
		{h, "walrus weight", "A walrus weighs up to 1,700 kg.", "states"},
		{cjk, "它有多重？", "海象有多重。", "states"},
		{h, weigh, "Sure! How much does the walrus weigh?", "more than one"},
		{h, weigh, "How much does the walrus weigh? It weighs 1,700 kg.", "more than one"},
		{h, "and 2 of them?", "How much do some walruses weigh?", "number 2"},
		{h, weigh, "How much does " + strings.Repeat("the walrus, ", 40) + "weigh?", "longer"},
	} {
		if got := unusable(c.rewritten, c.question, c.h, a); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%q for %q: %q, want %q", c.rewritten, c.question, got, c.want)
		}
	}
}
