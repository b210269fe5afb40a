package answercache

import (
	"math"
	"testing"
)

func TestSame(t *testing.T) {
	const tower = "The Eiffel Tower is 330 m tall, a height reached in 2022. [1] Eiffel Tower › Height"
	for _, c := range []struct {
		now, then, evidence string
		want                bool
	}{
		// The same in other words.
		{"What is the height of the Eiffel Tower", "What height does the Eiffel Tower have", tower, true},
		{"Please tell me the height of the Eiffel Tower", "What is the height of the Eiffel Tower", tower, true},
		{"what height has the Eiffel Tower reached", "What is the height of the Eiffel Tower", tower, true},
		{"How do I close a channel", "how does one close channels", "close(c) closes a channel", true},
		{"How tall is the Eiffel Tower", "What is the height of the Eiffel Tower", tower, true},
		{"How much does an adult walrus weigh", "What is the weight of an adult walrus", "an adult walrus can weigh 1,700 kg", true},
		// A number, a name, an identifier, a negation, a kind of answer, an opposite.
		{"What was the height of the Eiffel Tower in 2021", "What was the height of the Eiffel Tower in 2022", tower, false},
		{"What is the height of the Tokyo Tower", "What is the height of the Eiffel Tower", tower + " Tokyo", false},
		{"what does os.Open return", "what does os.Create return", "os.Open and os.Create return a file", false},
		{"Does Rome border Milan", "Does Milan border Rome", "Rome and Milan border", false},
		{"Is the Eiffel Tower not tall", "Is the Eiffel Tower tall", tower, false},
		{"Isn't the Eiffel Tower tall", "Is the Eiffel Tower tall", tower, false},
		{"Which trains run without a driver", "Which trains run with a driver", "trains run with and without a driver", false},
		{"When was the tower built", "where was the tower built", "the tower was built in Paris in 1889", false},
		{"how many towers are there", "how tall towers are there", "many tall towers", false},
		{"How do I open a channel", "How do I close a channel", "open and close a channel", false},
		{"what is the minimum size", "what is the maximum size", "the minimum and the maximum size", false},
		{"does the client call the server", "does the server call the client", "client server call", false},
		// What the answer says nothing of.
		{"what is the colour of the tower", "what is the height of the tower", "the tower's height", false},
		{"why", "how", "", false},
	} {
		if got := same(c.now, c.then, c.evidence); got != c.want {
			t.Errorf("%q and %q: %v", c.now, c.then, got)
		}
	}
}

// A collection's threshold lies over its nearest pair of questions with different
// answers, and within bounds.
func TestCalibrated(t *testing.T) {
	at := func(degrees float64, cites ...string) asked {
		return asked{[]float32{float32(math.Cos(degrees * math.Pi / 180)), float32(math.Sin(degrees * math.Pi / 180))}, cites}
	}
	var all []asked
	for i := range calibrateFrom - 1 {
		all = append(all, at(float64(i)*12, string(rune('a'+i))))
	}
	near := func(a, b float64) bool { return math.Abs(a-b) < 1e-6 }
	if got := calibrated(all); got != usualCosine {
		t.Errorf("of few questions: %v", got)
	}
	all = append(all, at(300, "z"))
	if got, want := calibrated(all), math.Cos(12*math.Pi/180)+cosineMargin; !near(got, want) {
		t.Errorf("12 degrees apart: %v, want %v", got, want)
	}
	if got := calibrated(append(all, at(1, "a"))); !near(got, math.Cos(11*math.Pi/180)+cosineMargin) {
		t.Errorf("11 degrees from the next: %v", got)
	}
	if got := calibrated(append(all, at(0.1, "other"))); got != 1 {
		t.Errorf("nearly the same with other answers: %v", got)
	}
	for i := range all {
		all[i].cites = nil
	}
	if got := calibrated(all); !near(got, leastCosine) {
		t.Errorf("nothing cited: %v", got)
	}
}
