package embed

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func status(code int, header, value, body string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		if header != "" {
			w.Header().Set(header, value)
		}
		w.WriteHeader(code)
		fmt.Fprint(w, body)
	}
}

func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func drop(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	fmt.Fprint(w, `{"data":[`)
	panic(http.ErrAbortHandler)
}

// Each fault happens twice; the third try is answered. The wait is in the
// bubble's time, which passes only while all of it waits.
func TestOpenAIRetries(t *testing.T) {
	date := func(w http.ResponseWriter, r *http.Request) {
		at := time.Now().Add(9 * time.Second).UTC().Format(http.TimeFormat)
		status(503, "Retry-After", at, "")(w, r)
	}
	for name, c := range map[string]struct {
		fault    func(http.ResponseWriter, *http.Request)
		min, max time.Duration
	}{
		"429 with seconds": {status(429, "Retry-After", "7", ""), 14 * time.Second, 14 * time.Second},
		"503 with a date":  {date, 16 * time.Second, 18 * time.Second},
		"429 without":      {status(429, "", "", ""), 750 * time.Millisecond, 1500 * time.Millisecond},
		"500":              {status(500, "", "", "<html>"), 750 * time.Millisecond, 1500 * time.Millisecond},
		"unreadable wait":  {status(429, "Retry-After", "soon", ""), 750 * time.Millisecond, 1500 * time.Millisecond},
		"hang":             {hang, 20750 * time.Millisecond, 21500 * time.Millisecond},
		"broken off":       {drop, 750 * time.Millisecond, 1500 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &server{before: func(w http.ResponseWriter, r *http.Request, try int) bool {
					if try <= 2 {
						c.fault(w, r)
					}
					return try <= 2
				}}
				o := newOpenAI(t, s, OpenAIConfig{Timeout: 10 * time.Second})
				start := time.Now()
				got, err := o.Embed(t.Context(), []string{"one", "two"})
				if err != nil {
					t.Fatal(err)
				}
				if took := time.Since(start); took < c.min || took > c.max {
					t.Errorf("took %v, want %v to %v", took, c.min, c.max)
				}
				want := [][]float32{wantVector("one"), wantVector("two")}
				if diff := cmp.Diff(want, got, nearly); diff != "" {
					t.Errorf("vectors (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestOpenAIGivesUp(t *testing.T) {
	for name, c := range map[string]struct {
		fault func(http.ResponseWriter, *http.Request)
		tries int
		want  StatusError
	}{
		"always 500": {
			status(500, "", "", `{"error":"overloaded"}`), 3,
			StatusError{Code: 500, Message: "overloaded"},
		},
		"wait beyond MaxWait": {
			status(429, "Retry-After", "3600", `{"message":"quota"}`), 1,
			StatusError{Code: 429, Message: "quota", RetryAfter: time.Hour},
		},
		"refused, with the key repeated": {
			status(401, "", "", `{"error":{"message":"wrong key sk-secret\n"}}`), 1,
			StatusError{Code: 401, Message: "wrong key [key] "},
		},
		"refused, with the text repeated": {
			status(422, "", "", `{"detail":[{"input":"private"}]}`), 1,
			StatusError{Code: 422},
		},
		"redirect": {
			status(307, "Location", "http://elsewhere.test/", ""), 1,
			StatusError{Code: 307},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &server{before: func(w http.ResponseWriter, r *http.Request, _ int) bool {
					c.fault(w, r)
					return true
				}}
				o := newOpenAI(t, s, OpenAIConfig{Key: "sk-secret", Retries: 2})
				_, err := o.Embed(t.Context(), []string{"private"})
				var got *StatusError
				if !errors.As(err, &got) {
					t.Fatalf("error %v, want a StatusError", err)
				}
				if diff := cmp.Diff(c.want, *got); diff != "" {
					t.Errorf("error (-want +got):\n%s", diff)
				}
				if len(s.requests) != c.tries {
					t.Errorf("%d tries, want %d", len(s.requests), c.tries)
				}
			})
		})
	}
}

func TestOpenAIFaultyResponses(t *testing.T) {
	row := func(index int, vector string) string {
		return fmt.Sprintf(`{"index":%d,"embedding":%s}`, index, vector)
	}
	data := func(rows ...string) string { return `{"data":[` + strings.Join(rows, ",") + `]}` }
	good := row(0, "[1,2,3]")
	for name, body := range map[string]string{
		"a row missing":     data(good),
		"a row too many":    data(good, row(1, "[1,2,3]"), row(2, "[1,2,3]")),
		"an index doubled":  data(good, good),
		"an index beyond":   data(good, row(2, "[1,2,3]")),
		"an index below":    data(good, row(-1, "[1,2,3]")),
		"a number null":     data(good, row(1, "[1,null,3]")),
		"a vector null":     data(good, row(1, "null")),
		"a vector of text":  data(good, row(1, `"AAAA"`)),
		"a vector nested":   data(good, row(1, "[[1,2,3]]")),
		"NaN":               data(good, row(1, "[1,NaN,3]")),
		"out of range":      data(good, row(1, "[1,1e39,3]")),
		"zeros":             data(good, row(1, "[0,0,0]")),
		"truncated":         data(good)[:20],
		"no JSON":           "<html>",
		"nothing":           "",
		"an error in a 200": `{"error":{"message":"failed"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			if err := embedAgainst(t, body); !errors.Is(err, ErrResponse) {
				t.Errorf("error %v, want ErrResponse", err)
			}
		})
	}
	for name, body := range map[string]string{
		"too short": data(good, row(1, "[1,2]")),
		"too long":  data(row(0, "[1,2,3,4]"), row(1, "[1,2,3,4]")),
		"empty":     data(good, row(1, "[]")),
	} {
		t.Run(name, func(t *testing.T) {
			var wrong *DimensionError
			if err := embedAgainst(t, body); !errors.As(err, &wrong) || wrong.Want != 3 || wrong.Got == 3 {
				t.Errorf("error %v, want a DimensionError", err)
			}
		})
	}
}

// An endless body is left after little more than its limit.
func TestOpenAIBoundsResponse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		written := 0
		s := &server{before: func(w http.ResponseWriter, _ *http.Request, _ int) bool {
			for written < 64<<20 {
				n, err := w.Write(make([]byte, 1<<20))
				written += n
				if err != nil {
					break
				}
			}
			return true
		}}
		_, err := newOpenAI(t, s, OpenAIConfig{}).Embed(t.Context(), []string{"one"})
		if !errors.Is(err, ErrResponse) {
			t.Errorf("error %v, want ErrResponse", err)
		}
		synctest.Wait()
		if written > 4<<20 {
			t.Errorf("%d bytes were read", written)
		}
	})
}

// embedAgainst embeds two texts by a server that always answers body.
func embedAgainst(t *testing.T, body string) (err error) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{before: func(w http.ResponseWriter, _ *http.Request, _ int) bool {
			fmt.Fprint(w, body)
			return true
		}}
		_, err = newOpenAI(t, s, OpenAIConfig{}).Embed(t.Context(), []string{"one", "two"})
	})
	return err
}
