package sentence

import (
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

func TestSpans(t *testing.T) {
	// Sentences are divided by "¦" and what stands between them.
	tests := []string{
		"One. ¦Two! ¦Three? ¦Four",
		"Dr. Smith met Mrs. Jones at 3.14 p.m. on Main St. in town. ¦Then they left.",
		"See Fig. 3, e.g. the left part, i.e. the first. ¦It shows v1.2.3 etc. ¦The rest follows.",
		"It was by J. R. R. Tolkien and Donald E. Knuth. ¦Good books.",
		"It was built by engineers J. Presper Eckert and author J. K. Rowling. ¦Then came ENIAC.",
		"In Zorach v. Clauson (c. 1950, p. 12) it held so. ¦It lacks vitamin C. ¦Scientists found out. ¦This is plan B. ¦Next is C.",
		"It has underlying type T. ¦If not, x is of type V. ¦The rest is T.",
		"He said \"Stop.\" ¦\"Why?\" ¦(Nobody knew.) ¦So they went.",
		"Yahoo! is a company. ¦Wait... what? ¦Hm... ¦No.",
		"Intro:\n¦- one\n¦- two. ¦Three\n¦  * four\n¦1. five\n¦2) six",
		"A line\nthat goes on. ¦Next\n\n¦New block",
		"1. First item. ¦2. Second.",
		"It ended in 1945.[3][4] ¦Nobody knew why.[citation needed] ¦See \"x.\"[note 1] ¦See a.[0] and x.[",
		"日本語です。¦「本当？」¦はい！¦終わり",
		"In the U.S. Congress it is so. ¦It is 5 km in the U.S. ¦The end.",
		"call x.f(). ¦Use os.Open. ¦Done",
		"¦",
		"...",
	}
	for _, tt := range tests {
		var want []string
		for s := range strings.SplitSeq(tt, "¦") {
			if s = strings.TrimSpace(s); s != "" {
				want = append(want, s)
			}
		}
		text := strings.ReplaceAll(tt, "¦", "")
		var got []string
		for _, s := range Spans(text) {
			got = append(got, text[s[0]:s[1]])
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("Spans(%q) (-want +got):\n%s", text, d)
		}
	}
}

// The worst shapes must take time linear in their length: these would take
// minutes if they did not.
func TestLinear(t *testing.T) {
	const n = 4 << 20
	for _, unit := range []string{".", ". ", "a", "\n", "\n ", "A. ", "etc. ", ")", ".)", " ", "。", "1. ", "…", ".\n\t", ".[3]", ".[", ".[x", "[.]"} {
		text := strings.Repeat(unit, n/len(unit))
		for range All(text) {
		}
	}
}

func FuzzSpans(f *testing.F) {
	f.Add("Dr. A. B. said: \"No.\"\n\n- x. Y")
	f.Add("日本。\xff\xfe. A")
	f.Fuzz(func(t *testing.T, text string) {
		last := 0
		for _, s := range Spans(text) {
			if s[0] < last || s[1] <= s[0] || s[1] > len(text) {
				t.Fatalf("span %v after %d of %d bytes", s, last, len(text))
			}
			if gap := text[last:s[0]]; strings.TrimFunc(gap, unicode.IsSpace) != "" {
				t.Fatalf("%q is in no sentence", gap)
			}
			last = s[1]
		}
		if gap := text[last:]; strings.TrimFunc(gap, unicode.IsSpace) != "" {
			t.Fatalf("%q is in no sentence", gap)
		}
	})
}
