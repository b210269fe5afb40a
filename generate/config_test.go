package generate

import (
	"strings"
	"testing"
)

func TestReadConfigErrors(t *testing.T) {
	const model = "models: [{name: a, provider: openai, model: m}]\n"
	for text, want := range map[string]string{
		"modles: []": "modles",
		"models: [{name: a, provider: openai, model: m, prize: 1}]":                                                  "prize",
		"models: [{name: '', provider: openai, model: m}]":                                                           "name",
		"models: [{name: a, provider: gopher, model: m}]":                                                            `"gopher"`,
		"models: [{name: a, provider: openai}]":                                                                      "model: empty",
		"models: [{name: a, provider: openai, model: m, key: sk-123}]":                                               "env:NAME",
		"models: [{name: extractive, provider: openai, model: m}]":                                                   "taken",
		"models: [{name: a, provider: openai, model: m}, {name: a, provider: openai, model: n}]":                     "taken",
		"models: [{name: a, provider: openai, model: m, capabilities: [flying]}]":                                    "flying",
		"models: [{name: a, provider: openai, model: m, price: {input: 0, output: 1, date: 2026-01-01}}]":            "more than 0",
		"models: [{name: a, provider: openai, model: m, price: {input: 1, output: -1, date: 2026-01-01}}]":           "more than 0",
		"models: [{name: a, provider: openai, model: m, price: {input: 1, cached: 0, output: 1, date: 2026-01-01}}]": "more than 0",
		"models: [{name: a, provider: openai, model: m, price: {input: 1, output: .nan, date: 2026-01-01}}]":         "more than 0",
		"models: [{name: a, provider: openai, model: m, price: {input: 1, output: 1}}]":                              "date",
		model + "routes: [{name: r, models: [r]}]":                                                                   "itself",
		model + "routes: [{name: r, models: [a]}, {name: s, models: [r]}]":                                           "route",
		model + "routes: [{name: r, models: []}]":                                                                    "no models",
		model + "routes: [{name: r, models: [b]}]":                                                                   `"b"`,
		model + "routes: [{name: r, models: [a, a]}]":                                                                "twice",
		model + "routes: [{name: a, models: [a]}]":                                                                   "taken",
		model + "routes: [{name: r, models: [a], split: {a: 50}}]":                                                   "100",
		model + "routes: [{name: r, models: [a], split: {b: 100}}]":                                                  "split",
		model + "routes: [{name: r, models: [a], budget: {per_day: -1}}]":                                            "budget",
		model + "routes: [{name: r, models: [a], budget: {per_day: 1}}]":                                             "not known",
		model + "routes: [{name: r, models: [a], budget: {when_spent: cry}}]":                                        "cry",
		model + "routes: [{name: r, models: [a], hedge_after: 1s, cascade: true}]":                                   "one of them",
		model + "default: b": `"b"`,
		"models: {":          "models",
		model + "---\nroutes: [{name: r, models: [a]}]\n":                                                    "more than one",
		"models: [{name: a, provider: openai, model: m, tokenizer: wordpiece}]":                              "o200k_base",
		"models: [{name: a, provider: openai, model: m, price: {input: .inf, output: 1, date: 2026-01-01}}]": "more than 0",
	} {
		if _, err := ReadConfig([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want it to hold %q", text, err, want)
		}
	}
}

func FuzzReadConfig(f *testing.F) {
	f.Add([]byte("models: [{name: a, provider: openai, model: m, price: {input: 1, output: 2, date: 2026-01-01}}]\nroutes: [{name: r, models: [a, extractive], split: {a: 100}}]"))
	f.Add([]byte(`{"models": [], "default": "extractive"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := ReadConfig(text)
		if err != nil {
			return
		}
		all, err := c.Build(Parts{Extractive: NewExtractive(nil, texts{}), Key: func(string) (string, error) { return "k", nil }, Spending: spent{}})
		if err == nil && len(all) != len(c.Models)+len(c.Routes)+1 {
			t.Errorf("%d answerers of %d models and %d routes", len(all), len(c.Models), len(c.Routes))
		}
	})
}
