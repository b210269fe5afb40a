package generate

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// scan runs the deltas through a scanner: text as it is, markers between ⟨ ⟩.
func scan(deltas ...string) string {
	var s scanner
	var b strings.Builder
	write := func(pieces []piece) {
		for _, p := range pieces {
			if p.numbers != nil {
				p.text = "⟨" + p.text + "⟩"
			}
			b.WriteString(p.text)
		}
	}
	for _, d := range deltas {
		write(s.push(d))
	}
	write(s.flush())
	return b.String()
}

func TestMarkers(t *testing.T) {
	for _, want := range []string{
		"Go is fast⟨ [1]⟩. It is safe⟨[2]⟩⟨[3]⟩.",
		"Both⟨ [2, 3]⟩ and⟨ [1,2; 4]⟩ and⟨ [ 7 ]⟩⟨ [12]⟩",
		"at the end⟨ [1]⟩",
		"two  spaces ⟨ [1]⟩\n⟨[2]⟩",
		"天空是蓝的⟨[1]⟩因为。",
		// Not of the shape.
		"[] [ ] [a] [1.] [1-3] [1984] [1,] [,1] [1 2] [1", "[[", "[x]⟨ [1]⟩", "[", " ", "",
		// Code.
		"`a[1]` and ``x ` [1]`` then⟨ [1]⟩",
		"```go\nx := a [1]\n```\n⟨[1]⟩", "~~~\n[1]\n~~~~\n⟨[2]⟩", "```\n[1]\n```⟨ [2]⟩ and⟨ [3]⟩", "```\n[1]\n```no\n[2]", "```inline``` ⟨[1]⟩",
		"a stray ` hides [1] on its line\nbut not⟨ [2]⟩", "> ```\n> [1]\n> ```\n>⟨ [2]⟩",
		"~strike~⟨ [1]⟩", "x ~~~ ⟨[1]⟩",
		// Types, indexes, links.
		"[1]int and a[1] and my_list[2] and [2](http://x) \\[1] [text][1]",
		"in 2009⟨[1]⟩ it's⟨[2]⟩ fast⟨[12]⟩ Vitamin C⟨[3]⟩",
		strings.Repeat("[1, 2", 20), "[" + strings.Repeat(" ", 60) + "1]",
	} {
		text := strings.NewReplacer("⟨", "", "⟩", "").Replace(want)
		want = strings.ReplaceAll(want, " ⟨[", "⟨ [")
		if got := scan(text); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
		for i := range len(text) + 1 {
			if got := scan(text[:i], text[i:]); got != want {
				t.Errorf("cut at %d: got %q\nwant %q", i, got, want)
			}
		}
	}
}

// Whatever the text and its cuts, the pieces are the same, their text is the
// text, and no more is held back than a marker and a cut rune.
func TestMarkersOfAnyCut(t *testing.T) {
	parts := []string{"[", "]", "1", "2, 3", "12", "[1]", "[2][3]", " ", "  ", "\n", "`", "```", "~~~", "a", "word", "é", "[1]int", "_", "(", "。", ",", "\\", "'s"}
	random := rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		var b strings.Builder
		for range random.IntN(30) {
			b.WriteString(parts[random.IntN(len(parts))])
		}
		text := b.String()
		want := scan(text)
		if joined := strings.NewReplacer("⟨", "", "⟩", "").Replace(want); joined != text {
			t.Fatalf("%q came out as %q", text, joined)
		}
		var deltas []string
		var s scanner
		out := 0
		for rest := text; rest != ""; {
			n := 1 + random.IntN(min(len(rest), 8))
			deltas, rest = append(deltas, rest[:n]), rest[n:]
			for _, p := range s.push(deltas[len(deltas)-1]) {
				out += len(p.text)
			}
			if late := len(text) - len(rest) - out; late > maxMarker+4 {
				t.Fatalf("%q: %d bytes held after %q", text, late, deltas)
			}
		}
		if got := scan(deltas...); got != want {
			t.Fatalf("%q: got %q, want %q", deltas, got, want)
		}
	}
}

