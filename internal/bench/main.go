// Command bench measures a running Quarry beside its limits: the bare embedding
// model, the bare SQL queries. Every line is a ratio taken in one run, since
// machines differ and are noisy. `make bench` runs it.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	o := options{}
	flag.StringVar(&o.bin, "quarry", "bin/quarry", "the binary to measure")
	flag.StringVar(&o.runtime, "runtime", os.Getenv("QUARRY_TEST_RUNTIME"), "runtime folder")
	flag.StringVar(&o.docs, "docs", godoc(), "folder to ingest")
	flag.StringVar(&o.data, "data", os.Getenv("BENCH_DATA"), "corpus.jsonl[.gz] to ingest as well")
	flag.IntVar(&o.queries, "queries", 200, "searches measured at each number of clients")
	flag.IntVar(&o.times, "times", 10, "copies of the corpus ingested to show that memory stays bounded")
	flag.Parse()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// godoc is the Go distribution's own documentation, empty where there is no go.
func godoc() string {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return ""
	}
	return filepath.Join(strings.TrimSpace(string(root)), "doc")
}

type options struct {
	bin, runtime, docs, data string
	queries, times           int
}
