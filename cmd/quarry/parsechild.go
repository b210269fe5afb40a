package main

import (
	"os"
	"runtime"

	formats "github.com/quarry-rag/quarry/ingest/parse"
)

// parseChildCmd is what a worker starts to read PDFs and workbooks in.
type parseChildCmd struct {
	Cache string `arg:"" optional:"" env:"-" help:"Folder of the compiled PDF engine."`
}

func (c *parseChildCmd) Run() error {
	formats.CacheDir = c.Cache
	return formats.Serve(os.Stdin, os.Stdout)
}

// readInChildren has the parsers start this program again. It is for main alone:
// the program of a test is not this one.
func readInChildren() {
	self, err := os.Executable()
	if runtime.GOOS == "linux" {
		self, err = "/proc/self/exe", nil // also when an upgrade has replaced the file
	}
	if err == nil {
		formats.Child = []string{self, "parse-child"}
	}
}
