package pgserver

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// envHelper makes the test binary a Quarry that starts a server on the folder it
// names, stores a row, says so, and waits to be killed.
const envHelper = "QUARRY_TEST_PGSERVER_HELPER"

func TestMain(m *testing.M) {
	if data := os.Getenv(envHelper); data != "" {
		s, err := Start(context.Background(), small(data))
		if err == nil {
			err = execute(context.Background(), s.URL(), "create table kept as select 'still here' as word")
		}
		fmt.Println("ready", err)
		select {}
	}
	code := m.Run()
	if templateDir != "" {
		os.RemoveAll(templateDir)
	}
	os.Exit(code)
}

// postmaster is the process id in the server's own file.
func postmaster(t *testing.T, d dirs) int {
	t.Helper()
	b, err := os.ReadFile(d.pidFile())
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(b), "\n")
	pid, err := strconv.Atoi(line)
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// eventually polls another process's state for half a minute.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("%s: not within 30 s", what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func TestRestartsWhenKilled(t *testing.T) {
	s := start(t, small(cluster(t)))
	remember(t, s)
	for range 2 {
		old := postmaster(t, s.dirs)
		if err := syscall.Kill(old, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		eventually(t, "restart", func() bool {
			b, _ := os.ReadFile(s.dirs.pidFile())
			return !strings.HasPrefix(string(b), strconv.Itoa(old)+"\n") && s.answers(t.Context()) == nil
		})
		t.Logf("back after %s", time.Since(begin))
		recall(t, s)
	}
	stop(t, s)
}

// TestStopWhileRestarting ends a supervisor that cannot restart its server.
func TestStopWhileRestarting(t *testing.T) {
	s := start(t, small(cluster(t)))
	if err := os.Rename(s.dirs.config(), s.dirs.config()+".gone"); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(postmaster(t, s.dirs), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a failed restart", func() bool {
		b, _ := os.ReadFile(s.dirs.log())
		return strings.Contains(string(b), "could not access the server configuration file")
	})
	stop(t, s)
	if err := os.Rename(s.dirs.config()+".gone", s.dirs.config()); err != nil {
		t.Fatal(err)
	}
	start(t, small(s.dirs.data))
}

// killedQuarry leaves data as a Quarry does that was killed this moment.
func killedQuarry(t *testing.T) (data string) {
	t.Helper()
	data = cluster(t)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), envHelper+"="+data)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	said := make([]byte, 200)
	n, err := out.Read(said)
	if err != nil || string(said[:n]) != "ready <nil>\n" {
		t.Fatalf("helper: %q, %v", said[:n], err)
	}
	return data
}

func TestReclaimAfterKill(t *testing.T) {
	data := killedQuarry(t)
	begin := time.Now()
	s := start(t, small(data))
	t.Logf("back after %s", time.Since(begin))
	recall(t, s)
}

// TestEndsWithQuarry shows that no server is left running on its own.
func TestEndsWithQuarry(t *testing.T) {
	d, err := dirsOf(killedQuarry(t))
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the server's clean end", func() bool {
		_, err := os.Stat(d.pidFile())
		return errors.Is(err, fs.ErrNotExist)
	})
}

// leave runs the stopped server again with nobody to look after it.
func leave(t *testing.T, s *Server) *exec.Cmd {
	t.Helper()
	if err := s.account.give(s.dirs.socket); err != nil {
		t.Fatal(err)
	}
	cmd := s.command(context.Background(), "postgres", "-D", s.dirs.pgdata(), "-c", "config_file="+s.dirs.config())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	eventually(t, "the left server", func() bool { return s.answers(t.Context()) == nil })
	return cmd
}

// TestReclaimRunning finds a server that was not told of its Quarry's end.
func TestReclaimRunning(t *testing.T) {
	s := start(t, small(cluster(t)))
	remember(t, s)
	stop(t, s)
	left := leave(t, s)
	ended := make(chan error, 1)
	go func() { ended <- left.Wait() }()
	s = start(t, small(s.dirs.data))
	recall(t, s)
	if err := <-ended; err != nil {
		t.Errorf("the left server was not stopped cleanly: %v", err)
	}
}

// TestReclaimAfterPostmasterKill leaves only a dead server's file and the
// processes that have not noticed yet.
func TestReclaimAfterPostmasterKill(t *testing.T) {
	s := start(t, small(cluster(t)))
	remember(t, s)
	stop(t, s)
	left := leave(t, s)
	left.Process.Kill()
	left.Wait()
	recall(t, start(t, small(s.dirs.data)))
}

// TestReusedProcessID finds a stranger under the process id of a dead server.
func TestReusedProcessID(t *testing.T) {
	s := start(t, small(cluster(t)))
	stop(t, s)
	stranger := s.command(context.Background(), "postgres")
	stranger.Path, stranger.Args = "/bin/sleep", []string{"sleep", "60"}
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- stranger.Wait() }()
	pidFile := fmt.Sprintf("%d\n%s\n1\n5432\n%s\n\n", stranger.Process.Pid, s.dirs.pgdata(), s.dirs.socket)
	if err := os.WriteFile(s.dirs.pidFile(), []byte(pidFile), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(s.dirs.pidFile(), int(s.account.uid), int(s.account.gid)); err != nil {
		t.Fatal(err)
	}
	defer stranger.Process.Kill()
	start(t, small(s.dirs.data))
	select {
	case err := <-ended:
		t.Errorf("the stranger was ended: %v", err)
	default:
	}
}
