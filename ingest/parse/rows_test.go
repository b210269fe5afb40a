package parse

import "testing"

// A title above a table is not its header, and a header of one name is.
func TestTableTitle(t *testing.T) {
	for body, want := range map[string]string{
		"Report of March,,\nPort,High,Low\nUrk,1,2\n": "Port | High | Low",
		",,Report\n,,Port,High\n,,Urk,1\n":            "Port | High",
		"Port\nUrk\nLemmer\n":                         "Port",
		",Ships\nMay,12\nJune,15\n":                   "| Ships",
		"Port,High\nUrk\nLemmer,2\n":                  "Port | High",
	} {
		p, err := Parse(t.Context(), "text/csv", []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Blocks[len(p.Blocks)-1].Header; oneLine(got) != want && got != "|  | "+want {
			t.Errorf("%q: the header is %q, want %q", body, got, want)
		}
	}
}
