package outbound

import (
	"errors"
	"net"
	"net/netip"
	"testing"
)

func TestPublic(t *testing.T) {
	for addr, want := range map[string]bool{
		"8.8.8.8": true, "2606:4700::1111": true, "64:ff9b::808:808": true, "::ffff:8.8.8.8": true,
		"127.0.0.1": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false, "169.254.169.254": false,
		"0.0.0.0": false, "0.1.2.3": false, "100.64.0.1": false, "100.100.100.200": false, "192.0.0.192": false,
		"224.0.0.1": false, "239.1.1.1": false, "255.255.255.255": false, "240.0.0.1": false, "198.18.0.1": false,
		"168.63.129.16": false, "::1": false, "::": false, "fe80::1": false, "fe80::1%eth0": false, "fc00::1": false,
		"fd00:ec2::254": false, "ff02::1": false, "fec0::1": false, "::ffff:127.0.0.1": false, "::127.0.0.1": false,
		"64:ff9b::7f00:1": false, "64:ff9b::a9fe:a9fe": false, "2002:7f00:1::": false, "2001:0:1::": false, "2001:db8::1": false,
	} {
		if got := Public(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: public %v, want %v", addr, got, want)
		}
	}
}

func TestDialIsJudgedAfterResolving(t *testing.T) {
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer lis.Close()
	_, port, _ := net.SplitHostPort(lis.Addr().String())
	for _, host := range []string{"127.0.0.1", "localhost", "0", "127.1", "[::ffff:127.0.0.1]"} {
		c, err := Dialer{}.DialContext(t.Context(), "tcp", host+":"+port)
		if err == nil {
			c.Close()
		}
		var dns *net.DNSError
		if !errors.Is(err, ErrForbidden) && !errors.As(err, &dns) {
			t.Errorf("%s: %v", host, err)
		}
	}
	c, err := Dialer{AllowPrivate: true}.DialContext(t.Context(), "tcp", lis.Addr().String())
	if err != nil {
		t.Fatalf("allowed, and yet: %v", err)
	}
	c.Close()
}
