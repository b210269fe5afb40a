package pgserver

import (
	"path"
	"strconv"
	"strings"
)

// unknownMemory is assumed where the system does not tell.
const unknownMemory = 2048 * mb

// memory is how many bytes this process may use: the machine's, or less where
// a cgroup of either version says so. read reads a file.
func memory(read func(string) ([]byte, error)) int64 {
	limit := total(read)
	groups, err := read("/proc/self/cgroup")
	if err != nil {
		return limit
	}
	for line := range strings.Lines(string(groups)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		switch {
		case parts[1] == "":
			limit = min(limit, groupLimit(read, "/sys/fs/cgroup", parts[2], "memory.max"))
		case strings.Contains(","+parts[1]+",", ",memory,"):
			limit = min(limit, groupLimit(read, "/sys/fs/cgroup/memory", parts[2], "memory.limit_in_bytes"))
		}
	}
	return limit
}

// groupLimit is the least limit of a group and its parents. Within a container
// the path may not exist; its root then has the limit.
func groupLimit(read func(string) ([]byte, error), mount, group, file string) int64 {
	limit := int64(1) << 62
	for dir := path.Clean("/" + group); ; dir = path.Dir(dir) {
		if b, err := read(mount + path.Join(dir, file)); err == nil {
			// "max" does not parse, and means none.
			if n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64); err == nil && n > 0 {
				limit = min(limit, n)
			}
		}
		if dir == "/" {
			return limit
		}
	}
}

// total is the machine's memory in bytes.
func total(read func(string) ([]byte, error)) int64 {
	b, err := read("/proc/meminfo")
	if err != nil {
		return unknownMemory
	}
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) < 2 || f[0] != "MemTotal:" {
			continue
		}
		if kb, err := strconv.ParseInt(f[1], 10, 64); err == nil {
			return kb << 10
		}
	}
	return unknownMemory
}
