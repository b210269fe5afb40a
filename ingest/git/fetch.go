package git

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/quarry-rag/quarry/ingest/outbound"
)

// fetchFor bounds a fetch, maxFetch its bytes when they come by https.
const (
	fetchFor = 15 * time.Minute
	maxFetch = 4 << 30
)

// Remote is a repository on another machine.
type Remote struct {
	// URL with the scheme https or ssh, without a password.
	URL string
	// Cache is the folder that keeps what was fetched, so that only what is new
	// comes the next time. Empty: nothing is kept.
	Cache string
	// Dialer makes the connections.
	Dialer outbound.Dialer
	// caFile has the certificates to trust instead of the system's.
	caFile string
}

// CheckURL says why a repository cannot be fetched from a URL.
func CheckURL(raw string) error {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || strings.ContainsAny(raw, " \n\x00") {
		return errors.New("is not a URL, as in https://host/path or ssh://git@host/path")
	}
	if u.Scheme != "https" && u.Scheme != "ssh" {
		return fmt.Errorf("has the scheme %q; allowed are https and ssh", u.Scheme)
	}
	if _, has := u.User.Password(); has || u.Scheme == "https" && u.User != nil {
		return errors.New("holds credentials, which would be stored with the import: give them to the worker, in ~/.netrc or as an ssh key")
	}
	if strings.HasPrefix(u.Host, "-") || strings.HasPrefix(u.User.Username(), "-") || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("has an odd host, a query or a fragment")
	}
	return nil
}

// remoteRevision is what can be asked of a server: a branch, a tag, or a whole
// commit id; nothing that git would read as an option or a refspec.
var remoteRevision = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._/+@-]*$`)

// Fetch brings one revision of a remote repository here, without its history,
// and returns the commit. The caller closes the repository.
func Fetch(ctx context.Context, m Remote, revision string) (*Repository, string, error) {
	if err := CheckURL(m.URL); err != nil {
		return nil, "", fmt.Errorf("%s %w", m.URL, err)
	}
	if !remoteRevision.MatchString(revision) || strings.Contains(revision, "..") {
		return nil, "", fmt.Errorf("%q is not a branch, a tag or a whole commit id, which are what can be fetched", revision)
	}
	r, err := m.empty(ctx)
	if err != nil {
		return nil, "", err
	}
	// A name of its own for each revision: two imports may fetch at once.
	ref := "refs/quarry/" + digest(revision)
	if err := m.fetch(ctx, r.dir, "+"+revision+":"+ref); err != nil {
		r.Close()
		return nil, "", err
	}
	commit, err := r.Resolve(ctx, ref)
	if err != nil {
		r.Close()
		return nil, "", fmt.Errorf("%q does not name a commit", revision)
	}
	return r, commit, nil
}

// empty makes the repository that is fetched into, or finds the one of before.
func (m Remote) empty(ctx context.Context) (r *Repository, err error) {
	if m.Cache == "" {
		dir, err := os.MkdirTemp("", "quarry-git-")
		if err != nil {
			return nil, err
		}
		r = &Repository{dir: dir, temporary: true}
	} else {
		r = &Repository{dir: filepath.Join(m.Cache, digest(m.URL))}
		if err := os.MkdirAll(r.dir, 0o700); err != nil {
			return nil, err
		}
	}
	if _, err := run(ctx, commandFor, r.dir, "none", "init", "--quiet", "--bare", "--template=", "."); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

func digest(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:16])
}

// fetch runs git over connections that the Dialer allows: by https through a
// proxy of this process, by ssh to an address that was judged.
func (m Remote) fetch(ctx context.Context, dir, refspec string) error {
	ctx, cancel := context.WithTimeout(ctx, fetchFor)
	defer cancel()
	u, err := url.Parse(m.URL)
	if err != nil {
		return err
	}
	if u.Scheme == "ssh" {
		config, err := m.ssh(ctx, u)
		if err != nil {
			return err
		}
		return fetch(ctx, dir, u, refspec, config)
	}
	t, err := openTunnel(m.Dialer, u)
	if err != nil {
		return err
	}
	defer t.close()
	config := []string{"http.proxy=http://" + t.addr(), "http.sslVerify=true", "http.lowSpeedLimit=100", "http.lowSpeedTime=60"}
	if m.caFile != "" {
		config = append(config, "http.sslCAInfo="+m.caFile)
	}
	if err := fetch(ctx, dir, u, refspec, config); err != nil {
		return cmp.Or(t.refused(), err)
	}
	return nil
}

func fetch(ctx context.Context, dir string, u *url.URL, refspec string, config []string) error {
	var args []string
	for _, kv := range config {
		args = append(args, "-c", kv)
	}
	args = append(args, "fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head",
		"--end-of-options", u.String(), refspec)
	cmd, stderr := command(ctx, dir, u.Scheme, args...)
	if err := cmd.Run(); err != nil {
		return failure(ctx, err, stderr)
	}
	return nil
}

// ssh pins the host to an address that was judged, so that resolving it once
// more makes no difference. Host keys must be known, under the host's name.
func (m Remote) ssh(ctx context.Context, u *url.URL) ([]string, error) {
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", u.Hostname())
	if err != nil {
		return nil, err
	}
	var refused error
	for _, ip := range ips {
		if refused = m.Dialer.Check(ip); refused == nil {
			return sshCommand(ip.Unmap(), u.Hostname()), nil
		}
	}
	return nil, fmt.Errorf("connect to %s: %w", u.Hostname(), refused)
}

// hostname is what may stand in the command that git gives to a shell.
var hostname = regexp.MustCompile(`^[A-Za-z0-9.:-]+$`)

func sshCommand(ip netip.Addr, host string) []string {
	if !hostname.MatchString(host) {
		host = "invalid"
	}
	return []string{"core.sshCommand=ssh -oBatchMode=yes -oStrictHostKeyChecking=yes -oCheckHostIP=no -oConnectTimeout=10" +
		" -oProxyCommand=none -oHostKeyAlias=" + host + " -oHostName=" + ip.String()}
}
