package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// terminal is where a command writes: results to out, everything else to err.
type terminal struct {
	out, err io.Writer
	// tty: err shows a rewritten line as such.
	tty bool
	// json: results are protojson lines.
	json bool
	// program is how the user called us, for hints.
	program string
	// home and dir shorten paths; either may be empty.
	home, dir string
}

func stdTerminal() *terminal {
	home, _ := os.UserHomeDir()
	dir, _ := os.Getwd()
	return &terminal{out: os.Stdout, err: os.Stderr, tty: isTTY(os.Stderr), program: os.Args[0], home: home, dir: dir}
}

func isTTY(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// note prints a line that is not a result.
func (t *terminal) note(format string, a ...any) {
	fmt.Fprintf(t.err, format+"\n", a...)
}

// short is a document's URI for people: relative to the working folder or the
// home folder where that is shorter.
func (t *terminal) short(uri string) string {
	path := strings.TrimPrefix(uri, "file://")
	if !filepath.IsAbs(path) {
		return oneLine(uri)
	}
	if rel, err := filepath.Rel(t.dir, path); t.dir != "" && err == nil && !strings.HasPrefix(rel, "..") {
		path = rel
	} else if rel, ok := strings.CutPrefix(path, t.home+"/"); ok && t.home != "" {
		path = "~/" + rel
	}
	return oneLine(path)
}

// oneLine is clean text whose lines, as a file's name may have them, are one.
func oneLine(s string) string { return strings.ReplaceAll(clean(s), "\n", " ") }

// clean removes what could make a terminal do more than show text: control
// characters other than tab and line feed, and the characters that reorder text.
// Text of documents and models goes through it before it is printed.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, s)
}

// ends is an error's text on one line of at most width characters: what was tried
// stands at its beginning, and why it failed at its end.
func ends(s string, width int) string {
	runes := []rune(line(s, len(s)+1))
	if len(runes) <= width {
		return string(runes)
	}
	head := (width - 1) / 3
	return strings.TrimSpace(string(runes[:head])) + "…" + strings.TrimSpace(string(runes[len(runes)-(width-1-head):]))
}

// line is clean text on one line of at most width characters, white space folded.
func line(s string, width int) string {
	s = strings.Join(strings.Fields(clean(s)), " ")
	if runes := []rune(s); len(runes) > width {
		return strings.TrimSpace(string(runes[:width-1])) + "…"
	}
	return s
}

// print prints a message as JSON or its text for people.
func (t *terminal) print(m proto.Message, text string) error {
	if t.json {
		return t.printJSON(m)
	}
	_, err := fmt.Fprintln(t.out, text)
	return err
}

// printJSON prints one message on one line.
func (t *terminal) printJSON(m proto.Message) error {
	b, err := protojson.MarshalOptions{EmitDefaultValues: true}.Marshal(m)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(t.out, "%s\n", b)
	return err
}
