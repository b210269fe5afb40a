package main

import (
	"errors"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Scripts tell what failed from what they wrote wrongly, and people are led to
// the help of the command that they meant.
func TestExitCodes(t *testing.T) {
	for _, c := range []struct {
		args, environ string
		code          int
		says          string
	}{
		{"version", "", 0, "quarry "},
		{"search --server 127.0.0.1:1 x", "", exitFailed, "no Quarry server answers at 127.0.0.1:1"},
		{"", "", exitUsage, "see `quarry --help`"},
		{"serch x", "", exitUsage, "see `quarry --help`"},
		{"ask", "", exitUsage, "see `quarry ask --help`"},
		{"docs list --server 127.0.0.1:1 --failed", "", exitFailed, "no Quarry server answers"},
		{"docs list --stat ready", "", exitUsage, "see `quarry docs list --help`"},
		{"search x --legs both", "", exitUsage, "see `quarry search --help`"},
		{"version", "QUARRY_HOEM=/x", exitUsage, "unknown variable QUARRY_HOEM"},
	} {
		term, out := testTerminal()
		code := run(strings.Fields(c.args), []string{c.environ}, term)
		if code != c.code || !strings.Contains(out.String(), c.says) {
			t.Errorf("%q: exit code %d, %s", c.args, code, out)
		}
	}
	term, _ := testTerminal()
	if code := fail(term, status.Error(codes.Canceled, "context canceled")); code != exitInterrupted {
		t.Errorf("interrupted: %d", code)
	}
	if code := fail(term, errors.New("broken")); code != exitFailed {
		t.Errorf("broken: %d", code)
	}
}
