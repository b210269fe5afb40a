//go:build cgo

package onnx

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	ort "github.com/yalue/onnxruntime_go"
)

// session is one ONNX Runtime session. Runs may overlap; close waits for them.
type session struct {
	closing sync.RWMutex
	open    *ort.DynamicAdvancedSession // nil once closed
}

// ones is the attention mask of every run, as no run is padded.
var ones = func() []int64 {
	mask := make([]int64, positionTokens)
	for i := range mask {
		mask[i] = 1
	}
	return mask
}()

func openSession(lib, modelPath string) (*session, error) {
	if err := loadLibrary(lib); err != nil {
		return nil, fmt.Errorf("load ONNX Runtime %q: %w", lib, err)
	}
	options, err := ort.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	defer options.Destroy()
	err = errors.Join(
		options.SetIntraOpNumThreads(1),
		options.SetInterOpNumThreads(1),
		options.SetLogSeverityLevel(ort.LoggingLevelFatal),
	)
	if err != nil {
		return nil, err
	}
	inputs := []string{"input_ids", "attention_mask"}
	s, err := ort.NewDynamicAdvancedSession(modelPath, inputs, []string{"last_hidden_state"}, options)
	if err != nil {
		return nil, fmt.Errorf("load model %q: %w", modelPath, err)
	}
	return &session{open: s}, nil
}

var library struct {
	sync.Mutex
	path string // of the one that is loaded
}

// loadLibrary loads lib once a process. A failed attempt can be repeated.
func loadLibrary(lib string) error {
	library.Lock()
	defer library.Unlock()
	if library.path == lib && lib != "" {
		return nil
	}
	if library.path != "" {
		return fmt.Errorf("%q is loaded already", library.path)
	}
	if lib == "" {
		return errors.New("no path given")
	}
	ort.SetSharedLibraryPath(lib)
	if err := ort.InitializeEnvironment(ort.WithLogLevelFatal()); err != nil {
		return err
	}
	library.path = lib
	return nil
}

// run computes the states of one text's tokens. states has dim numbers an id.
// When ctx ends, run stops early with its error.
func (s *session) run(ctx context.Context, ids []int64, states []float32) error {
	s.closing.RLock()
	defer s.closing.RUnlock()
	if s.open == nil {
		return errors.New("the model is closed")
	}
	length := int64(len(ids))
	input, err := ort.NewTensor(ort.NewShape(1, length), ids)
	if err != nil {
		return err
	}
	defer input.Destroy()
	mask, err := ort.NewTensor(ort.NewShape(1, length), ones)
	if err != nil {
		return err
	}
	defer mask.Destroy()
	output, err := ort.NewTensor(ort.NewShape(1, length, dim), states)
	if err != nil {
		return err
	}
	defer output.Destroy()
	// The runtime keeps pointers that the collector does not see.
	defer runtime.KeepAlive(ids)
	defer runtime.KeepAlive(states)
	return s.runCancellable(ctx, []ort.Value{input, mask}, []ort.Value{output})
}

func (s *session) runCancellable(ctx context.Context, inputs, outputs []ort.Value) error {
	options, err := ort.NewRunOptions()
	if err != nil {
		return err
	}
	defer options.Destroy()
	terminated := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(terminated)
		options.Terminate()
	})
	err = s.open.RunWithOptions(inputs, outputs, options)
	if !stop() {
		<-terminated // options must outlive their use there
	}
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

func (s *session) close() error {
	s.closing.Lock()
	defer s.closing.Unlock()
	if s.open == nil {
		return nil
	}
	open := s.open
	s.open = nil
	return open.Destroy()
}
