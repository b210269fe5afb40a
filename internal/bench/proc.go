package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// processes of a server: its own and those of its Postgres. Linux only.
type processes struct {
	quarry   string
	postgres []string
}

// processes lists what runs now.
func (s *server) processes() (processes, error) {
	var p processes
	quarry, err := firstLine(filepath.Join(s.home, "data", "lock"))
	if err != nil {
		return p, err
	}
	master, err := firstLine(filepath.Join(s.home, "data", "pgdata", "postmaster.pid"))
	if err != nil {
		return p, err
	}
	p.quarry, p.postgres = quarry, []string{master}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		pid := filepath.Base(filepath.Dir(path))
		if f := stat(pid); len(f) > 1 && f[1] == master {
			p.postgres = append(p.postgres, pid)
		}
	}
	return p, err
}

// cpu is what all of them and this process have used so far. Processes that have
// ended count nothing, so none may end between two readings.
func (p processes) cpu() time.Duration {
	sum := cpuOf("self") + cpuOf(p.quarry)
	for _, pid := range p.postgres {
		sum += cpuOf(pid)
	}
	return sum
}

// cpuOf is the time of a process in user and kernel mode, to 10 ms.
func cpuOf(pid string) time.Duration {
	f := stat(pid)
	if len(f) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// stat is /proc/PID/stat from the process's state on; nil when it has ended.
func stat(pid string) []string {
	raw, err := os.ReadFile(filepath.Join("/proc", pid, "stat"))
	if err != nil {
		return nil
	}
	s := string(raw)
	return strings.Fields(s[strings.LastIndexByte(s, ')')+1:])
}

// postgresMB is the memory of Postgres's processes; what they share counts once.
func (p processes) postgresMB() (sum float64, err error) {
	for _, pid := range p.postgres {
		kb, err := kilobytes(filepath.Join("/proc", pid, "smaps_rollup"), "Pss:")
		if err != nil {
			return 0, err
		}
		sum += kb / 1024
	}
	return sum, nil
}

// kilobytes is the value that follows a name in a file of /proc.
func kilobytes(path, name string) (float64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	for sc := bufio.NewScanner(f); sc.Scan(); {
		if rest, ok := strings.CutPrefix(sc.Text(), name); ok {
			var kb float64
			_, err := fmt.Sscanf(rest, "%f kB", &kb)
			return kb, err
		}
	}
	return 0, fmt.Errorf("no %s in %s", name, path)
}

func firstLine(path string) (string, error) {
	raw, err := os.ReadFile(path)
	line, _, _ := strings.Cut(string(raw), "\n")
	return strings.TrimSpace(line), err
}
