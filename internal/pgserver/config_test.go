package pgserver

import (
	"io/fs"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSettingsFollowMachine(t *testing.T) {
	tests := map[string]struct {
		machine machine
		want    map[string]string
	}{
		"small container": {
			machine{memory: 1024 * mb, cores: 1, shared: 64 * mb, disk: 2048 * mb},
			map[string]string{
				"shared_buffers": "256MB", "work_mem": "4MB", "maintenance_work_mem": "128MB", "max_wal_size": "256MB",
				"max_parallel_maintenance_workers": "0", "dynamic_shared_memory_type": "sysv", "effective_cache_size": "614MB",
			},
		},
		"large server": {
			machine{memory: 64 << 30, cores: 32, shared: 32 << 30, disk: 1 << 40},
			map[string]string{
				"shared_buffers": "6144MB", "work_mem": "64MB", "maintenance_work_mem": "2048MB", "max_wal_size": "4096MB",
				"max_parallel_maintenance_workers": "4", "dynamic_shared_memory_type": "", "effective_cache_size": "39321MB",
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			all, got := test.machine.settings(), map[string]string{}
			for k := range test.want {
				got[k] = all[k]
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("settings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMemory(t *testing.T) {
	const meminfo = "MemTotal:       16384000 kB\nMemFree: 1 kB\n"
	tests := map[string]struct {
		files map[string]string
		want  int64
	}{
		"no cgroup": {map[string]string{"/proc/meminfo": meminfo}, 16384000 << 10},
		"no /proc":  {nil, unknownMemory},
		"version 2, a parent's limit": {map[string]string{
			"/proc/meminfo": meminfo, "/proc/self/cgroup": "0::/a.slice/b\n",
			"/sys/fs/cgroup/a.slice/b/memory.max": "max\n", "/sys/fs/cgroup/a.slice/memory.max": "1073741824\n",
		}, 1 << 30},
		"version 2, only the container's root is seen": {map[string]string{
			"/proc/meminfo": meminfo, "/proc/self/cgroup": "0::/not/here\n", "/sys/fs/cgroup/memory.max": "2147483648\n",
		}, 2 << 30},
		"version 1": {map[string]string{
			"/proc/meminfo": meminfo, "/proc/self/cgroup": "4:cpu,memory:/x\n0::/\n",
			"/sys/fs/cgroup/memory/x/memory.limit_in_bytes": "536870912\n",
			"/sys/fs/cgroup/memory/memory.limit_in_bytes":   "9223372036854771712\n",
		}, 512 * mb},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := memory(func(path string) ([]byte, error) {
				if s, ok := test.files[path]; ok {
					return []byte(s), nil
				}
				return nil, fs.ErrNotExist
			})
			if got != test.want {
				t.Errorf("memory %d, want %d", got, test.want)
			}
		})
	}
}
