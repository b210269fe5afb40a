package wordpiece

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// bert reads the vocabulary of the test runtime, once.
var bert = sync.OnceValues(func() (*Tokenizer, error) {
	home := os.Getenv("QUARRY_TEST_RUNTIME")
	f, err := os.Open(filepath.Join(home, "model", "all-MiniLM-L6-v2", "vocab.txt"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return New(f)
})

func openBERT(t testing.TB) *Tokenizer {
	t.Helper()
	tokenizer, err := bert()
	if err != nil {
		t.Fatalf("%v: run make test, which sets QUARRY_TEST_RUNTIME up", err)
	}
	return tokenizer
}

// The golden file is Hugging Face's own output: see testdata/golden.py.
func TestEncodeAsHuggingFace(t *testing.T) {
	tokenizer := openBERT(t)
	data, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows []struct {
		Text  string
		IDs   []int64
		Spans [][2]int
	}
	if err := json.Unmarshal(data, &rows); err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		want := append(append([]int64{101}, row.IDs...), 102)
		if diff := cmp.Diff(want, tokenizer.Encode(row.Text, 1000)); diff != "" {
			t.Errorf("ids of %q (-want +got):\n%s", row.Text, diff)
		}
		ids, spans := tokenizer.EncodeSpans(row.Text, 1000)
		if diff := cmp.Diff(want, ids); diff != "" {
			t.Errorf("ids of %q beside spans (-want +got):\n%s", row.Text, diff)
		}
		if diff := cmp.Diff(row.Spans, spans, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("spans of %q (-want +got):\n%s", row.Text, diff)
		}
		if n := tokenizer.Count(row.Text); n != len(row.IDs) {
			t.Errorf("Count(%q) = %d, want %d", row.Text, n, len(row.IDs))
		}
	}
}

// Special tokens spelt in a text must not reach the model as such.
func TestEncodeSpelledSpecials(t *testing.T) {
	ids := openBERT(t).Encode("[CLS] [SEP] [MASK] [PAD] [UNK]", 100)
	for _, id := range ids[1 : len(ids)-1] {
		if id <= 103 {
			t.Errorf("text became the special id %d in %v", id, ids)
		}
	}
}

func TestEncodeCuts(t *testing.T) {
	tokenizer := openBERT(t)
	text := strings.Repeat("tokenization embeddings ", 50)
	whole := tokenizer.Encode(text, 1<<20)
	for _, limit := range []int{2, 3, 4, 5, 100, len(whole) - 1, len(whole), len(whole) + 1} {
		got := tokenizer.Encode(text, limit)
		n := min(limit, len(whole))
		want := append(append([]int64{}, whole[:n-1]...), 102)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("Encode to %d ids (-want +got):\n%s", limit, diff)
		}
	}
	for _, limit := range []int{1, 0, -1} {
		if diff := cmp.Diff([]int64{101, 102}, tokenizer.Encode(text, limit)); diff != "" {
			t.Errorf("Encode to %d ids (-want +got):\n%s", limit, diff)
		}
	}
}

func TestCountDoesNotAllocate(t *testing.T) {
	tokenizer := openBERT(t)
	text := "Naïve tokenizations, 日本語 and 한국어: " + strings.Repeat("x", 1000)
	if n := testing.AllocsPerRun(10, func() { tokenizer.Count(text) }); n != 0 {
		t.Errorf("Count allocates %v times", n)
	}
}

func TestNewRefuses(t *testing.T) {
	for name, vocab := range map[string]string{
		"nothing":       "",
		"no [UNK]":      "[CLS]\n[SEP]\na\n",
		"a piece twice": "[UNK]\n[CLS]\n[SEP]\na\n##a\na\n",
		"too much":      "[UNK]\n[CLS]\n[SEP]\n" + strings.Repeat("x", maxVocabBytes),
	} {
		if _, err := New(strings.NewReader(vocab)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func FuzzEncode(f *testing.F) {
	tokenizer := openBERT(f)
	f.Add("hello, Wörld \xff\xfe 日本語 한국어 [SEP]", 10)
	f.Add(strings.Repeat("e\u0301", 300), 3)
	f.Add("\u0085\ufffd\x00\u200b\u2260", 100)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		limit %= 1000
		ids := tokenizer.Encode(text, limit)
		count := tokenizer.Count(text)
		if want := min(count+2, max(limit, 2)); len(ids) != want {
			t.Fatalf("%d ids, want %d of %d", len(ids), want, count+2)
		}
		for _, id := range ids {
			if id < 0 || id >= int64(tokenizer.Size()) {
				t.Fatalf("id %d of %d", id, tokenizer.Size())
			}
		}
		if more := tokenizer.Count(text + " end"); more != count+1 {
			t.Fatalf("one more word made %d tokens of %d", more, count)
		}
	})
}

// Spans prove themselves: in order and between characters, each holds alone what it
// holds within the text, and nothing between them has a token.
func FuzzEncodeSpans(f *testing.F) {
	tokenizer := openBERT(f)
	f.Add("hello, Wörld \xff\xfe 日本語 한국어 [SEP]")
	f.Add(strings.Repeat("e\u0301", 300) + " " + strings.Repeat("ab", 60) + "é☃")
	f.Add("\u0085\ufffd\x00\u200b\u2260 to\u00adken\u0301ization \u0344\ufb2c")
	f.Fuzz(func(t *testing.T, text string) {
		ids, spans := tokenizer.EncodeSpans(text, 1<<20)
		ids = ids[1 : len(ids)-1]
		if len(spans) != len(ids) {
			t.Fatalf("%d spans of %d tokens", len(spans), len(ids))
		}
		last := [2]int{}
		for i, s := range spans {
			if s[0] < last[0] || s[0] < last[1] && s != last || s[1] <= s[0] || s[1] > len(text) || !between(text, s[0]) || !between(text, s[1]) {
				t.Fatalf("span %d is %v after %v in %q", i, s, last, text)
			}
			if gap := text[min(last[1], s[0]):s[0]]; tokenizer.Count(gap) != 0 {
				t.Fatalf("no token for %q of %q", gap, text)
			}
			last = s
		}
		if rest := text[last[1]:]; tokenizer.Count(rest) != 0 {
			t.Fatalf("no token for the end %q of %q", rest, text)
		}
		for i, s := range spans {
			if tokenizer.Count(text[s[0]:s[1]]) == 0 {
				t.Fatalf("token %d is at %v, where %q has none", i, s, text)
			}
		}
	})
}

// between tells whether no character of text reaches over the byte at.
func between(text string, at int) bool {
	for i := range text { // the start of each, also of bytes that are no UTF-8
		if i >= at {
			return i == at
		}
	}
	return at == len(text)
}

func BenchmarkCount(b *testing.B) {
	tokenizer := openBERT(b)
	text := strings.Repeat("Observations of the tokenizer's throughput on ordinary English prose, with 12 numbers and a few rarities (glycosylation, 3.5%). ", 80)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		tokenizer.Count(text)
	}
}
