package main

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"
)

// Numbers, sizes and times as people read them.

// count is a number of things, right-aligned in so many places.
func count(n int64, places int, thing string) string {
	if n == 1 {
		return fmt.Sprintf("%*d %s ", places, n, thing)
	}
	return fmt.Sprintf("%*d %ss", places, n, thing)
}

// size is a number of bytes for people.
func size(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 1000*1000:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}

// duration is a time for people, to two places.
func duration(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}

// millis is a short time for people.
func millis(d time.Duration) string {
	switch {
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", d.Seconds()*1e3)
	case d < time.Second:
		return fmt.Sprintf("%.0f ms", d.Seconds()*1e3)
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

// ago is how long something is past.
func ago(d time.Duration) string {
	if d < time.Second {
		return "just now"
	}
	return duration(d.Round(time.Second)) + " ago"
}

// stamp is a time of the server's for people.
func stamp(t *timestamppb.Timestamp) string { return t.AsTime().Format("2006-01-02 15:04:05 UTC") }

// some is a number of things in a sentence.
func some(n int64, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}
