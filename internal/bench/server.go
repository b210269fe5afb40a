package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	pb "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// server is a `quarry up` of its own home folder.
type server struct {
	cmd   *exec.Cmd
	conn  *grpc.ClientConn
	ready time.Duration // from exec to SERVING
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
	s := &server{cmd: cmd}
	s.conn, err = grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64<<20)))
	if err != nil {
		return nil, err
	}
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
	s.cmd.Process.Signal(syscall.SIGTERM)
	s.cmd.Wait()
}

// peakMB is the process's highest resident set so far.
func (s *server) peakMB() (float64, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	for sc := bufio.NewScanner(f); sc.Scan(); {
		if rest, ok := strings.CutPrefix(sc.Text(), "VmHWM:"); ok {
			var kb float64
			_, err := fmt.Sscanf(rest, "%f kB", &kb)
			return kb / 1024, err
		}
	}
	return 0, fmt.Errorf("no VmHWM in /proc/%d/status", s.cmd.Process.Pid)
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
