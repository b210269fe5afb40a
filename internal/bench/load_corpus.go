package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
)

// writeRecords makes a file of n documents of 2 kB, each with one vector: words
// of a vocabulary as skewed as language is, the same at every call.
func writeRecords(path string, n, dim int) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriterSize(f, 1<<20)
	r := rand.New(rand.NewPCG(1, 2))
	zipf, words := rand.NewZipf(r, 1.1, 8, 40_000), vocabulary(r, 40_001)
	e := json.NewEncoder(w)
	for i := range n {
		var text strings.Builder
		for text.Len() < 2000 {
			text.WriteString(words[zipf.Uint64()])
			text.WriteByte(" .\n"[min(r.IntN(40)/36*r.IntN(3), 2)])
		}
		v := make([]float32, dim)
		for j := range v {
			v[j] = float32(r.NormFloat64())
		}
		if err := e.Encode(map[string]any{"uri": fmt.Sprintf("doc-%07d", i), "text": text.String(), "vector": v}); err != nil {
			return err
		}
	}
	return w.Flush()
}

// vocabulary makes n words of one to five syllables.
func vocabulary(r *rand.Rand, n int) []string {
	const onsets, vowels, codas = "bcdfghjklmnprstvwz", "aeiou", "  nrstl"
	words := make([]string, n)
	for i := range words {
		var w []byte
		for range 1 + r.IntN(5) {
			w = append(w, onsets[r.IntN(len(onsets))], vowels[r.IntN(len(vowels))], codas[r.IntN(len(codas))])
		}
		words[i] = strings.ReplaceAll(string(w), " ", "")
	}
	return words
}
