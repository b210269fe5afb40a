package ingest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Files are read as well when their folder has been closed meanwhile, and a tree
// does not keep more than openDirs of them open.
func TestManyAndDeepFolders(t *testing.T) {
	root := t.TempDir()
	files, deep := map[string]string{}, ""
	for i := range 3 * openDirs {
		files[fmt.Sprintf("%03d/a.md", i)] = fmt.Sprint("wide ", i)
		deep += "d/"
		files[deep+"a.md"] = fmt.Sprint("deep ", i)
	}
	write(t, root, files)
	if err := os.Symlink(filepath.Join("..", "002", "a.md"), filepath.Join(root, "001", "link.md")); err != nil {
		t.Fatal(err)
	}
	files["001/link.md"] = files["002/a.md"]
	tr, err := openTree(root)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.close()
	var all []listed
	for l := range tr.walk() {
		if all = append(all, l); len(tr.open) > openDirs {
			t.Fatalf("%d folders are open", len(tr.open))
		}
	}
	if len(all) != len(files) {
		t.Errorf("%d of %d files", len(all), len(files))
	}
	for _, l := range all {
		c, want := l.in.readFile(l.name, nil), files[strings.TrimPrefix(l.path(), root+"/")]
		if string(c.body) != want || c.reason != "" {
			t.Fatalf("%s: %q, %q, want %q", l.path(), c.body, c.reason, want)
		}
	}
}

// A file that has become a link that leads out of its tree is not read.
func TestFileThatBecomesALink(t *testing.T) {
	root, outside := t.TempDir(), t.TempDir()
	write(t, root, map[string]string{"f/a.md": "inside"})
	write(t, outside, map[string]string{"secret.md": "outside"})
	tr, err := openTree(root)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.close()
	for l := range tr.walk() {
		path := filepath.Join(root, "f", "a.md")
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Join(outside, "secret.md"), path); err != nil {
			t.Fatal(err)
		}
		if c := l.in.readFile(l.name, nil); c.reason == "" || c.body != nil {
			t.Errorf("%q was read", c.body)
		}
		for range openDirs + 1 { // its folder is closed
			if err := tr.top.below("f").open(); err != nil {
				t.Fatal(err)
			}
		}
		if c := l.in.readFile(l.name, nil); c.reason == "" || c.body != nil {
			t.Errorf("%q was read once its folder is closed", c.body)
		}
	}
}

// A folder that cannot be used is reported, whatever bytes are in its name.
func TestFolderOfAnyName(t *testing.T) {
	b, root := setUp(t), t.TempDir()
	b.work(WorkerOptions{})
	write(t, root, map[string]string{"\xff/a.md": "words", "\xff/" + LabelsFile: "principal: [ann]\n"})
	m := b.runImport(ImportSpec{Paths: []string{root}})
	if m.State != Failed || m.Indexed != 0 || !strings.Contains(m.Error, "\uFFFD") {
		t.Errorf("%+v", m)
	}
}
