package parse

import (
	"context"
	"strings"
)

// readPlain makes a paragraph of every run of lines between blank ones or form
// feeds. The only structure it believes in is a line underlined with = or -.
func readPlain(ctx context.Context, body []byte) (Parsed, error) {
	text, err := decodeAny(body)
	if err != nil {
		return Parsed{}, err
	}
	var blocks blockList
	start, lines := 0, 0 // of the open paragraph
	for at := 0; at < len(text); {
		if len(blocks)&1023 == 0 && ctx.Err() != nil {
			return Parsed{}, ctx.Err()
		}
		end := lineEnd(text, at)
		line := text[at:end]
		switch level := underline(line); {
		case strings.TrimSpace(line) == "":
			blocks.add(text, Block{Kind: Paragraph, Start: start, End: at})
			start, lines = end, 0
		case level > 0 && lines == 1 && end-at <= 120 && at-start <= 120:
			blocks.add(text, Block{Kind: Heading, Level: level, Start: start, End: at})
			start, lines = end, 0
		default:
			lines++
		}
		at = end
	}
	blocks.add(text, Block{Kind: Paragraph, Start: start, End: len(text)})
	return Parsed{Text: text, Blocks: blocks, Title: blocks.title(text)}, nil
}

// lineEnd is the offset after the line at i; a form feed ends a line too.
func lineEnd(text string, i int) int {
	if n := strings.IndexAny(text[i:], "\n\f"); n >= 0 {
		return i + n + 1
	}
	return len(text)
}

// underline is 1 for a line of three or more =, 2 for one of -, else 0.
func underline(line string) int {
	line = strings.TrimSpace(line)
	if len(line) < 3 || strings.Trim(line, line[:1]) != "" {
		return 0
	}
	return strings.IndexByte("=-", line[0]) + 1
}
