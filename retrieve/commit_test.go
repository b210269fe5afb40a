package retrieve

import "testing"

// What comes from a repository says which commit holds it; what a caller calls a
// commit elsewhere is metadata and no more.
func TestPassagesNameTheirCommit(t *testing.T) {
	c := testCorpus(t)
	c.add(t, "git+file:///r//a.md", "red apples")
	c.add(t, "file:///a.md", "green pears")
	c.exec(t, `update document set metadata = '{"commit": "abc123"}'`)
	for text, want := range map[string]string{"red apples": "abc123", "green pears": ""} {
		got := c.search(t, Query{Text: text, Limit: 1})
		if len(got.Passages) != 1 || got.Passages[0].Text != text || got.Passages[0].Commit != want {
			t.Errorf("%s: %+v", text, got.Passages)
		}
	}
}
