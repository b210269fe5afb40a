// Withpg runs a command beside a throwaway Postgres:
//
//	go run ./internal/withpg -- go test ./...
//
// It makes the embedded runtime first if it is not there, under QUARRY_HOME or
// its default. The command finds the server in QUARRY_TEST_DATABASE_URL and the
// runtime in QUARRY_TEST_RUNTIME. The exit code is the command's.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/quarry-rag/quarry/internal/lockfile"
	"github.com/quarry-rag/quarry/internal/pgserver"
	"github.com/quarry-rag/quarry/internal/runtime"
)

// prefix begins the names of the throwaway folders.
const prefix = "quarry-withpg-"

// settings give up durability for speed, on little memory.
var settings = map[string]string{
	"fsync":              "off",
	"synchronous_commit": "off",
	"full_page_writes":   "off",
	"wal_level":          "minimal",
	"max_wal_senders":    "0",
	"max_wal_size":       "512MB",
	"shared_buffers":     "512MB",
	"max_connections":    "300",
}

func main() {
	args := os.Args[1:]
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		fmt.Fprintln(os.Stderr, "usage: withpg -- command [argument ...]")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code, err := run(ctx, args)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "withpg:", err)
	}
	os.Exit(code)
}

// run returns the command's exit code, or 1 with what went wrong before it.
func run(ctx context.Context, args []string) (code int, err error) {
	home := runtime.Home(os.Getenv("QUARRY_HOME"), os.Getenv("XDG_DATA_HOME"), os.Getenv("HOME"))
	if err := pgserver.Reachable(home); err != nil {
		return 1, err
	}
	rt, err := runtime.Ensure(ctx, runtime.Options{Home: home, Progress: progress})
	if err != nil {
		return 1, err
	}
	dir, err := throwaway(base())
	if err != nil {
		return 1, err
	}
	server, err := pgserver.Start(ctx, pgserver.Options{Bin: rt.PostgresBin, Data: dir, Settings: settings})
	if err != nil {
		return 1, errors.Join(err, os.RemoveAll(dir))
	}
	defer func() {
		// It is thrown away: nothing needs to be written.
		now, cancel := context.WithCancel(context.Background())
		cancel()
		err = errors.Join(err, server.Stop(now), os.RemoveAll(dir))
	}()
	return command(ctx, args, append(os.Environ(),
		"QUARRY_TEST_DATABASE_URL="+server.URL(), "QUARRY_TEST_RUNTIME="+rt.Dir))
}

// command runs args to the end. When ctx ends first the command is interrupted
// and, if that does not help, killed.
func command(ctx context.Context, args, env []string) (int, error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.Env = os.Stdin, os.Stdout, os.Stderr, env
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() > 0 {
		return exit.ExitCode(), nil
	}
	if err != nil {
		return 1, err
	}
	return 0, nil
}

// progress prints steps as they end; there is nothing to see when all is there.
func progress(e runtime.Event) {
	switch {
	case e.Done && e.Total > 0:
		fmt.Fprintf(os.Stderr, "withpg: %s: %d MB in %.1f s\n", e.Step, e.Total>>20, e.Took.Seconds())
	case e.Done:
		fmt.Fprintf(os.Stderr, "withpg: %s: %.1f s\n", e.Step, e.Took.Seconds())
	case e.Took == 0:
		fmt.Fprintf(os.Stderr, "withpg: %s ...\n", e.Step)
	}
}

// base is where the server's files go: memory, where there is room.
func base() string {
	var s syscall.Statfs_t
	if syscall.Statfs("/dev/shm", &s) == nil && s.Bavail*uint64(s.Bsize) > 2<<30 {
		return "/dev/shm"
	}
	return os.TempDir()
}

// throwaway makes a folder in base after removing those that killed runs left.
func throwaway(base string) (string, error) {
	// A folder without a lock may be another run's that begins just now.
	left, err := filepath.Glob(filepath.Join(base, prefix+"*", "lock"))
	if err != nil {
		return "", err
	}
	for _, path := range left {
		remove(path)
	}
	dir, err := os.MkdirTemp(base, prefix)
	if err != nil {
		return "", err
	}
	// As root, the server's user must get in.
	return dir, os.Chmod(dir, 0o711)
}

// remove removes the folder of a lock that is free, and leaves the others.
func remove(path string) {
	lock, err := lockfile.Try(path)
	if err != nil {
		return
	}
	os.RemoveAll(filepath.Dir(path))
	lock.Release()
}
