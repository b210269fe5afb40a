package main

import (
	"context"
	"errors"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// watchFlags keep an import in step with its files.
type watchFlags struct {
	Watch bool          `env:"-" help:"Stay, and bring in what changes; what is gone is removed, as with --sync."`
	Every time.Duration `env:"-" default:"60s" help:"With --watch, look at all files at least this often: the system's news of changes may fail to come."`
}

const (
	// quiet is how long nothing must have happened before a round begins: editors
	// and copies make many changes for one.
	quiet = 500 * time.Millisecond
	// restless is how long a round is put off when things keep happening.
	restless = 5 * time.Second
)

// await returns when there may be something to bring in: after a hint, once
// things have been quiet, or after every. It says which.
func await(ctx context.Context, hints <-chan struct{}, every time.Duration) (hinted bool, err error) {
	periodic := time.After(every)
	select {
	case <-hints:
	case <-periodic:
		return false, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
	for latest := time.After(restless); ; {
		select {
		case <-hints:
		case <-time.After(quiet):
			return true, nil
		case <-latest:
			return true, nil
		case <-ctx.Done():
			return true, ctx.Err()
		}
	}
}

// keep imports the paths again and again until ctx ends, which is no error. It
// outlives the server: the import is the server's, the watching is here, and a
// round that the server missed is made up for by the next.
func keep(ctx context.Context, cl *client, term *terminal, f watchFlags, in *quarryv1.StartImportRequest) error {
	h, err := watchFiles(in.Paths)
	defer h.close()
	if err != nil {
		term.note("Some changes are only found by looking every %s: %s", f.Every, line(err.Error(), 200))
	}
	r := &rounds{cl: cl, term: term, in: in, first: true}
	for hinted := true; ; {
		if err = r.one(ctx, hinted); err != nil {
			break
		}
		if r.first {
			term.note("Watching; a look at all files at least every %s, until Ctrl-C", f.Every)
			r.first = false
		}
		if hinted, err = await(ctx, h.changed, r.pause(f.Every)); err != nil {
			break
		}
		if !hinted {
			h.renew(in.Paths)
		}
	}
	if ctx.Err() != nil {
		term.note("Watching has ended; what was accepted is indexed by the server")
		return nil
	}
	return err
}

// rounds are the imports of one watch.
type rounds struct {
	cl   *client
	term *terminal
	in   *quarryv1.StartImportRequest
	// first: nothing was said of watching yet.
	first bool
	// away: the server did not answer; said is the last failure shown.
	away bool
	said string
}

// pause is shorter while the server is away.
func (r *rounds) pause(every time.Duration) time.Duration {
	if r.away {
		return min(every, 2*time.Second)
	}
	return every
}

// one runs an import and says what it did, if it did anything. Only an error
// that another round would meet again is returned.
func (r *rounds) one(ctx context.Context, hinted bool) error {
	p := newProgress(r.term, time.Now)
	last, err := runImport(ctx, r.cl, proto.CloneOf(r.in), p)
	p.end()
	switch {
	case status.Code(err) == codes.Unavailable:
		if !r.away {
			r.term.note("%s  The server does not answer; waiting for it", clock())
		}
		r.away = true
		return nil
	case err != nil:
		return err
	}
	if r.away {
		r.term.note("%s  The server answers again", clock())
		r.away = false
	}
	return r.tell(last, hinted)
}

func (r *rounds) tell(last *quarryv1.Import, hinted bool) error {
	failure := importFailure(last)
	did := last.Queued+last.Removed+last.Moved > 0
	was := r.said
	r.said = failure
	if r.term.json {
		if !did && failure == was {
			return nil
		}
		return r.term.printJSON(last)
	}
	if did || r.first && (failure == "" || didSomething(last)) {
		r.term.note("%s  %s", clock(), importSummary(r.term, last))
	}
	switch {
	case failure != was && failure != "":
		r.term.note("%s  %s", clock(), failure)
	case failure != was:
		r.term.note("%s  All is well again", clock())
	case hinted && !did && !r.first:
		r.term.note("%s  Nothing to bring in", clock())
	}
	return nil
}

func clock() string { return time.Now().Format(time.TimeOnly) }

// check says what cannot be watched.
func (f *watchFlags) check(paths []string, dryRun, upload bool) error {
	switch {
	case !f.Watch:
		return nil
	case len(paths) == 0:
		return errors.New("--watch is for files and folders")
	case dryRun || upload:
		return errors.New("--watch needs a server that reads the files itself, and is no dry run")
	case f.Every < time.Second:
		return errors.New("--every must be at least 1s")
	}
	return nil
}
