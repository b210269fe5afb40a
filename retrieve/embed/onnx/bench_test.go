package onnx

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// BenchmarkEmbed embeds 2,000 texts of varying length and reports tokens a
// second, and by how many MB the process grew during the second thousand.
func BenchmarkEmbed(b *testing.B) {
	m := openModel(b, Options{})
	texts := passages(2000)
	tokens := 0
	for _, text := range texts {
		tokens += min(m.Tokens(text)+2, m.Info().MaxTokens)
	}
	var grown float64
	for b.Loop() {
		embedAll(b, m, texts[:1000]...)
		before := residentMB(b)
		embedAll(b, m, texts[1000:]...)
		grown = residentMB(b) - before
	}
	b.ReportMetric(float64(tokens*b.N)/b.Elapsed().Seconds(), "tokens/s")
	b.ReportMetric(grown, "MB-grown")
	b.ReportMetric(residentMB(b), "MB")
}

func BenchmarkQuestion(b *testing.B) {
	m := openModel(b, Options{})
	for b.Loop() {
		embedAll(b, m, "which rock is quarried since antiquity?")
	}
}

// residentMB reads the process's resident memory where Linux tells it.
func residentMB(b *testing.B) float64 {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	pages, err := strconv.Atoi(strings.Fields(string(statm))[1])
	if err != nil {
		b.Fatal(err)
	}
	return float64(pages*os.Getpagesize()) / 1e6
}
