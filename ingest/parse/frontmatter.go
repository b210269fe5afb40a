package parse

import (
	"strings"
	"unicode/utf8"
)

// Limits of the front matter that is read; longer is taken for text.
const (
	maxFrontMatter = 64 << 10
	maxFields      = 100
	maxFieldBytes  = 2 << 10
)

// frontMatter reads a YAML header between "---" lines at the start of text, as
// far as it is lines of "key: value", "key: [a, b]" and "- item". It returns the
// fields, as strings and []string, and the offset at which the text goes on: 0
// when there is no header.
func frontMatter(text string) (map[string]any, int) {
	if !strings.HasPrefix(text, "---\n") {
		return nil, 0
	}
	fields := map[string]any{}
	key := ""
	for at := len("---\n"); at < len(text) && at < maxFrontMatter; {
		end := lineEnd(text, at)
		line := strings.TrimRight(text[at:end], " \t\n")
		if line == "---" || line == "..." {
			return fields, end
		}
		key = readField(fields, key, line)
		at = end
	}
	return nil, 0
}

// readField adds what a line says to fields and returns the key that following
// lines of "- item" belong to.
func readField(fields map[string]any, key, line string) string {
	trimmed := strings.TrimSpace(line)
	if item, ok := strings.CutPrefix(trimmed, "- "); ok {
		if list, isList := fields[key].([]string); isList && len(list) < maxFields {
			fields[key] = append(list, scalar(item))
		}
		return key
	}
	k, v, ok := strings.Cut(line, ":")
	if !ok || k != strings.TrimSpace(k) || k == "" || k[0] == '#' || len(k) > 64 || len(fields) >= maxFields {
		return key
	}
	v = strings.TrimSpace(v)
	switch {
	case v == "":
		fields[k] = []string{}
	case v[0] == '[' && strings.HasSuffix(v, "]"):
		fields[k] = flowList(v[1 : len(v)-1])
	default:
		fields[k] = scalar(v)
	}
	return k
}

func flowList(s string) []string {
	list := []string{}
	for item := range strings.SplitSeq(s, ",") {
		if item = scalar(item); item != "" && len(list) < maxFields {
			list = append(list, item)
		}
	}
	return list
}

// scalar is a value without its quotes, cut at maxFieldBytes.
func scalar(s string) string {
	s = strings.TrimSpace(s)
	if n := len(s); n >= 2 && (s[0] == '"' || s[0] == '\'') && s[n-1] == s[0] {
		s = s[1 : n-1]
	}
	return cutBytes(s, maxFieldBytes)
}

// cutBytes cuts s to at most n bytes, between runes.
func cutBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
