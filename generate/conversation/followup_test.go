package conversation

import "testing"

func TestStandalone(t *testing.T) {
	sel := Before{Question: "How does a select statement choose?", Headings: []string{"Select statements"}, Language: "en"}
	tower := Before{Question: "How tall is the Eiffel Tower?", Language: "en"}
	pump := Before{Question: "How much water does the Aqua pump move?", Headings: []string{"Filters of the pump"}, Language: "en"}
	german := Before{Question: "Wie hoch ist der Eiffelturm?", Language: "de"}
	for _, c := range []struct {
		before         Before
		question, want string
	}{
		// Follow-ups: pronouns, ellipsis, no words to look for.
		{sel, "When does it block?", "When does it block? select statement choose"},
		{sel, "Can the compiler inline it?", "Can the compiler inline it? select statement choose"},
		{sel, "What are its cases?", "What are its cases? select statement choose"},
		{sel, "Why?", "Why? select statement choose"},
		{sel, "What about deadlocks?", "What about deadlocks? select statement choose"},
		{sel, "Which one is faster?", "Which one is faster? select statement choose"},
		{sel, "And the default case?", "And the default case? select statement choose"},
		{tower, "And the Burj Khalifa?", "How tall is the Burj Khalifa?"},
		{tower, "What about the Burj Khalifa?", "How tall is the Burj Khalifa?"},
		{tower, "And what about Big Ben?", "How tall is the Big Ben?"},
		{tower, "Who built it?", "Who built it? Eiffel Tower"},
		{pump, "And how many watts does it draw?", "And how many watts does it draw? Aqua pump"},
		{pump, "What about the Terra drill?", "What about the Terra drill? water move"},
		{Before{Question: "What about the Terra drill? water move", Language: "en"}, "How much does it weigh?", "How much does it weigh? Terra drill"},
		{Before{Question: "What is a channel in Go?", Language: "en", IDF: map[string]float64{"channel": 4, "go": 1}}, "How is it closed?", "How is it closed? channel Go"},
		{Before{Question: "How tall is the Eiffel Tower?", Language: "en", IDF: map[string]float64{"eiffel": 4, "tower": 3, "tall": 4}}, "Who built it?", "Who built it? Eiffel Tower"},
		{german, "Und wer?", "Und wer? hoch Eiffelturm"},
		// These stand alone.
		{sel, "What is a slice?", "What is a slice?"},
		{sel, "What is a slice and how does it grow?", "What is a slice and how does it grow?"},
		{sel, "How does a slice grow when it is appended to?", "How does a slice grow when it is appended to?"},
		{sel, "Is it possible to close a channel twice?", "Is it possible to close a channel twice?"},
		{sel, "How do goroutines share memory?", "How do goroutines share memory?"},
		{sel, "Does the compiler optimise its own loops?", "Does the compiler optimise its own loops?"},
		{sel, "Which functions that return errors are deprecated?", "Which functions that return errors are deprecated?"},
		{sel, "And how does the garbage collector find roots?", "And how does the garbage collector find roots?"},
		{german, "Wie heißt die Hauptstadt von Italien?", "Wie heißt die Hauptstadt von Italien?"},
		// Nothing to carry.
		{Before{Language: "en"}, "Why?", "Why?"},
		{Before{Question: "Why?", Language: "en"}, "How?", "How?"},
		{Before{Question: "x", Language: "klingon"}, "Why?", "Why?"},
	} {
		if got := Standalone(c.question, c.before); got != c.want {
			t.Errorf("%q after %q: %q, want %q", c.question, c.before.Question, got, c.want)
		}
	}
}

// What is taken over is bounded, the rarest first, and never syntax of a query.
func TestStandaloneCarriesTheRarest(t *testing.T) {
	few := Before{Question: "Why alpha?", Headings: []string{"One two three four five six", "seven"}, Language: "en"}
	if got, want := Standalone("Why?", few), "Why? alpha One two three four"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	before := Before{
		Question: `why "alpha beta" -gamma +delta epsilon zeta eta theta iota`, Headings: []string{"One two three four five six", "seven"},
		Language: "en", IDF: map[string]float64{"alpha": 1, "beta": 9, "gamma": 8, "delta": 7, "epsilon": 6, "zeta": 5, "eta": 4, "theta": .5, "iota": .1},
	}
	if got, want := Standalone("Why?", before), "Why? beta gamma delta epsilon zeta eta"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
