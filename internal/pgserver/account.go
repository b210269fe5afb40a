package pgserver

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is the operating system's user that runs Postgres.
type account struct {
	name     string
	uid, gid uint32
	// credential is nil when that user is Quarry's own.
	credential *syscall.Credential
	// client is the name of the user that runs Quarry.
	client string
}

// serverAccount is Quarry's own user, or nobody when Quarry is root, as which
// Postgres refuses to run.
func serverAccount() (account, error) {
	me, err := user.LookupId(strconv.Itoa(os.Geteuid()))
	if err != nil {
		return account{}, fmt.Errorf("user id %d has no name on this system, and Postgres needs one: %w", os.Geteuid(), err)
	}
	if os.Geteuid() != 0 {
		return account{name: me.Username, uid: uint32(os.Geteuid()), gid: uint32(os.Getegid()), client: me.Username}, nil
	}
	u, err := user.Lookup("nobody")
	if err != nil {
		return account{}, fmt.Errorf("as root, Quarry runs Postgres as nobody: %w", err)
	}
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	if err := errors.Join(err1, err2); err != nil {
		return account{}, err
	}
	a := account{name: u.Username, uid: uint32(uid), gid: uint32(gid), client: me.Username}
	a.credential = &syscall.Credential{Uid: a.uid, Gid: a.gid}
	return a, nil
}

// reach says which folder on the way to path the account cannot enter. Parts of
// path that do not exist yet are passed over.
func (a account) reach(path string) error {
	if a.credential == nil {
		return nil
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	for ; ; path = filepath.Dir(path) {
		info, err := os.Stat(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err == nil && info.IsDir() && !a.maySearch(info) {
			return fmt.Errorf("user %s, who runs Postgres, may not enter %s (mode %04o): choose a QUARRY_HOME elsewhere, or run chmod o+x %s",
				a.name, path, info.Mode().Perm(), path)
		}
		if path == filepath.Dir(path) {
			return nil
		}
	}
}

func (a account) maySearch(info fs.FileInfo) bool {
	mode := info.Mode().Perm()
	s := info.Sys().(*syscall.Stat_t)
	switch {
	case s.Uid == a.uid:
		return mode&0o100 != 0
	case s.Gid == a.gid:
		return mode&0o010 != 0
	}
	return mode&0o001 != 0
}

// owns refuses a folder that belongs to another user.
func (a account) owns(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is not a folder", dir)
	}
	if uid := info.Sys().(*syscall.Stat_t).Uid; uid != a.uid {
		return fmt.Errorf("%s belongs to user id %d and Postgres would run as %s (%d): start Quarry as the user that made the folder",
			dir, uid, a.name, a.uid)
	}
	return nil
}

// give makes dir, closed to all but the account, or accepts one that is so.
func (a account) give(dir string) error {
	err := os.Mkdir(dir, 0o700)
	if errors.Is(err, fs.ErrExist) {
		return a.owns(dir)
	}
	if err != nil || a.credential == nil {
		return err
	}
	return os.Lchown(dir, int(a.uid), int(a.gid))
}
