package main

import "testing"

func TestClean(t *testing.T) {
	cases := map[string]string{
		"plain é 漢\n\ttext":       "plain é 漢\n\ttext",
		"\x1b[31mred\x1b[0m":      "[31mred[0m",
		"a\x07b\x08c\x7fd\u009be": "abcde",
		"abc\u202etxt.exe\u2066":  "abctxt.exe",
		"over\rwrite":             "overwrite",
	}
	for in, want := range cases {
		if got := clean(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add("\x1b[31mred")
	f.Fuzz(func(t *testing.T, s string) {
		got := line(s, 50)
		for _, r := range got {
			if r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) {
				t.Fatalf("%q holds %U", got, r)
			}
		}
		if n := len([]rune(got)); n > 50 {
			t.Fatalf("%d characters", n)
		}
	})
}

func TestShort(t *testing.T) {
	term, _ := testTerminal()
	cases := map[string]string{
		"/home/u/text/a/b.md": "a/b.md", "/home/u/x.md": "~/x.md", "/etc/x": "/etc/x",
		"file:///home/u/text/c": "c", "https://x/y": "https://x/y", "named": "named",
		"/etc/two\nlines": "/etc/two lines",
	}
	for in, want := range cases {
		if got := term.short(in); got != want {
			t.Errorf("%s became %s, want %s", in, got, want)
		}
	}
}

// An error that is too long keeps its cause.
func TestEnds(t *testing.T) {
	for in, want := range map[string]string{
		"short\nand  plain": "short and plain",
		"store 32 documents: copy into embedding: could not extend a file: No space left on device": "store 32 do…No space left on device",
	} {
		if got := ends(in, 36); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}
