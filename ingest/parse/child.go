package parse

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"math"
	"os/exec"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Child is the command line of a process that runs Serve. When it is set, what
// stands on a library that cannot be stopped is read in such processes: they are
// killed when the time is over, their memory is bounded, they are told no secret,
// and the PDF engine, which need not watch for a stop, is three times as fast.
// CacheDir follows it as the last argument. Empty: everything is read in this
// process. It must be set before the first Parse.
var Child []string

// maxChildren bounds the processes, which stay for the next document: as many as a
// worker has jobs by default, so that none waits for a child while its time runs.
var maxChildren = min(max(runtime.GOMAXPROCS(0), 3), 8)

type (
	childRequest struct {
		MediaType string
		Body      []byte
	}
	childReply struct {
		Parsed Parsed
		Reason string // of a permanent failure
		Err    string // of any other
		// Used is the processor time of the child so far.
		Used time.Duration
	}
)

// ErrStarved: the time for a document was over before a child had much of a
// processor for it, or began. It says nothing of the document.
var ErrStarved = errors.New("the machine is too busy to read it")

func init() { gob.Register([]string(nil)) } // in metadata

// isolated reads in a Child, if there is one.
func isolated(mediaType string, read reader) reader {
	return func(ctx context.Context, body []byte) (Parsed, error) {
		if len(Child) == 0 {
			return read(ctx, body)
		}
		return nursery.parse(ctx, childRequest{mediaType, body})
	}
}

var nursery = &children{slots: make(chan struct{}, maxChildren)}

// children are the processes that wait for a document.
type children struct {
	slots chan struct{}
	mu    sync.Mutex
	idle  []*child
}

// parse has a child read a document. One that dies over it, which another's
// greed for memory can bring about, is given a second try.
func (n *children) parse(ctx context.Context, r childRequest) (Parsed, error) {
	select {
	case n.slots <- struct{}{}:
		defer func() { <-n.slots }()
	case <-ctx.Done():
		return Parsed{}, starved(ctx, 0, time.Second)
	}
	for try := 1; ; try++ {
		began := time.Now()
		c, err := n.take()
		if err != nil {
			return Parsed{}, fmt.Errorf("start a parser's process: %w", err)
		}
		reply, err := c.ask(ctx, r)
		switch {
		case ctx.Err() != nil:
			c.kill()
			return Parsed{}, starved(ctx, c.usedSince(), time.Since(began))
		case err == nil:
			c.used = reply.Used
			n.give(c)
			return reply.result()
		}
		c.kill()
		if try == 2 {
			return Parsed{}, Permanent("damaged or hostile: reading it takes more memory than is allowed, or ends the reader")
		}
	}
}

// starved is why ctx has ended, or ErrStarved when its time is over and a child
// had less than a quarter of a processor meanwhile.
func starved(ctx context.Context, used, took time.Duration) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) && used < took/4 {
		return ErrStarved
	}
	return ctx.Err()
}

func (n *children) take() (*child, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if last := len(n.idle) - 1; last >= 0 {
		c := n.idle[last]
		n.idle = n.idle[:last]
		return c, nil
	}
	return startChild()
}

func (n *children) give(c *child) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.idle = append(n.idle, c)
}

func (r childReply) result() (Parsed, error) {
	switch {
	case r.Reason != "":
		return Parsed{}, &Error{r.Reason}
	case r.Err != "":
		return Parsed{}, errors.New(r.Err)
	}
	return r.Parsed, nil
}

// child is one process. It ends when its input does.
type child struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	enc  *gob.Encoder
	dec  *gob.Decoder
	gone chan struct{} // closed when it has ended
	used time.Duration // of a processor, for the documents before
}

// usedSince is the processor time since the last reply, once the child is gone.
func (c *child) usedSince() time.Duration {
	if c.cmd.ProcessState == nil { // nothing is known
		return math.MaxInt64
	}
	return c.cmd.ProcessState.UserTime() + c.cmd.ProcessState.SystemTime() - c.used
}

func startChild() (*child, error) {
	cmd := exec.Command(Child[0], append(slices.Clone(Child[1:]), CacheDir)...)
	cmd.Env = []string{} // nothing of ours is its business
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	endWithParent(cmd.SysProcAttr)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c := &child{cmd: cmd, in: in, enc: gob.NewEncoder(in), dec: gob.NewDecoder(out), gone: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // the kernel takes its thread's end for ours
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // killed, as a rule
		}
		close(c.gone)
	}()
	return c, <-started
}

// ask sends a document and waits for what is read, or for the end of ctx or of
// the child, whichever is first.
func (c *child) ask(ctx context.Context, r childRequest) (reply childReply, err error) {
	stop := context.AfterFunc(ctx, func() { _ = c.cmd.Process.Kill() })
	defer stop()
	if err := c.enc.Encode(r); err != nil {
		return reply, err
	}
	return reply, c.dec.Decode(&reply)
}

func (c *child) kill() {
	_ = c.cmd.Process.Kill()
	_ = c.in.Close()
	<-c.gone
}
