package pgserver

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
)

const mb = 1 << 20

// machine is what the settings are chosen from.
type machine struct {
	// memory in bytes and cores that this process may use.
	memory int64
	cores  int
	// shared is the size of /dev/shm in bytes, where parallel index builds
	// keep what they share; containers often give it 64 MB.
	shared int64
	// disk is what is free for the data, in bytes.
	disk int64
}

func thisMachine(data string) machine {
	m := machine{memory: memory(os.ReadFile), cores: runtime.GOMAXPROCS(0)}
	var s syscall.Statfs_t
	if syscall.Statfs("/dev/shm", &s) == nil {
		m.shared = int64(s.Blocks) * int64(s.Bsize)
	}
	if syscall.Statfs(data, &s) == nil {
		m.disk = int64(s.Bavail) * int64(s.Bsize)
	}
	return m
}

// settings are for a server that shares its machine with Quarry alone: much
// cache, large index builds, short queries by many clients.
func (m machine) settings() map[string]string {
	maintenance := clamp(m.memory/8, 64*mb, 2048*mb)
	s := map[string]string{
		"max_connections":                 "64",
		"shared_buffers":                  inMB(clamp(m.memory/4, 64*mb, 6144*mb)),
		"effective_cache_size":            inMB(clamp(m.memory*6/10, 128*mb, 1<<50)),
		"work_mem":                        inMB(clamp(m.memory/256, 4*mb, 64*mb)),
		"maintenance_work_mem":            inMB(maintenance),
		"huge_pages":                      "try",
		"max_worker_processes":            fmt.Sprint(max(8, m.cores+4)),
		"max_parallel_workers":            fmt.Sprint(m.cores),
		"max_parallel_workers_per_gather": "0",
		// On two cores a second worker gained nothing.
		"max_parallel_maintenance_workers": fmt.Sprint(min(m.cores/2, 4)),
		"max_wal_size":                     inMB(clamp(m.disk/10, 256*mb, 4096*mb)),
		"wal_compression":                  "on",
		"random_page_cost":                 "1.1",
		"jit":                              "off",
	}
	if m.shared < maintenance+256*mb {
		s["dynamic_shared_memory_type"] = "sysv"
	}
	return s
}

// fixed is what holds on every machine: one private socket, and a log without
// the values of rows, which are the text of documents.
func (d dirs) fixed() map[string]string {
	return map[string]string{
		"listen_addresses":        "",
		"port":                    port,
		"unix_socket_directories": `"` + strings.ReplaceAll(d.socket, `"`, `""`) + `"`,
		"unix_socket_permissions": "0700",
		"hba_file":                d.hba(),
		"ident_file":              d.ident(),
		"timezone":                "UTC",
		"log_timezone":            "UTC",
		"log_line_prefix":         "%m [%p] ",
		"log_checkpoints":         "off",
		"log_error_verbosity":     "terse",
		"log_min_error_statement": "panic",
	}
}

// writeConfig writes the three configuration files anew.
func (s *Server) writeConfig(custom map[string]string) error {
	all := thisMachine(s.dirs.data).settings()
	maps.Copy(all, s.dirs.fixed())
	maps.Copy(all, custom)
	var b strings.Builder
	b.WriteString("# Written at each start of Quarry. ALTER SYSTEM changes settings for good.\n")
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&b, "%s = '%s'\n", name, strings.NewReplacer(`'`, `''`, `\`, `\\`).Replace(all[name]))
	}
	if err := writeFile(s.dirs.config(), b.String()); err != nil {
		return err
	}
	// The kernel vouches for the client's user; there is no password to lose.
	if err := writeFile(s.dirs.hba(), "local all "+superuser+" peer map=quarry\n"); err != nil {
		return err
	}
	return writeFile(s.dirs.ident(), fmt.Sprintf("quarry \"%s\" %s\n", s.account.client, superuser))
}

// writeFile replaces a file whole, readable by the server's user.
func writeFile(path, content string) error {
	const mode fs.FileMode = 0o644
	next := path + ".new"
	if err := os.WriteFile(next, []byte(content), mode); err != nil {
		return err
	}
	if err := os.Chmod(next, mode); err != nil {
		return err
	}
	return os.Rename(next, path)
}

func clamp(n, low, high int64) int64 { return min(max(n, low), high) }

func inMB(bytes int64) string { return fmt.Sprintf("%dMB", bytes/mb) }
