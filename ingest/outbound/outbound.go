// Package outbound connects to hosts that a document, a link or a caller names,
// without letting them reach what only this machine can reach.
package outbound

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// ErrForbidden: the address is not one of the public internet.
var ErrForbidden = errors.New("a private or reserved address; only whoever runs the worker can allow those (--allow-private-addresses)")

// connectFor bounds the making of one connection.
const connectFor = 10 * time.Second

// Dialer dials hosts by name or address. The zero value reaches only the public
// internet. Safe for concurrent use.
type Dialer struct {
	// AllowPrivate lets it reach every address.
	AllowPrivate bool
}

// DialContext connects, or gives ErrForbidden. The address is judged when the
// connection is made, after the name is resolved, so that a name that resolves
// to something else the second time gains nothing.
func (d Dialer) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	dialer := net.Dialer{Timeout: connectFor, ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("%s: %w", address, err)
		}
		return d.Check(at.Addr())
	}}
	return dialer.DialContext(ctx, network, addr)
}

// Check gives ErrForbidden for an address that the Dialer does not connect to.
func (d Dialer) Check(a netip.Addr) error {
	if d.AllowPrivate || Public(a) {
		return nil
	}
	return fmt.Errorf("%s: %w", a.Unmap(), ErrForbidden)
}

// reserved is what netip does not name of the blocks that are not globally
// reachable (IANA special-purpose registries), and the addresses in public
// blocks at which clouds serve credentials.
var reserved = prefixes(
	"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15",
	"198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4", "168.63.129.16/32",
	"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
)

var (
	nat64    = netip.MustParsePrefix("64:ff9b::/96")
	globalV6 = netip.MustParsePrefix("2000::/3")
)

func prefixes(s ...string) []netip.Prefix {
	all := make([]netip.Prefix, len(s))
	for i, p := range s {
		all[i] = netip.MustParsePrefix(p)
	}
	return all
}

// Public reports whether an address belongs to the public internet.
func Public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if nat64.Contains(a) {
		b := a.As16()
		return Public(netip.AddrFrom4([4]byte(b[12:])))
	}
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.Is6() && !globalV6.Contains(a) {
		return false
	}
	for _, p := range reserved {
		if p.Contains(a) {
			return false
		}
	}
	return true
}
