package lexical

import "strings"

// joint is what joins the words of a run.
type joint uint8

const (
	plain      joint = 1 << iota // a hyphen or colon: prose has these too
	slash                        // one
	dotted                       // a dot, which makes a path of a slash
	deep                         // a second slash
	underscore                   // or :: or @: never prose
)

// named says that the run is an identifier by its joiners alone: snake_case,
// a::b, user@host, a/b/c, a/b.c. Hyphens and single slashes are prose.
func (j joint) named() bool {
	return j&(underscore|deep) != 0 || j&(slash|dotted) == slash|dotted
}

// joiner returns what text begins with when that may join two words, and its
// width; 0 when it may not. Underscores may stand on both sides of it.
func joiner(text string) (joint, int) {
	if strings.HasPrefix(text, " ") { // as after most words
		return 0, 0
	}
	before := underscores(text)
	j, width := separator(text[before:])
	after := underscores(text[before+width:])
	if before+after > 0 {
		j |= underscore
	}
	return j, before + width + after
}

func underscores(text string) int {
	return len(text) - len(strings.TrimLeft(text, "_"))
}

func separator(text string) (joint, int) {
	switch {
	case strings.HasPrefix(text, "://"):
		return deep, 3
	case strings.HasPrefix(text, "::"):
		return underscore, 2
	case text == "":
		return 0, 0
	}
	switch text[0] {
	case '-', ':':
		return plain, 1
	case '.':
		return dotted, 1
	case '@':
		return underscore, 1
	case '/', '\\':
		return slash, 1
	}
	return 0, 0
}

// camelCut returns the length of word's first part in camel case: get|User|By|Id,
// HTTP|Server, to|Json, parse|JSON. Parts have two letters or more. It leaves
// mRNA, siRNAs, iPhone, PDFs and RhoA whole.
func camelCut(word string) int {
	for i := 2; i+1 < len(word); i++ {
		if !isUpper(word[i]) {
			continue
		}
		nextLower := isLower(word[i+1])
		switch before := word[i-1]; {
		case isLower(before) && (nextLower || i > 2 && isUpper(word[i+1])):
			return i
		case isDigit(before) && nextLower:
			return i
		case isUpper(before) && nextLower && i+2 < len(word) && isLower(word[i+2]):
			return i
		}
	}
	return len(word)
}

func hasDigit(s string) bool {
	return strings.ContainsAny(s, "0123456789")
}
