package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/quarry-rag/quarry/internal/sentence"
	"github.com/quarry-rag/quarry/retrieve/embed"
)

// synth makes as many chunks as wanted, without embedding each. It takes the
// sentences of the Go distribution's own comments, embeds each once, and puts a
// chunk together from several of a topic (a folder of source) and a few of
// others. The embedding model averages its tokens, so the chunk's vector is
// near the average of its sentences' by length: vectors are clustered as real
// ones are, and follow the text. A little noise keeps them apart, and rare words
// made of syllables let the vocabulary grow with the corpus, as Zipf's law has it.
type synth struct {
	topics  [][]phrase
	queries []string // parts of sentences that no chunk has
	dim     int
}

// phrase is a sentence with its vector.
type phrase struct {
	text   string
	words  int
	vector []float32
}

const (
	topicSentences = 40 // at most, of one folder
	topicQueries   = 2  // from sentences of it that no chunk has
	chunksEach     = 5  // of a document
	noise          = 0.1
	zipfS          = 1.07
	rareWords      = 1 << 22
)

// newSynth embeds about n sentences.
func newSynth(ctx context.Context, m embed.Model, root string, n, queries int) (*synth, error) {
	folders, err := comments(root)
	if err != nil {
		return nil, err
	}
	s := &synth{dim: m.Info().Dim}
	rng := rand.New(rand.NewPCG(1, 1))
	rng.Shuffle(len(folders), func(i, j int) { folders[i], folders[j] = folders[j], folders[i] })
	var texts []string
	for _, sentences := range folders {
		if len(sentences) < topicSentences || len(texts) >= n {
			continue
		}
		rng.Shuffle(len(sentences), func(i, j int) { sentences[i], sentences[j] = sentences[j], sentences[i] })
		asked := 0
		for _, held := range sentences[topicSentences:] {
			words := strings.Fields(held)
			if asked < topicQueries && len(s.queries) < queries && len(words) >= 10 {
				s.queries = append(s.queries, strings.Join(words[:10], " "))
				asked++
			}
		}
		texts = append(texts, sentences[:topicSentences]...)
	}
	if len(texts) < n/2 || len(s.queries) < queries/2 {
		return nil, fmt.Errorf("%s has comments for only %d sentences", root, len(texts))
	}
	vectors, err := m.Embed(ctx, texts)
	if err != nil {
		return nil, err
	}
	for i := 0; i < len(texts); i += topicSentences {
		var topic []phrase
		for j := i; j < i+topicSentences; j++ {
			topic = append(topic, phrase{texts[j], len(strings.Fields(texts[j])), vectors[j]})
		}
		s.topics = append(s.topics, topic)
	}
	return s, nil
}

// comments returns the sentences of the Go comments below root, by folder.
func comments(root string) ([][]string, error) {
	byFolder := map[string][]string{}
	seen := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() && e.Name() == "testdata" {
			return filepath.SkipDir
		}
		if !e.Type().IsRegular() || !strings.HasSuffix(path, ".go") {
			return nil
		}
		found, err := sentencesOf(path)
		for _, s := range found {
			if n := len(strings.Fields(s)); n >= 8 && n <= 40 && !seen[s] {
				seen[s] = true
				dir := filepath.Dir(path)
				byFolder[dir] = append(byFolder[dir], s)
			}
		}
		return err
	})
	var dirs []string
	for dir := range byFolder {
		dirs = append(dirs, dir)
	}
	slices.Sort(dirs)
	out := make([][]string, len(dirs))
	for i, dir := range dirs {
		out[i] = byFolder[dir]
	}
	return out, err
}

func sentencesOf(path string) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out []string
	var block strings.Builder
	flush := func() {
		text := block.String()
		for _, at := range sentence.Spans(text) {
			out = append(out, strings.ToValidUTF8(strings.TrimSpace(text[at[0]:at[1]]), ""))
		}
		block.Reset()
	}
	sc := bufio.NewScanner(f)
	for sc.Scan() {
		line := strings.TrimSpace(sc.Text())
		prose, ok := strings.CutPrefix(line, "// ")
		if !ok || strings.HasPrefix(prose, "Copyright") || strings.HasPrefix(prose, " ") {
			flush()
			continue
		}
		block.WriteString(prose + " ")
	}
	flush()
	if err := sc.Err(); !errors.Is(err, bufio.ErrTooLong) { // data, no comments after it
		return out, err
	}
	return out, nil
}

// piece is one chunk.
type piece struct {
	text   string
	vector []float32
}

// chunk returns chunk i, always the same.
func (s *synth) chunk(i int) piece {
	rng := rand.New(rand.NewPCG(2, uint64(i)))
	// Some topics have much more than others, as folders do.
	topic := s.topics[int(float64(len(s.topics))*math.Pow(rng.Float64(), 1.5))]
	var b strings.Builder
	vector := make([]float64, s.dim)
	for range 3 + rng.IntN(4) {
		from := topic
		if rng.IntN(5) == 0 {
			from = s.topics[rng.IntN(len(s.topics))]
		}
		p := from[rng.IntN(len(from))]
		b.WriteString(p.text + " ")
		for d, v := range p.vector {
			vector[d] += float64(p.words) * float64(v)
		}
	}
	zipf := rand.NewZipf(rng, zipfS, 8, rareWords)
	fmt.Fprintf(&b, "See %s, %s and %s.", rareWord(zipf.Uint64()), rareWord(zipf.Uint64()), rareWord(zipf.Uint64()))
	unit(vector)
	for d := range vector {
		vector[d] += noise * rng.NormFloat64() / math.Sqrt(float64(s.dim))
	}
	unit(vector)
	out := piece{b.String(), make([]float32, s.dim)}
	for d, v := range vector {
		out.vector[d] = float32(v)
	}
	return out
}

func unit(v []float64) {
	var square float64
	for _, x := range v {
		square += x * x
	}
	for i := range v {
		v[i] /= math.Sqrt(square)
	}
}

// rareWord spells n, from 0, in syllables.
func rareWord(n uint64) string {
	const consonants, vowels = "bdfgklmnprstvz", "aeiou"
	var b strings.Builder
	for n += 70; n > 0; n /= 70 {
		b.WriteByte(consonants[n%70/5])
		b.WriteByte(vowels[n%5])
	}
	return b.String()
}

// record is document i as a prepared record: its chunks with their vectors.
func (s *synth) record(i int) ([]byte, error) {
	type chunk struct {
		Text   string `json:"text"`
		Vector string `json:"vector"`
	}
	var chunks []chunk
	for j := range chunksEach {
		c := s.chunk(i*chunksEach + j)
		chunks = append(chunks, chunk{c.text, base64.StdEncoding.EncodeToString(float32s(c.vector))})
	}
	return json.Marshal(map[string]any{"chunks": chunks})
}

func float32s(v []float32) []byte {
	raw := make([]byte, 0, 4*len(v))
	for _, f := range v {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(f))
	}
	return raw
}
