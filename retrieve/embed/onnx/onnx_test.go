package onnx

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
)

func libraryPath() string {
	return filepath.Join(os.Getenv("QUARRY_TEST_RUNTIME"), "onnxruntime", "libonnxruntime.so")
}

func modelDir() string {
	return filepath.Join(os.Getenv("QUARRY_TEST_RUNTIME"), "model", name)
}

func openModel(t testing.TB, o Options) *Model {
	t.Helper()
	m, err := Open(libraryPath(), modelDir(), o)
	if err != nil {
		t.Fatalf("%v: run make test, which sets QUARRY_TEST_RUNTIME up", err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

func embedAll(t testing.TB, m *Model, texts ...string) [][]float32 {
	t.Helper()
	vectors, err := m.Embed(t.Context(), texts)
	if err != nil {
		t.Fatal(err)
	}
	return vectors
}

// passages returns n texts of 1 to 300 words.
func passages(n int) []string {
	words := strings.Fields("granite is an igneous rock of quartz mica and feldspar, quarried since antiquity: see §4 (Aswan)")
	texts := make([]string, n)
	for i := range texts {
		var text strings.Builder
		for w := range 1 + i*37%300 {
			text.WriteString(words[(i*w+i+w)%len(words)] + " ")
		}
		texts[i] = text.String()
	}
	return texts
}

// int8 products round otherwise on other kinds of CPU, hence the tolerance.
func TestEmbedNearReference(t *testing.T) {
	m := openModel(t, Options{})
	data, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows []struct {
		Text   string
		Vector []float64
	}
	if err := json.Unmarshal(data, &rows); err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		var cosine, square float64
		for i, v := range embedAll(t, m, row.Text)[0] {
			cosine += float64(v) * row.Vector[i]
			square += float64(v) * float64(v)
		}
		if cosine < 0.975 {
			t.Errorf("cosine of %q to the 32-bit model is %.4f, want .975", row.Text, cosine)
		}
		if math.Abs(square-1) > 1e-6 {
			t.Errorf("vector of %q has squared length %v", row.Text, square)
		}
	}
}

func TestEmbedEqualWhateverSharesTheCall(t *testing.T) {
	m := openModel(t, Options{})
	texts := passages(24)
	together := embedAll(t, m, texts...)
	for i, text := range texts {
		if diff := cmp.Diff(embedAll(t, m, text)[0], together[i]); diff != "" {
			t.Errorf("text %d alone and in a batch (-alone +batch):\n%s", i, diff)
		}
	}
}

// The vectors of tokens come with the one that Embed gives, one a token, and say
// which part of the text they are of.
func TestEmbedTokens(t *testing.T) {
	m := openModel(t, Options{})
	texts := append(passages(12), "", "granite")
	tokens, err := m.EmbedTokens(t.Context(), texts)
	if err != nil {
		t.Fatal(err)
	}
	if got := texts[13][tokens[13].Spans[0][0]:tokens[13].Spans[0][1]]; got != "granite" {
		t.Errorf("the first token is %q", got)
	}
	for i, v := range embedAll(t, m, texts...) {
		if d := cmp.Diff(v, tokens[i].Whole); d != "" {
			t.Errorf("text %d: %s", i, d)
		}
		if want := min(m.Tokens(texts[i]), m.Info().MaxTokens-2); len(tokens[i].Each) != want {
			t.Errorf("text %d: %d vectors for %d tokens", i, len(tokens[i].Each), want)
		}
		if len(tokens[i].Spans) != len(tokens[i].Each) {
			t.Errorf("text %d: %d places of %d tokens", i, len(tokens[i].Spans), len(tokens[i].Each))
		}
	}
}

func TestEmbedCutsAtMaxTokens(t *testing.T) {
	m := openModel(t, Options{MaxTokens: 10})
	vectors := embedAll(t, m, strings.Repeat("word ", 7), strings.Repeat("word ", 8), strings.Repeat("word ", 100_000))
	if cmp.Equal(vectors[0], vectors[1]) {
		t.Error("the eighth word is not read")
	}
	if !cmp.Equal(vectors[1], vectors[2]) {
		t.Error("words beyond the limit change the vector")
	}
	longest := openModel(t, Options{MaxTokens: 512})
	embedAll(t, longest, strings.Repeat("word ", 10_000))
}

func TestEmbedTakesAnyText(t *testing.T) {
	m := openModel(t, Options{})
	hostile := []string{"", " \n", "\xff\xfe\x00", "[SEP][CLS]", strings.Repeat("\u0301", 10_000), strings.Repeat("x", 1<<20)}
	if got := embedAll(t, m, hostile...); len(got) != len(hostile) {
		t.Errorf("%d vectors of %d texts", len(got), len(hostile))
	}
	if got, err := m.Embed(t.Context(), nil); got != nil || err != nil {
		t.Errorf("no text gave %v, %v", got, err)
	}
	if n := m.Tokens("hello, world"); n != 3 {
		t.Errorf("Tokens = %d, want 3", n)
	}
}

func TestQuestionsDoNotQueueBehindIngestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := openModel(t, Options{})
		for range cap(m.slots) {
			m.slots <- struct{}{} // as if ingestion held every core
		}
		embedAll(t, m, passages(directTexts)...)
		done := make(chan error, 1)
		go func() {
			_, err := m.Embed(t.Context(), passages(directTexts+1))
			done <- err
		}()
		synctest.Wait()
		if len(done) > 0 {
			t.Error("a large call did not wait its turn")
		}
		for range cap(m.slots) {
			<-m.slots
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestEmbedStopsWithContext(t *testing.T) {
	m := openModel(t, Options{})
	before := embedAll(t, m, "hello world")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := m.Embed(ctx, passages(3000))
		done <- err
	}()
	for len(m.slots) == 0 { // until its first texts run
		runtime.Gosched()
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled Embed: %v", err)
	}
	if _, err := m.Embed(ctx, []string{"a"}); !errors.Is(err, context.Canceled) {
		t.Errorf("Embed after cancel: %v", err)
	}
	if diff := cmp.Diff(before, embedAll(t, m, "hello world")); diff != "" {
		t.Errorf("a cancelled call changed later vectors:\n%s", diff)
	}
}

// A run under way is stopped, not only the texts after it. The runtime may end
// a run before it looks, so one of many must be stopped.
func TestRunIsTerminated(t *testing.T) {
	m := openModel(t, Options{MaxTokens: 512})
	ids := m.tokenizer.Encode(strings.Repeat("word ", 600), 512)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 50 {
		if err := m.session.run(ctx, ids, make([]float32, 512*dim)); errors.Is(err, context.Canceled) {
			return
		}
	}
	t.Error("50 runs with an ended context all ran to their end")
}

func TestFingerprint(t *testing.T) {
	base := openModel(t, Options{}).Info()
	if again := openModel(t, Options{MaxTokens: 256}).Info(); again != base {
		t.Errorf("one model, two descriptions: %+v, %+v", base, again)
	}
	if shorter := openModel(t, Options{MaxTokens: 128}).Info(); shorter.Fingerprint == base.Fingerprint {
		t.Error("MaxTokens is not in the fingerprint")
	}
	if base.Name != name || base.Dim != dim || base.MaxTokens != 256 || base.Fingerprint == "" {
		t.Errorf("Info %+v", base)
	}
}

func TestCloseWaits(t *testing.T) {
	m := openModel(t, Options{})
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for {
				if _, err := m.Embed(t.Context(), passages(3)); err != nil {
					return // closed
				}
			}
		})
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	all.Wait()
	if err := m.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}
