package git

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/quarry-rag/quarry/ingest/outbound"
)

// tunnel is an HTTP proxy on loopback that connects git to one host and no
// other. git resolves and dials by itself otherwise, out of the Dialer's sight.
type tunnel struct {
	dialer outbound.Dialer
	host   string // with its port
	lis    net.Listener
	srv    *http.Server
	stop   context.CancelFunc
	ctx    context.Context
	wg     sync.WaitGroup

	mu  sync.Mutex
	err error // why the last connection was not made
}

func openTunnel(d outbound.Dialer, u *url.URL) (*tunnel, error) {
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	port := u.Port()
	if port == "" {
		port = "443"
	}
	t := &tunnel{dialer: d, host: net.JoinHostPort(u.Hostname(), port), lis: lis}
	t.ctx, t.stop = context.WithCancel(context.Background())
	t.srv = &http.Server{Handler: t, ReadHeaderTimeout: 10 * time.Second}
	t.wg.Go(func() { _ = t.srv.Serve(lis) })
	return t, nil
}

func (t *tunnel) addr() string { return t.lis.Addr().String() }

// close cuts every connection and waits for what served them.
func (t *tunnel) close() {
	t.stop()
	t.srv.Close()
	t.wg.Wait()
}

// refused is why the last connection was not made, nil if it was.
func (t *tunnel) refused() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err
}

func (t *tunnel) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect || r.Host != t.host {
		http.Error(w, "only to "+t.host, http.StatusForbidden)
		return
	}
	out, err := t.dialer.DialContext(r.Context(), "tcp", r.Host)
	t.mu.Lock()
	t.err = err
	t.mu.Unlock()
	if err != nil {
		http.Error(w, "cannot connect", http.StatusBadGateway)
		return
	}
	in, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		out.Close()
		return
	}
	if _, err := io.WriteString(in, "HTTP/1.1 200 OK\r\n\r\n"); err == nil {
		t.join(in, out, buffered)
	}
	in.Close()
	out.Close()
}

// join copies both ways until one side ends, maxFetch bytes have come, or the
// tunnel is closed.
func (t *tunnel) join(in, out net.Conn, buffered io.Reader) {
	defer context.AfterFunc(t.ctx, func() {
		in.Close()
		out.Close()
	})()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(out, buffered)
		out.Close()
	}()
	_, _ = io.CopyN(in, out, maxFetch)
	in.Close()
	<-done
}
