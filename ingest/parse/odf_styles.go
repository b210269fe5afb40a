package parse

import "strings"

// odfStyles are what a document's styles say of its structure.
type odfStyles struct {
	parent map[string]string       // of a paragraph style
	lists  map[string][11]odfLevel // of a list style, by level from 1
}

// odfLevel is how a level of a list is marked; without format it has a bullet.
type odfLevel struct {
	format, prefix, suffix string
	start                  int
}

// read collects the styles of a part; those of styles.xml and of content.xml
// have different names.
func (s *odfStyles) read(x *xmlWalker, e element) error {
	switch e.Name.Local {
	case "style":
		if e.attr("family") == "paragraph" {
			s.parent[e.attr("name")] = e.attr("parent-style-name")
		}
		return nil
	case "list-style":
		var levels [11]odfLevel
		err := x.walk(func(_ *xmlWalker, e element) error {
			at := small(e.attr("level"))
			if e.Name.Local == "list-level-style-number" && at < len(levels) {
				levels[at] = odfLevel{
					e.attr("num-format"), cutBytes(e.attr("num-prefix"), 16), cutBytes(e.attr("num-suffix"), 16),
					max(1, small(e.attr("start-value"))),
				}
			}
			return nil
		})
		s.lists[e.attr("name")] = levels
		return err
	case "body", "master-styles", "font-face-decls":
		return nil
	}
	return x.descend()
}

// is reports whether a paragraph style is the named one or derived from it.
func (s *odfStyles) is(style, name string) bool {
	for range 8 {
		if strings.EqualFold(style, name) {
			return true
		}
		if style = s.parent[style]; style == "" {
			break
		}
	}
	return false
}

// odfList is an open list.
type odfList struct {
	style  string
	count  int
	marker string // of the item that has no text yet
}

// begin counts an item and sets its marker.
func (l *odfList) begin(s *odfStyles, depth int, header bool) {
	l.marker = bullet
	level := s.lists[l.style][min(depth, 10)]
	if header || level.format == "" {
		return
	}
	l.count++
	l.marker = level.prefix + numeral(odfFormats[level.format], level.start+l.count-1) + level.suffix
}

// odfFormats are the formats of numbers as Word calls them.
var odfFormats = map[string]string{"a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}
