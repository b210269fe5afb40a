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
	if err := command(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

// command runs the measurement that the first argument names, or the usual ones.
func command(ctx context.Context, args []string) error {
	if len(args) > 0 {
		switch args[0] {
		case "scale":
			return runScale(ctx, args[1:])
		case "peers":
			return runPeers(ctx, args[1:])
		case "answers":
			return runAnswers(ctx, args[1:])
		case "answers-server": // which runAnswers starts
			if len(args) == 4 {
				return runAnswersServer(ctx, args[1], args[2], args[3])
			}
		}
	}
	o := options{}
	flag.StringVar(&o.bin, "quarry", "bin/quarry", "the binary to measure")
	flag.StringVar(&o.runtime, "runtime", os.Getenv("QUARRY_TEST_RUNTIME"), "runtime folder")
	flag.StringVar(&o.docs, "docs", godoc(), "folder to ingest")
	flag.StringVar(&o.data, "data", os.Getenv("BENCH_DATA"), "corpus.jsonl[.gz] to ingest as well")
	flag.IntVar(&o.queries, "queries", 200, "searches measured at each number of clients")
	flag.IntVar(&o.times, "times", 10, "copies of the corpus ingested to show that memory stays bounded")
	flag.StringVar(&o.server, "server", "", "measure only searches, on this server that runs already")
	flag.StringVar(&o.home, "home", "", "that server's home folder")
	flag.StringVar(&o.collection, "collection", "corpus", "collection there that has the corpus")
	flag.Parse()
	return run(ctx, o)
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
	server, home, collection string
	queries, times           int
}
