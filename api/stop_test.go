package api_test

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/quarry-rag/quarry/api"
	"github.com/quarry-rag/quarry/generate/provider/openaitest"
)

// A stop is announced before anything is refused, gives a running answer its
// time, and then ends it and says why.
func TestGracefulStop(t *testing.T) {
	const grace = 500 * time.Millisecond
	chat := openaitest.New(t, openaitest.Reply{Pieces: []string{"It was built "}, Fault: openaitest.Stall})
	r := newRig(t, api.Options{StopGrace: grace}, chatAt(chat.URL))
	r.create(t, "docs")
	r.put(t, "docs", "lighthouse.md", lighthouse)
	health, err := healthpb.NewHealthClient(r.conn).Watch(within(t), &healthpb.HealthCheckRequest{Service: "quarry.v1.QueryService"})
	if err != nil {
		t.Fatal(err)
	}
	if h, err := health.Recv(); err != nil || h.Status != healthpb.HealthCheckResponse_SERVING {
		t.Fatalf("health %v, %v", h, err)
	}
	stream := askUntilText(t, r, within(t))
	stopped := time.Now()
	r.stop()
	if h, err := health.Recv(); err != nil || h.Status != healthpb.HealthCheckResponse_NOT_SERVING {
		t.Errorf("health %v, %v", h, err)
	}
	for err == nil {
		_, err = stream.Recv()
	}
	if st := status.Convert(err); st.Code() != codes.Unavailable || st.Message() != "server is stopping" {
		t.Errorf("the client is told %v", err)
	}
	if took := time.Since(stopped); took < grace {
		t.Errorf("the running answer ended after %v with %v", took, err)
	}
	select {
	case <-r.stopped:
	case <-time.After(20 * time.Second):
		t.Error("the server does not stop")
	}
}

// Who only watches the server's health learns that it stops, and holds it up for
// nothing.
func TestHealthWatcherDoesNotDelayAStop(t *testing.T) {
	r := newRig(t, api.Options{StopGrace: 5 * time.Minute}, "")
	health, err := healthpb.NewHealthClient(r.conn).Watch(within(t), &healthpb.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if h, err := health.Recv(); err != nil || h.Status != healthpb.HealthCheckResponse_SERVING {
		t.Fatalf("health %v, %v", h, err)
	}
	r.stop()
	if h, err := health.Recv(); err != nil || h.Status != healthpb.HealthCheckResponse_NOT_SERVING {
		t.Errorf("health %v, %v", h, err)
	}
	if _, err := health.Recv(); status.Code(err) != codes.Unavailable {
		t.Errorf("the stream goes on, or ends with %v", err)
	}
	select {
	case <-r.stopped:
	case <-time.After(time.Minute):
		t.Error("the server waits for a watcher")
	}
}
