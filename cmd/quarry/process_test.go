package main

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// process is a running `quarry up`.
type process struct {
	cmd     *exec.Cmd
	address string
	client  *client
	exited  chan struct{}

	mu  sync.Mutex
	buf bytes.Buffer
}

func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.buf.Write(b)
}

func (p *process) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.buf.String()
}

func upArgs(t *testing.T, home string, args ...string) (string, []string) {
	t.Helper()
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer lis.Close()
	addr := lis.Addr().String()
	runtime := os.Getenv("QUARRY_TEST_RUNTIME")
	if runtime == "" {
		t.Fatal("QUARRY_TEST_RUNTIME is not set: run `make test`")
	}
	return addr, append([]string{"up", "--home", home, "--runtime", runtime, "--listen", addr}, args...)
}

func launch(t *testing.T, bin, home string, args ...string) *process {
	t.Helper()
	addr, args := upArgs(t, home, args...)
	p := &process{cmd: exec.Command(bin, args...), address: addr, exited: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = p, p
	var err error
	if p.client, err = dial(addr); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.cmd.Wait()
		close(p.exited)
	}()
	t.Cleanup(func() {
		p.client.conn.Close()
		p.cmd.Process.Signal(syscall.SIGTERM)
		<-p.exited
		if t.Failed() {
			t.Logf("output of %s:\n%s", addr, p.output())
		}
	})
	return p
}

// eventually calls try until it is true, and fails after two minutes or when the
// process has ended.
func (p *process) eventually(t *testing.T, what string, try func(context.Context) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !try(ctx) {
		select {
		case <-ctx.Done():
			t.Fatalf("%s: not within two minutes", what)
		case <-p.exited:
			t.Fatalf("%s: quarry ended", what)
		case <-tick.C:
		}
	}
}

func (p *process) waitOutput(t *testing.T, text string) {
	t.Helper()
	p.eventually(t, text, func(context.Context) bool { return strings.Contains(p.output(), text) })
}

func (p *process) waitDocuments(t *testing.T, enough func(int64) bool) (n int64) {
	t.Helper()
	p.eventually(t, "documents", func(ctx context.Context) bool {
		r, err := p.client.collections.GetCollection(ctx, &quarryv1.GetCollectionRequest{Name: "default"})
		n = r.GetCollection().GetDocuments()
		return err == nil && enough(n)
	})
	return n
}

func (p *process) kill(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-p.exited
}

// stop ends the process as Ctrl-C does, which is a success.
func (p *process) stop(t *testing.T) {
	t.Helper()
	p.cmd.Process.Signal(syscall.SIGINT)
	select {
	case <-p.exited:
	case <-time.After(time.Minute):
		t.Fatal("quarry does not stop")
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit code %d after SIGINT", code)
	}
}
