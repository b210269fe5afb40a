// Package onnx runs all-MiniLM-L6-v2 in process on ONNX Runtime. It is the only
// part of Quarry that needs cgo; built without, Open returns an error.
//
// The model's int8 products choose their scale from everything in a run, so a
// text's vector would depend on what shares its batch and on padding. Each run
// therefore holds one text, unpadded, on one thread, which costs nothing: many
// runs at once use the cores better than one run with many threads.
package onnx

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/quarry-rag/quarry/retrieve/embed"
	"github.com/quarry-rag/quarry/retrieve/embed/wordpiece"
)

const (
	name = "all-MiniLM-L6-v2"
	dim  = 384

	trainedTokens  = 256 // the model saw no longer texts in training
	positionTokens = 512 // it has no positions beyond

	modelFile = "model.onnx"
	vocabFile = "vocab.txt"
)

// Options tune a model. The zero value is the default.
type Options struct {
	// MaxTokens is how much of a text is read, the two special tokens included.
	// 3 to 512; 0 means 256, the length the model was trained on.
	MaxTokens int
}

func (o Options) maxTokens() (int, error) {
	if o.MaxTokens == 0 {
		return trainedTokens, nil
	}
	if o.MaxTokens < 3 || o.MaxTokens > positionTokens {
		return 0, fmt.Errorf("token limit is %d, must be 3 to %d", o.MaxTokens, positionTokens)
	}
	return o.MaxTokens, nil
}

// Model is an open model. Safe for concurrent use.
type Model struct {
	tokenizer *wordpiece.Tokenizer
	session   *session
	info      embed.Info
	slots     chan struct{} // held by the texts of large calls while they run
	states    sync.Pool     // *[]float32, room for the states of MaxTokens tokens
}

var _ embed.TokenModel = (*Model)(nil)

// Open loads the ONNX Runtime library at lib, and model.onnx and vocab.txt from
// modelDir, and runs the model once to see that it works. A process can load
// one library only: opening with a second path is an error. The caller closes
// the model.
func Open(lib, modelDir string, o Options) (*Model, error) {
	maxTokens, err := o.maxTokens()
	if err != nil {
		return nil, fmt.Errorf("open embedding model: %w", err)
	}
	m := &Model{slots: make(chan struct{}, runtime.GOMAXPROCS(0))}
	m.info = embed.Info{Name: name, Dim: dim, MaxTokens: maxTokens}
	m.states.New = func() any {
		s := make([]float32, maxTokens*dim)
		return &s
	}
	if err := m.load(lib, modelDir); err != nil {
		return nil, fmt.Errorf("open embedding model in %q (`quarry setup` installs it): %w", modelDir, err)
	}
	if _, err := m.Embed(context.Background(), []string{"warm up"}); err != nil {
		m.Close()
		return nil, fmt.Errorf("try embedding model in %q (`quarry setup` installs it anew): %w", modelDir, err)
	}
	return m, nil
}

func (m *Model) load(lib, dir string) error {
	identity := sha256.New()
	fmt.Fprintf(identity, "%s mean-l2 %s %d\n", name, wordpiece.Version, m.info.MaxTokens)
	vocab, err := os.Open(filepath.Join(dir, vocabFile))
	if err != nil {
		return err
	}
	defer vocab.Close()
	if m.tokenizer, err = wordpiece.New(io.TeeReader(vocab, identity)); err != nil {
		return err
	}
	model, err := os.Open(filepath.Join(dir, modelFile))
	if err != nil {
		return err
	}
	defer model.Close()
	if _, err := io.Copy(identity, model); err != nil {
		return err
	}
	m.info.Fingerprint = hex.EncodeToString(identity.Sum(nil)[:16])
	m.session, err = openSession(lib, model.Name())
	return err
}

// Close frees the model once the runs under way have ended. Embed fails from
// then on. Closing twice is harmless.
func (m *Model) Close() error { return m.session.close() }

// Info describes the model.
func (m *Model) Info() embed.Info { return m.info }

// Tokens counts a text's tokens, special ones not included. It does not
// allocate and does not stop at MaxTokens.
func (m *Model) Tokens(text string) int { return m.tokenizer.Count(text) }
