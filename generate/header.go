package generate

import "github.com/quarry-rag/quarry/retrieve"

// shown is a passage's text as a model reads it: below the header of the table
// that it begins inside of, which is no part of what can be quoted.
func shown(p retrieve.Passage) string {
	if p.Header == "" {
		return p.Text
	}
	return "(columns: " + oneLine(p.Header) + ")\n" + p.Text
}

// contextOf is what places a passage: its title, headings and table header.
func contextOf(p retrieve.Passage) string { return placeOf(p) + "\n" + p.Header }
