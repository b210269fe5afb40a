package parse

import (
	"context"
	"encoding/gob"
	"errors"
	"io"
	"runtime/debug"
	"syscall"
	"time"
)

// maxChildMemory bounds what a child may have of writable memory, in bytes.
const maxChildMemory = 1536 << 20

// killable: this process may be killed in the middle of a document.
var killable bool

// Serve is the other side of Child: it reads the documents that come in, one
// after the other, until in ends, and then ends the process by returning. It
// bounds the process's memory.
func Serve(in io.Reader, out io.Writer) error {
	killable, Child = true, nil
	debug.SetMemoryLimit(maxChildMemory / 2)
	limitMemory(maxChildMemory)
	requests, failed := make(chan childRequest), make(chan error, 1)
	go func() { // so that the end of the parent is seen in the middle of a document
		dec := gob.NewDecoder(in)
		for {
			var r childRequest
			if err := dec.Decode(&r); err != nil {
				failed <- err
				return
			}
			requests <- r
		}
	}()
	enc := gob.NewEncoder(out)
	replies := make(chan childReply, 1)
	for {
		select {
		case r := <-requests:
			go func() { replies <- serve(r) }()
		case reply := <-replies:
			reply.Used = processorTime()
			if err := enc.Encode(reply); err != nil {
				return err
			}
		case err := <-failed:
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
	}
}

// processorTime is what this process has used.
func processorTime() time.Duration {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

func serve(r childRequest) childReply {
	p, err := Parse(context.Background(), r.MediaType, r.Body)
	if perm := (*Error)(nil); errors.As(err, &perm) {
		return childReply{Reason: perm.Reason}
	}
	if err != nil {
		return childReply{Err: err.Error()}
	}
	return childReply{Parsed: p}
}
