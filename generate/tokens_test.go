package generate

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quarry-rag/quarry/generate/provider/openaitest"
)

// The estimate is over what two real tokenizers make of a text, and not by much
// for prose and code.
func TestEstimateIsHigh(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	raw := make([]byte, 3000)
	var scripts, table strings.Builder
	for i := range raw {
		raw[i] = byte(rnd.Uint32())
		scripts.WriteRune(rune(0x400 + rnd.IntN(0x2000)))
		fmt.Fprintf(&table, "%d\t%d.%02d\n", rnd.IntN(10), rnd.IntN(1e6), rnd.IntN(100))
	}
	texts := map[string]string{
		"base64": base64.StdEncoding.EncodeToString(raw), "hex": fmt.Sprintf("%x", raw), "scripts": scripts.String(), "table": table.String(),
		"chinese": "数据竞争可能会导致程序崩溃，因此必须同步访问共享变量。", "thai": "การแข่งขันข้อมูลอาจทำให้โปรแกรมล้มเหลว",
		"georgian": "მონაცემთა რბოლამ შეიძლება გამოიწვიოს პროგრამის ავარია", "tamil": "தரவு போட்டி நிரலை செயலிழக்கச் செய்யலாம்",
		"russian": "Гонка данных может привести к сбою программы.", "german": "Größenänderungen überträgt der Prüfer.",
		"signs": "!@#$%^&*()_+{}|:<>?-=[];',./`~", "capitals": "ZQXJ KVWB PLMN", "emoji": "🚀🧪🦀🐘🫠", "": "",
	}
	for _, f := range []string{"../LICENSE", "tokens.go"} {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		texts[filepath.Base(f)] = string(text)
	}
	for name, text := range texts {
		real := max(tokenizers["o200k_base"](text), tokenizers["cl100k_base"](text))
		if got := estimateTokens(text); got < real || strings.Contains(name, ".") && got > real*3/2 {
			t.Errorf("%s: estimated %d, real %d", name, got, real)
		}
	}
}

// Where the model's tokenizer is known the window is filled by its count, and
// never over.
func TestPromptByTheModelsTokenizer(t *testing.T) {
	s := openaitest.New(t, openaitest.Reply{Pieces: []string{"x"}})
	text := strings.Repeat("Programs that modify data simultaneously accessed by multiple goroutines must serialize such access. ", 10)
	src, passages := library(text, text, text, text, text, text, text, text, text, text, text, text, text, text)
	shown := map[string]int{}
	for _, tokenizer := range []string{"", "o200k_base"} {
		var c ChatConfig
		c.Model, c.BaseURL, c.ContextTokens, c.Tokenizer = "m", s.URL, 2048, tokenizer
		chat, err := NewChat(c, src, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = Collect(chat.Answer(t.Context(), Request{Question: "What must programs do?", Passages: passages}))
		asked := s.LastUser()
		shown[tokenizer] = strings.Count(asked, "<passage ")
		if n := tokenizers["o200k_base"](asked + defaultWords().System); n > 2048-512 {
			t.Errorf("%q: %d tokens of prompt", tokenizer, n)
		}
	}
	if shown["o200k_base"] <= shown[""] || shown[""] == 0 {
		t.Errorf("passages shown: %v", shown)
	}
	for model, want := range map[string]string{"gpt-4o-mini": "o200k_base", "gpt-5.2": "o200k_base", "gpt-4-turbo": "cl100k_base", "qwen3": "", "gpt-oss-20b": ""} {
		if got := tokenizerOf(model); got != want {
			t.Errorf("%s: %q", model, got)
		}
	}
}
