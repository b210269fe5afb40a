package api

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"
)

// guardedStream is a stream with the guarded context and decoding, whose client
// must take what it is sent.
type guardedStream struct {
	grpc.ServerStream
	ctx         context.Context
	receive     func(any) error
	sendTimeout time.Duration
}

func (s *guardedStream) Context() context.Context { return s.ctx }
func (s *guardedStream) RecvMsg(v any) error      { return s.receive(v) }

// SendMsg returns an error when the client leaves no room for a message in time.
// Then the handler must return: that alone ends the send, which until then
// waits for room in a goroutine of its own.
func (s *guardedStream) SendMsg(v any) error {
	sent := make(chan error, 1)
	go func() { sent <- s.ServerStream.SendMsg(v) }()
	late := time.NewTimer(s.sendTimeout)
	defer late.Stop()
	select {
	case err := <-sent:
		return err
	case <-late.C:
		return fmt.Errorf("the client took nothing for %v: %w", s.sendTimeout, context.DeadlineExceeded)
	}
}
