package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	pb "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// runAnswers measures what lies between a model's tokens and the client's
// deltas. The server is a process of its own, so that memory and processor time
// are its alone; upstream and clients are in this one, and share its machine.
func runAnswers(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("answers", flag.ContinueOnError)
	a := &answers{}
	flags.StringVar(&a.profiles, "profiles", "", "existing folder to write the server's profiles to, at each reading")
	if err := flags.Parse(args); err != nil {
		return err
	}
	defer func() { a.close() }()
	if err := a.open(ctx); err != nil {
		return err
	}
	defer func() { a.t.print(os.Stdout) }()
	for _, measure := range []func(context.Context) error{
		a.warm,
		func(ctx context.Context) error { return a.single(ctx, 200) },
		func(ctx context.Context) error { return a.many(ctx, 200, 20) },
		func(ctx context.Context) error { return a.many(ctx, 1000, 60) },
		a.slow, a.cancel,
	} {
		if err := measure(ctx); err != nil {
			return err
		}
	}
	return nil
}

// answers is a server with a chat model at upstream, and clients.
type answers struct {
	profiles string
	upstream *upstream
	conns    []*grpc.ClientConn
	closers  []func()
	t        table
	asked    int
	readings io.Writer     // asks the server what it holds and has used
	replies  *bufio.Reader // what it says
}

func (a *answers) close() {
	for i := len(a.closers) - 1; i >= 0; i-- {
		a.closers[i]()
	}
}

// collection of the one document that all questions find.
const collection = "answers"

// patience is longer than it takes to begin all streams on a busy machine.
const patience = 9 * time.Minute

// maxStreams is how many answers this server streams at once.
const maxStreams = 1100

func (a *answers) open(ctx context.Context) (err error) {
	if a.upstream, err = startUpstream(); err != nil {
		return err
	}
	a.closers = append(a.closers, a.upstream.stop)
	dir, err := os.MkdirTemp("", "quarry-bench-")
	if err != nil {
		return err
	}
	a.closers = append(a.closers, func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "grpc")
	if err := a.serve(ctx, socket); err != nil {
		return err
	}
	for range maxStreams/100 + 1 { // a connection carries up to 256 streams
		conn, err := grpc.NewClient("unix:"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			return err
		}
		a.conns = append(a.conns, conn)
		a.closers = append(a.closers, func() { conn.Close() })
	}
	return a.load(ctx)
}

// serve runs the server in a process until close.
func (a *answers) serve(ctx context.Context, socket string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	server := exec.CommandContext(ctx, self, "answers-server", a.upstream.url, socket, a.profiles)
	server.Stderr = os.Stderr
	in, err := server.StdinPipe()
	if err != nil {
		return err
	}
	out, err := server.StdoutPipe()
	if err != nil {
		return err
	}
	if err := server.Start(); err != nil {
		return err
	}
	a.closers = append(a.closers, func() {
		in.Close()
		if err := server.Wait(); err != nil {
			fmt.Fprintln(os.Stderr, "bench: server:", err)
		}
	})
	a.readings, a.replies = in, bufio.NewReader(out)
	if _, err := a.replies.ReadString('\n'); err != nil {
		return fmt.Errorf("the server did not begin: %w", err)
	}
	return nil
}

// reading is what the server holds, in bytes, and what it has had of the processor
// before and after the reading, which takes some itself.
type reading struct {
	heap, stacks  float64
	before, after time.Duration
}

func (a *answers) read() (r reading, err error) {
	if _, err = fmt.Fprintln(a.readings); err == nil {
		_, err = fmt.Fscanln(a.replies, &r.heap, &r.stacks, (*int64)(&r.before), (*int64)(&r.after))
	}
	return r, err
}

func (a *answers) load(ctx context.Context) error {
	if _, err := pb.NewCollectionServiceClient(a.conns[0]).CreateCollection(ctx, &pb.CreateCollectionRequest{Name: collection}); err != nil {
		return err
	}
	_, err := pb.NewIngestServiceClient(a.conns[0]).PutDocument(ctx, &pb.PutDocumentRequest{
		Collection: collection, Uri: "rivers.txt", MediaType: "text/plain", Wait: true,
		Content: []byte("The Daugava flows into the Gulf of Riga. It is 1,020 km long."),
	})
	return err
}

// stream is one question under way.
type stream struct {
	pb.QueryService_AskClient
	reader reader
	end    context.CancelFunc
}

// ask begins a question and returns when the model is asked it.
func (a *answers) ask(ctx context.Context) (*stream, error) {
	a.asked++
	client := pb.NewQueryServiceClient(a.conns[a.asked%len(a.conns)])
	ctx, cancel := context.WithTimeout(ctx, patience)
	s, err := client.Ask(ctx, &pb.AskRequest{Collection: collection, Question: fmt.Sprintf("How long is the Daugava, for the %d. time?", a.asked)})
	return &stream{QueryService_AskClient: s, end: cancel}, err
}

// step reads one event; io.EOF after the last.
func (s *stream) step() (*pb.AskResponse, error) {
	event, err := s.Recv()
	if err != nil {
		return nil, err
	}
	return event, s.reader.take(event.GetDelta().GetText(), now())
}

// finish reads to the end and checks that nothing was lost.
func (s *stream) finish(tokens int) error {
	defer s.end()
	for {
		_, err := s.step()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	if s.reader.next != tokens {
		return fmt.Errorf("%d of %d tokens came", s.reader.next, tokens)
	}
	return nil
}
