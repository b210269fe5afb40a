// Quarry answers questions from your own documents, with citations that are
// checked before they are sent. One binary holds every role: `quarry up` runs
// all of it in one process, `serve` and `work` run the parts of a larger
// installation, and the other commands are clients that speak gRPC to a server.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// cli is every command and flag. Kong fills it from the arguments and from
// QUARRY_* variables; nothing else in the program reads either.
type cli struct {
	globals

	Up      upCmd      `cmd:"" help:"Run everything in one process: private Postgres, worker, gRPC server."`
	Ask     askCmd     `cmd:"" help:"Ask a question and get a cited answer."`
	Search  searchCmd  `cmd:"" help:"Find passages."`
	Explain explainCmd `cmd:"" help:"Tell why a search returns what it does, and why not a document."`
	Ingest  ingestCmd  `cmd:"" help:"Ingest files and folders."`
	Imports importsCmd `cmd:"" help:"List, watch and cancel imports."`
	Docs    docsCmd    `cmd:"" help:"List, show and delete documents."`
	Eval    evalCmd    `cmd:"" help:"Measure retrieval on questions whose answers are known."`
	Check   checkCmd   `cmd:"" help:"Recompute a collection's statistics and look for what is orphaned or missing."`
	Collect collectCmd `cmd:"" name:"collections" help:"List, create, show and delete collections."`
	Talks   talksCmd   `cmd:"" name:"conversations" help:"List, show and delete conversations."`
	Prompt  promptCmd  `cmd:"" help:"Keep, compare, activate and try the words with which chat models are asked."`
	Models  modelsCmd  `cmd:"" help:"List the models and routes that may answer, with their prices."`
	Usage   usageCmd   `cmd:"" help:"Show what models were asked and cost."`
	Serve   serveCmd   `cmd:"" help:"Run only the gRPC server."`
	Work    workCmd    `cmd:"" help:"Run only an ingestion worker."`
	Setup   setupCmd   `cmd:"" help:"Make the runtime folder: Postgres, ONNX Runtime, embedding model."`
	Migrate migrateCmd `cmd:"" help:"Bring the database's schema to this version."`
	Config  configCmd  `cmd:"" help:"Print the configuration in effect, secrets redacted."`
	Version versionCmd `cmd:"" help:"Print the version."`

	ParseChild parseChildCmd `cmd:"" hidden:"" help:"Read documents from the standard input, for a worker."`
}

func main() {
	readInChildren()
	os.Exit(run(os.Args[1:], os.Environ(), stdTerminal()))
}

// Exit codes: what was asked for failed; it could not be understood; it was
// interrupted, as shells say it (128 + SIGINT). A server that is stopped exits
// with 0.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

// run is main without its process: the exit code of the command.
func run(args, environ []string, term *terminal) int {
	c := &cli{}
	parser, err := newParser(c, term)
	if err == nil {
		err = knownVariables(parser, environ)
	}
	if err != nil {
		fail(term, err)
		return exitUsage
	}
	k, err := parser.Parse(args)
	if err != nil {
		fail(term, fmt.Errorf("%w (see `%s --help`)", err, term.program+commandOf(err)))
		return exitUsage
	}
	term.json = c.JSON
	ctx, stop := signalContext()
	defer stop()
	k.BindTo(ctx, (*context.Context)(nil))
	if err := k.Run(&c.globals, term); err != nil {
		return fail(term, err)
	}
	return 0
}

func newParser(c *cli, term *terminal) (*kong.Kong, error) {
	return kong.New(c,
		kong.Name("quarry"),
		kong.Description("Answers from your own documents, with citations that are checked before they are sent."),
		kong.DefaultEnvars("QUARRY"),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Writers(term.out, term.err),
	)
}

// signalContext ends with the first SIGINT or SIGTERM; a second one kills.
func signalContext() (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// commandOf is the command whose arguments cannot be parsed, as far as it is
// known, with a space before it.
func commandOf(err error) string {
	wrong, ok := errors.AsType[*kong.ParseError](err)
	if !ok || wrong.Context.Selected() == nil {
		return ""
	}
	return " " + wrong.Context.Selected().Path()
}

func fail(term *terminal, err error) int {
	fmt.Fprintln(term.err, "quarry: "+clean(strings.TrimSpace(explain(err))))
	if interrupted(err) {
		return exitInterrupted
	}
	return exitFailed
}
