package parse

import (
	"regexp"
	"strings"
)

// maxAlt is how much of a picture's description is kept, in bytes.
const maxAlt = 4000

// generated ends descriptions that Office writes by itself.
var generated = regexp.MustCompile(`(?i)\s*(AI-generated content may be incorrect\.?|Description automatically generated.*)$`)

// pictureFile is a description that is only the name of the picture's file.
var pictureFile = regexp.MustCompile(`(?i)^[^\s]+\.(png|jpe?g|gif|svg|bmp|webp|tiff?|[ew]mf)$`)

// altText is what a picture's description says to a reader; empty when nothing.
func altText(s string) string {
	s = oneLine(tidy(cutBytes(s, maxAlt)))
	s = strings.TrimSpace(generated.ReplaceAllString(s, ""))
	if pictureFile.MatchString(s) {
		return ""
	}
	return s
}
