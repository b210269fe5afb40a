package generate

import (
	"fmt"
	"testing"
)

// A key keeps its model, and keys fall to the models as the split says.
func TestSplitByKey(t *testing.T) {
	config, err := ReadConfig([]byte(`
models: [{name: a, provider: openai, model: m}, {name: b, provider: openai, model: m}]
routes: [{name: r, models: [a, b], split: {a: 80, b: 20}}, {name: s, models: [a, b], split: {a: 80, b: 20}}]
`))
	if err != nil {
		t.Fatal(err)
	}
	all, err := config.Build(Parts{Extractive: NewExtractive(nil, texts{})})
	if err != nil {
		t.Fatal(err)
	}
	r, s := all[0].(*Route), all[1].(*Route)
	const n = 2000
	count, both := 0, 0
	for i := range n {
		key := fmt.Sprint("user ", i)
		first := r.pick(key)[0].name
		if first != r.pick(key)[0].name {
			t.Fatalf("%s changes its model", key)
		}
		if first == "b" {
			count++
			if s.pick(key)[0].name == "b" {
				both++
			}
		}
	}
	if count < n*17/100 || count > n*23/100 || both > count*30/100 {
		t.Errorf("%d of %d keys are b's, %d of them in the other route too", count, n, both)
	}
}

func TestSplit(t *testing.T) {
	members := []*member{{name: "a"}, {name: "b"}, {name: "c"}}
	parts := map[string]float64{"a": 70, "c": 30}
	for at, want := range map[float64]string{0: "abc", 69.9: "abc", 70: "cab", 99.9: "cab", 100: "abc"} {
		var got string
		for _, m := range split(members, parts, at) {
			got += m.name
		}
		if got != want {
			t.Errorf("at %v: %s, want %s", at, got, want)
		}
	}
}