// Text that cannot become a marker is not held at all, but for a space.
func TestNoDelay(t *testing.T) {
	var s scanner
	for _, d := range []string{"The", " sky", " is", " blue", ",", " [see", " note", "]"} {
		got := ""
		for _, p := range s.push(d) {
			got += p.text
		}
		if got != d {
			t.Errorf("%q came out as %q", d, got)
		}
	}
}

func TestUnits(t *testing.T) {
	const text = "# Slices\n\nA slice is a view. It has a\nlength.\n\nKinds of loops:\n\n- for with a clause.\n- range, which\n  iterates\n\nThis prints it:\n\n```go\nfmt.Println(\"[1]\")\n\nx()\n```\n\n| Name | Size |\n|---|---|\n| int8 | 1 |\n| int16 | 2 |\n\nHeading without mark\n\nThe end.\n\na | b\nc | d\n"
	var got []string
	for _, u := range units(text, "") {
		s := []string{"prose", "list", "code", "row"}[u.kind] + ": " + text[u.start:u.end]
		if u.header != "" {
			s += " (" + u.header + ")"
		}
		got = append(got, s)
	}
	want := []string{
		"prose: A slice is a view.",
		"prose: It has a\nlength.",
		"list: Kinds of loops:\n\n- for with a clause.\n- range, which\n  iterates",
		"prose: - for with a clause.",
		"prose: - range, which\n  iterates",
		"code: This prints it:\n\n```go\nfmt.Println(\"[1]\")\n\nx()\n```",
		"row: | int8 | 1 | (| Name | Size |)",
		"row: | int16 | 2 | (| Name | Size |)",
		"prose: The end.",
		"row: a | b",
		"row: c | d (a | b)",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// A question is answered by what comes after it; a list without a sentence before
// it stands below its heading; a table's header is no row of it, also where it
// stands before the passage; columns and their brackets are no prose.
func TestUnitsByShape(t *testing.T) {
	for _, c := range []struct{ text, header, want string }{
		{"Is it dry? No. It leaks. Is it?", "", "No. It leaks. (Is it dry?)|Is it?"},
		{"Safety\n\n- Wear gloves.\n- Stay\n  calm.\n\nThe end.", "", "Safety\n\n- Wear gloves.\n- Stay\n  calm.|- Wear gloves.|- Stay\n  calm.|The end."},
		{"## Safety\n\n- Wear gloves.", "", "- Wear gloves."},
		{"Model | Flow | Weight\nAX | 3 | 4", "", "AX | 3 | 4 (Model | Flow | Weight)"},
		{"AX | 3 | 4\nAY | 5 | 6", "Model | Flow | Weight", "AX | 3 | 4 (Model | Flow | Weight)|AY | 5 | 6 (Model | Flow | Weight)"},
		{"The following words are reserved.\n\nbreak      case\nfor        func", "", "The following words are reserved.\n\nbreak      case\nfor        func"},
		{"It prints:\n\nconst (\n\ta = iota\n)", "", "It prints:\n\nconst (\n\ta = iota\n)"},
	} {
		var got []string
		for _, u := range units(c.text, c.header) {
			s := c.text[u.start:u.end]
			if u.header != "" {
				s += " (" + u.header + ")"
			}
			got = append(got, s)
		}
		if d := cmp.Diff(c.want, strings.Join(got, "|")); d != "" {
			t.Errorf("%q: %s", c.text, d)
		}
	}
}

func FuzzUnits(f *testing.F) {
	f.Add("A: \n- b\n```\nc\n")
	f.Add("a | b\n|-|-|\nc | d\n\n    code\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, u := range units(text, "") {
			if u.start < 0 || u.start >= u.end || u.end > len(text) {
				t.Fatalf("%q: unit %+v", text, u)
			}
		}
	})
}
