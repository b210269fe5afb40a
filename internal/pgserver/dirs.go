package pgserver

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// port only names the socket file.
const port = "5432"

// dirs knows where things are.
type dirs struct {
	data string
	// socket is the folder of the socket: in data, unless that path is too long
	// for a socket or has a comma, which divides hosts in a connection string.
	socket string
}

// maxSocketDir leaves room for the file's name: a socket's path has at most 107 bytes.
const maxSocketDir = 90

func dirsOf(data string) (dirs, error) {
	if data == "" {
		return dirs{}, errors.New("no data folder is given")
	}
	data, err := filepath.Abs(data)
	if err != nil {
		return dirs{}, err
	}
	d := dirs{data: data, socket: filepath.Join(data, "socket")}
	if len(d.socket) > maxSocketDir || strings.Contains(d.socket, ",") {
		d.socket = fmt.Sprintf("/tmp/quarry-%x", sha256.Sum256([]byte(data)))[:28]
	}
	return d, nil
}

func (d dirs) pgdata() string  { return filepath.Join(d.data, "pgdata") }
func (d dirs) unready() string { return filepath.Join(d.data, "pgdata.init") }
func (d dirs) lock() string    { return filepath.Join(d.data, "lock") }
func (d dirs) config() string  { return filepath.Join(d.data, "postgresql.conf") }
func (d dirs) hba() string     { return filepath.Join(d.data, "pg_hba.conf") }
func (d dirs) ident() string   { return filepath.Join(d.data, "pg_ident.conf") }
func (d dirs) log() string     { return filepath.Join(d.data, "postgres.log") }
func (d dirs) pidFile() string { return filepath.Join(d.pgdata(), "postmaster.pid") }
func (d dirs) version() string { return filepath.Join(d.pgdata(), "PG_VERSION") }

// make makes the folders that must exist before the server. Where the server
// has another user, that one must be able to enter data; nobody else need.
func (d dirs) make(a account) error {
	if _, err := os.Stat(d.data); errors.Is(err, fs.ErrNotExist) {
		if err := makeData(d.data, a); err != nil {
			return err
		}
	}
	if err := a.reach(d.data); err != nil {
		return err
	}
	return a.give(d.socket)
}

func makeData(dir string, a account) error {
	mode := fs.FileMode(0o700)
	if a.credential != nil {
		mode = 0o755
	}
	if err := os.MkdirAll(dir, mode); err != nil {
		return err
	}
	return os.Chmod(dir, mode)
}
