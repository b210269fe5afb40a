package eval

import (
	"context"
	"strings"
	"testing"
)

// unasked fails the test when it is asked.
type unasked struct{ t *testing.T }

func (u unasked) Ask(_ context.Context, question string) (Reply, error) {
	u.t.Errorf("asked %q", question)
	return Reply{}, nil
}

// Without a gold answer there is nothing to look for, and nothing is asked.
func TestAnswersNeedGold(t *testing.T) {
	d := Dataset{Name: "golden", Queries: []Query{{Text: "a", Docs: map[string]int{"x": 1}}, {Text: "b", Absent: true}}}
	if _, err := RunAnswers(t.Context(), unasked{t}, d, Options{}); err == nil || !strings.Contains(err.Error(), "none of its 2 questions") {
		t.Error(err)
	}
}
