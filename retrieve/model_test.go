package retrieve

import (
	"testing"

	"github.com/quarry-rag/quarry/internal/modeltest"
)

// With the real model each leg finds what only it can: meaning without a shared
// word, and an identifier; both find the answer first, and a question of
// another field falls below the collection's threshold.
func TestRealModel(t *testing.T) {
	c := newCorpus(t, fixedPlans(t), modeltest.New(t), "go", `{}`)
	c.add(t, "memory", "The garbage collector reclaims heap objects that are no longer reachable.",
		"Goroutine stacks start small and grow as needed.")
	c.add(t, "errors", "GODEBUG=http2client=0 turns HTTP/2 off in the client.")
	c.add(t, "channels", "A send on a nil channel blocks forever.", "Closing a channel twice panics.")
	for _, tt := range []struct {
		text string
		legs Legs
		want string
	}{
		{"How is unused memory freed automatically?", Dense, "memory"},
		{"http2client", Lexical, "errors"},
		{"What happens when I close a channel two times?", 0, "channels"},
	} {
		r := c.search(t, Query{Text: tt.text, Legs: tt.legs})
		if len(r.Passages) == 0 || r.Passages[0].URI != tt.want {
			t.Errorf("%q: %v, want %s first", tt.text, uris(r), tt.want)
		}
	}
	known := c.search(t, Query{Text: "Does a send on a nil channel block?"})
	foreign := c.search(t, Query{Text: "Which king founded the city of Riga?"})
	if known.Coverage < known.MinCoverage || foreign.Coverage >= foreign.MinCoverage {
		t.Errorf("coverage %.3f of a known question, %.3f of a foreign one, threshold %.3f",
			known.Coverage, foreign.Coverage, known.MinCoverage)
	}
}
