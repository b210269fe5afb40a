package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/quarry-rag/quarry/internal/pgserver"
	pb "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// server is a `quarry up` of its own home folder.
type server struct {
	cmd   *exec.Cmd
	conn  *grpc.ClientConn
	ready time.Duration // from exec to SERVING
	home  string
	// postgres is its private server's URL.
	postgres string
}

// attach connects to a server that runs already, to measure it once more.
func attach(addr, home string) (*server, error) {
	url, err := pgserver.URL(filepath.Join(home, "data"))
	if err != nil {
		return nil, err
	}
	s := &server{home: home, postgres: url}
	s.conn, err = grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64<<20)))
	return s, err
}

// start runs `quarry up` and waits until its health service says SERVING.
func start(ctx context.Context, o options, home string) (*server, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(o.bin, "up", "--home", home, "--runtime", o.runtime, "--listen", addr)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s, err := attach(addr, home)
	if err != nil {
		return nil, err
	}
	s.cmd = cmd
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		r, err := healthpb.NewHealthClient(s.conn).Check(ctx, &healthpb.HealthCheckRequest{}, grpc.WaitForReady(true))
		if err == nil && r.Status == healthpb.HealthCheckResponse_SERVING {
			s.ready = time.Since(began)
			return s, nil
		}
	}
	s.stop()
	return nil, fmt.Errorf("quarry up did not become ready: %w", ctx.Err())
}

func (s *server) stop() {
	s.conn.Close()
	if s.cmd == nil {
		return // it is not ours
	}
	s.cmd.Process.Signal(syscall.SIGTERM)
	s.cmd.Wait()
}

// peakMB is the process's highest resident set so far.
func (s *server) peakMB() (float64, error) {
	kb, err := kilobytes(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid), "VmHWM:")
	return kb / 1024, err
}

func (s *server) ingest() pb.IngestServiceClient { return pb.NewIngestServiceClient(s.conn) }
func (s *server) query() pb.QueryServiceClient   { return pb.NewQueryServiceClient(s.conn) }
func (s *server) collections() pb.CollectionServiceClient {
	return pb.NewCollectionServiceClient(s.conn)
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
