package retryafter

import (
	"net/http"
	"testing"
	"time"
)

func TestWait(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		seconds, millis string
		want            time.Duration
	}{
		{"", "", 0},
		{"7", "", 7 * time.Second},
		{" 1.5 ", "", 1500 * time.Millisecond},
		{"-3", "", 0},
		{"soon", "", 0},
		{"NaN", "", 0},
		{"Inf", "", Most},
		{"999999999999999999999", "", Most},
		{"2", "1500", 1500 * time.Millisecond},
		{"2", "0", 0},
		{"2", "x", 2 * time.Second},
		{now.Add(time.Hour).Format(http.TimeFormat), "", time.Hour},
		{now.Add(-time.Hour).Format(http.TimeFormat), "", 0},
		{"Fri, 01 Jan 2100 00:00:00 GMT", "", Most},
	} {
		h := http.Header{}
		h.Set("Retry-After", c.seconds)
		h.Set("Retry-After-Ms", c.millis)
		if got := Wait(h, now); got != c.want {
			t.Errorf("%q, %q: %v, want %v", c.seconds, c.millis, got, c.want)
		}
	}
	if got := Wait(nil, now); got != 0 {
		t.Error(got)
	}
}
