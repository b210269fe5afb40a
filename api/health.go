package api

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

// briefHealth is gRPC's health service, save that a watcher's stream ends once it
// was told NOT_SERVING, which is only said when the server stops: those who watch
// would hold up each stop for all of its grace.
type briefHealth struct{ *health.Server }

func (h briefHealth) Watch(in *healthpb.HealthCheckRequest, to grpc.ServerStreamingServer[healthpb.HealthCheckResponse]) error {
	ctx, end := context.WithCancel(to.Context())
	defer end()
	err := h.Server.Watch(in, &watcher{to, ctx, end})
	if to.Context().Err() == nil && ctx.Err() != nil {
		return toStatus(errStopping, request{}).Err()
	}
	return err
}

// watcher ends its own context with the last thing that there is to say.
type watcher struct {
	grpc.ServerStreamingServer[healthpb.HealthCheckResponse]
	ctx context.Context
	end context.CancelFunc
}

func (w *watcher) Context() context.Context { return w.ctx }

func (w *watcher) Send(r *healthpb.HealthCheckResponse) error {
	if r.Status == healthpb.HealthCheckResponse_NOT_SERVING {
		defer w.end()
	}
	return w.ServerStreamingServer.Send(r)
}
