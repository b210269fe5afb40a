package api

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"runtime/debug"
	"time"

	"buf.build/go/protovalidate"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
)

// guard stands around every handler. In order, outermost first: recovery from
// panics, logging, the table from errors to codes, the deadline, admission, then
// decoding and validation of the request.
//
// It wraps a service's handlers rather than being interceptors, because gRPC
// reads and decodes a unary request before interceptors run: too late to turn an
// undecodable message into INVALID_ARGUMENT or to refuse a call before its 32 MiB
// are in memory. It also serves both kinds of call with the same code.
type guard struct {
	log      *slog.Logger
	validate protovalidate.Validator
	limits   map[string]limit // by full method; "" for those not named
	// sendTimeout bounds the wait for a client to take a message.
	sendTimeout time.Duration
	// over ends when the server stops and calls have had their time.
	over context.Context
}

// limit bounds one method's calls.
type limit struct {
	// byDefault is the deadline of a call that brings none, atMost of any.
	byDefault, atMost time.Duration
	// slots holds one value for each call running; nil: not bounded here.
	slots chan struct{}
}

// register adds a service to the server with guarded handlers.
func (g *guard) register(s *grpc.Server, desc grpc.ServiceDesc, service any) {
	methods := make([]grpc.MethodDesc, len(desc.Methods))
	for i, m := range desc.Methods {
		methods[i] = grpc.MethodDesc{MethodName: m.MethodName, Handler: g.unary("/"+desc.ServiceName+"/"+m.MethodName, m)}
	}
	streams := make([]grpc.StreamDesc, len(desc.Streams))
	for i, d := range desc.Streams {
		streams[i] = d
		streams[i].Handler = g.stream("/"+desc.ServiceName+"/"+d.StreamName, d)
	}
	desc.Methods, desc.Streams = methods, streams
	s.RegisterService(&desc, service)
}

func (g *guard) unary(method string, m grpc.MethodDesc) grpc.MethodHandler {
	return func(srv any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (out any, err error) {
		err = g.call(ctx, method, func(ctx context.Context, r *request) (err error) {
			out, err = m.Handler(srv, ctx, func(v any) error { return g.receive(decode, v, r) }, nil)
			return err
		})
		if err != nil {
			return nil, err
		}
		return out, nil
	}
}

func (g *guard) stream(method string, d grpc.StreamDesc) grpc.StreamHandler {
	return func(srv any, stream grpc.ServerStream) error {
		return g.call(stream.Context(), method, func(ctx context.Context, r *request) error {
			return d.Handler(srv, &guardedStream{ServerStream: stream, ctx: ctx, sendTimeout: g.sendTimeout, receive: func(v any) error {
				return g.receive(stream.RecvMsg, v, r)
			}})
		})
	}
}

// call runs a handler under every guard and returns the status for the client.
func (g *guard) call(ctx context.Context, method string, handle func(context.Context, *request) error) (err error) {
	start := time.Now()
	r := &request{id: requestID(ctx)}
	defer func() {
		if p := recover(); p != nil {
			g.log.ErrorContext(ctx, "panic", "method", method, "request", r.id, "panic", p, "stack", string(debug.Stack()))
			err = internal(*r).Err()
		}
	}()
	detail := g.admitted(ctx, method, r, handle)
	st := toStatus(detail, *r)
	g.report(ctx, method, r.id, st.Code(), time.Since(start), detail)
	return st.Err()
}

// admitted applies the method's deadline and admission.
func (g *guard) admitted(ctx context.Context, method string, r *request, handle func(context.Context, *request) error) error {
	l, ok := g.limits[method]
	if !ok {
		l = g.limits[""]
	}
	if l.slots != nil {
		select {
		case l.slots <- struct{}{}:
			defer func() { <-l.slots }()
		default:
			return errOverloaded
		}
	}
	timeout := l.byDefault
	if at, ok := ctx.Deadline(); ok {
		timeout = min(time.Until(at), l.atMost)
	}
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	defer context.AfterFunc(g.over, func() { end(errStopping) })()
	err := handle(ctx, r)
	if err != nil && errors.Is(context.Cause(ctx), errStopping) {
		return errStopping
	}
	r.ended = ctx.Err()
	return err
}

// receive decodes and validates one message into v.
func (g *guard) receive(decode func(any) error, v any, r *request) error {
	msg := v.(proto.Message)
	in := &incoming{msg: msg}
	if err := decode(in); err != nil {
		return err
	}
	if in.err != nil {
		return in.err
	}
	r.msg = msg
	return g.validate.Validate(msg)
}

// report logs a call once. What it was about is never logged.
func (g *guard) report(ctx context.Context, method, id string, code codes.Code, took time.Duration, detail error) {
	level := slog.LevelInfo
	args := []any{"method", method, "code", code.String(), "ms", took.Milliseconds(), "request", id}
	switch code {
	case codes.Internal, codes.Unknown, codes.DataLoss:
		level, args = slog.LevelError, append(args, "err", detail)
	case codes.Unavailable, codes.ResourceExhausted, codes.DeadlineExceeded, codes.FailedPrecondition:
		if args = append(args, "err", detail); !errors.Is(detail, errStopping) { // a stop is no trouble
			level = slog.LevelWarn
		}
	}
	g.log.Log(ctx, level, "call", args...)
}

// requestID is the caller's own, when it sent a sane one, or a new one.
func requestID(ctx context.Context) string {
	if ids := metadata.ValueFromIncomingContext(ctx, "x-request-id"); len(ids) > 0 && sane(ids[0]) {
		return ids[0]
	}
	return rand.Text()[:16]
}

func sane(id string) bool {
	for _, c := range id {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return id != "" && len(id) <= 64
}
