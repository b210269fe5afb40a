package runtime

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// tempPrefix begins the names of folders in which a set-up works.
const tempPrefix = "tmp-"

// sweep removes what killed set-ups left. The lock says that none is running.
// What a still dying pip writes at this moment is left to the next sweep.
func sweep(root string) error {
	left, err := filepath.Glob(filepath.Join(root, tempPrefix+"*"))
	if err != nil {
		return err
	}
	for _, dir := range left {
		os.RemoveAll(dir)
	}
	return nil
}

func enoughRoom(dir string) error {
	free, err := room(dir)
	if err != nil {
		return fmt.Errorf("free space of %s: %w", dir, err)
	}
	if free < roomNeeded {
		return fmt.Errorf("the disk of %s has %d MB free and the set-up needs %d MB: free some, or set QUARRY_HOME to a folder elsewhere",
			dir, free>>20, roomNeeded>>20)
	}
	return nil
}

// room is what is free on the disk of dir, in bytes.
func room(dir string) (uint64, error) {
	var s syscall.Statfs_t
	err := syscall.Statfs(dir, &s)
	return s.Bavail * uint64(s.Bsize), err
}

// folderSize adds up the files under dir, some of which may vanish meanwhile.
func folderSize(dir string) (sum int64) {
	filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		if info, err := d.Info(); err == nil && info.Mode().IsRegular() {
			sum += info.Size()
		}
		return nil
	})
	return sum
}
