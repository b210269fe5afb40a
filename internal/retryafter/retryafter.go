// Package retryafter reads when a server wants to be asked again.
package retryafter

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Most is the longest wait that is believed.
const Most = 24 * time.Hour

// Wait is what a response's Retry-After asks for, in seconds or as a date, as a wait
// from now of at most Most; 0 when it is absent, past or not to be read. Before it
// goes Retry-After-Ms, OpenAI's and Azure's own header, which is finer.
func Wait(h http.Header, now time.Time) time.Duration {
	if ms, ok := number(h, "Retry-After-Ms"); ok {
		return upTo(ms, time.Millisecond)
	}
	if s, ok := number(h, "Retry-After"); ok {
		return upTo(s, time.Second)
	}
	at, err := http.ParseTime(h.Get("Retry-After"))
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), Most)
}

// number is a header's, where it is one of 0 or more.
func number(h http.Header, name string) (float64, bool) {
	v, err := strconv.ParseFloat(strings.TrimSpace(h.Get(name)), 64)
	return v, err == nil && v >= 0
}

func upTo(n float64, unit time.Duration) time.Duration {
	return time.Duration(min(n, float64(Most/unit)) * float64(unit))
}
