//go:build !cgo

package onnx

import (
	"context"
	"errors"
)

var errNoCgo = errors.New("this build has no embedding model: build it with CGO_ENABLED=1 and a C compiler, or use an embedder over HTTP")

type session struct{}

func openSession(string, string) (*session, error) { return nil, errNoCgo }

func (*session) run(context.Context, []int64, []float32) error { return errNoCgo }

func (*session) close() error { return nil }
