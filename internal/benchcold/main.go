// Command benchcold times a stranger's first `make run ONCE=1`: a fresh clone of
// this checkout's HEAD, with every cache empty, to the cited answer. It prints
// the share of each step. `make bench-cold` runs it, from the checkout's root.
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"text/tabwriter"
	"time"
)

// limit of one run, far above the aim.
const limit = 20 * time.Minute

// The aims: all of it, and what is neither a download nor compiling.
const aimWhole, aimOwn = 180 * time.Second, 25 * time.Second

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "benchcold:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "quarry-cold-")
	if err != nil {
		return err
	}
	defer remove(dir)
	if err := os.Chmod(dir, 0o755); err != nil { // as root, Postgres runs as another user
		return err
	}
	clone := filepath.Join(dir, "quarry")
	if out, err := exec.CommandContext(ctx, "git", "clone", "--quiet", ".", clone).CombinedOutput(); err != nil {
		return fmt.Errorf("clone: %w: %s", err, out)
	}
	cmd := exec.CommandContext(ctx, "make", "--no-print-directory", "run", "ONCE=1")
	cmd.Dir, cmd.Env = clone, emptyHome(dir)
	lines, w := io.Pipe()
	cmd.Stdout, cmd.Stderr = w, w
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() { w.CloseWithError(cmd.Wait()) }()
	seen, err := follow(lines, began)
	if err != nil {
		return fmt.Errorf("make run: %w", err)
	}
	return report(seen, time.Since(began))
}

// emptyHome is an environment in which nothing has been downloaded or built.
func emptyHome(dir string) []string {
	var env []string
	for _, e := range os.Environ() {
		name, _, _ := strings.Cut(e, "=")
		if strings.HasPrefix(name, "QUARRY_") || strings.HasPrefix(name, "XDG_") || strings.HasSuffix(name, "_API_KEY") || name == "MAKEFLAGS" || name == "MAKELEVEL" {
			continue
		}
		env = append(env, e)
	}
	return append(env, "HOME="+dir, "QUARRY_HOME="+filepath.Join(dir, "home"), "QUARRY_LISTEN=127.0.0.1:0", "QUARRY_MODEL=extractive",
		"GOPATH="+filepath.Join(dir, "go"), "GOMODCACHE=", "GOCACHE="+filepath.Join(dir, "go-build"), "PIP_NO_CACHE_DIR=1")
}

// remove deletes what Go's module cache has made read-only too.
func remove(dir string) {
	filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && e.IsDir() {
			return os.Chmod(path, 0o700)
		}
		return nil
	})
	os.RemoveAll(dir)
}

// fetched ends the download of the runtime's packages, with its time.
var fetched = regexp.MustCompile(`^download .* packages: ([0-9.]+) (m?s)$`)

// step ends with the last line of output that looks like ends.
type step struct {
	name string
	ends *regexp.Regexp
	own  bool // neither a download nor compiling
}

var steps = []step{
	{"download Go modules", regexp.MustCompile(`^go: downloading`), false},
	{"compile", fetched, false}, // less what that line says of the download
	{"download Postgres, ONNX Runtime, model", fetched, false},
	{"unpack, convert the model", regexp.MustCompile(`^check and write to disk: `), true},
	{"initdb, start, migrate", regexp.MustCompile(` is ready in `), true},
	{"ingest", regexp.MustCompile(`^Ingested: `), true},
	{"ask and answer", regexp.MustCompile(`^Verdict: answered`), true},
}

// follow prints what make prints and notes when each step ended.
func follow(r io.Reader, began time.Time) ([]time.Duration, error) {
	at := make([]time.Duration, len(steps))
	sc := bufio.NewScanner(r)
	for sc.Scan() {
		fmt.Fprintln(os.Stderr, sc.Text())
		for i, s := range steps {
			m := s.ends.FindStringSubmatch(strings.TrimSpace(sc.Text()))
			if m == nil {
				continue
			}
			at[i] = time.Since(began)
			if s.name == "compile" {
				took, err := time.ParseDuration(m[1] + m[2])
				if err != nil {
					return nil, err
				}
				at[i] -= took
			}
		}
	}
	return at, sc.Err()
}

func report(at []time.Duration, whole time.Duration) error {
	tw := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "step\ttime\tshare")
	var before, own time.Duration
	for i, s := range steps {
		if at[i] == 0 {
			return fmt.Errorf("the step %q was not seen to end", s.name)
		}
		took := at[i] - before
		before = at[i]
		if s.own {
			own += took
		}
		fmt.Fprintf(tw, "%s\t%.1f s\t%.0f %%\n", s.name, took.Seconds(), 100*took.Seconds()/whole.Seconds())
	}
	fmt.Fprintf(tw, "from the empty cache to the cited answer\t%.1f s\tof %.0f s: %.2f\n", whole.Seconds(), aimWhole.Seconds(), whole.Seconds()/aimWhole.Seconds())
	fmt.Fprintf(tw, "all but downloads and compiling\t%.1f s\tof %.0f s: %.2f\n", own.Seconds(), aimOwn.Seconds(), own.Seconds()/aimOwn.Seconds())
	return tw.Flush()
}
