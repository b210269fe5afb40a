package parse

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A function or type is a block of its own, blank lines between them or not.
func TestCodeIsDivided(t *testing.T) {
	tests := []struct {
		name, body string
		want       []string
	}{
		{"a.rs", "struct A {\n    n: u32,\n}\nimpl A {\n    fn f() {\n        if x {\n        } else {\n        }\n    }\n}\nfn main() {}\n", []string{"struct A {", "impl A {", "fn main() {}"}},
		{"a.rb", "def a\n  1\nend\ndef b\n  2\n\n  3\nend\n", []string{"def a", "def b"}},
		{"a.py", "import os\n\n\ndef a():\n    x = 1\n\n    return x\n\ndef b():\n    pass\n", []string{"import os", "def a():", "def b():"}},
	}
	for _, tt := range tests {
		p, err := Parse(t.Context(), Detect(tt.name, []byte(tt.body)), []byte(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		check(t, p)
		var got []string
		for _, b := range p.Blocks {
			first := p.Text[b.Start:b.End]
			got = append(got, strings.TrimSpace(first[:lineEnd(first, 0)]))
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, d)
		}
	}
}
