package prompt

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/quarry-rag/quarry/retrieve"
)

// ErrNothing: a rollback where nothing was activated.
var ErrNothing = errors.New("there is nothing to roll back to")

// Activation is a change of what a collection uses. The last one is in effect.
type Activation struct {
	// Sequence counts the collection's changes from 1; 0: none was made.
	Sequence int
	// Base answers, but for TrialPercent of the questions, which Trial answers.
	// The built-in prompt has its present version.
	Base, Trial  Ref
	TrialPercent float64 // 0: there is no trial
	Action       string  // "activate" or "rollback"
	At           time.Time
	By           string // as the client named itself

	previous int
}

// pick chooses by a key: the same key always gets the same of the two, and
// keeps it while the trial's part grows.
func (a Activation) pick(key string) Ref {
	if a.TrialPercent <= 0 {
		return a.Base
	}
	if PercentOf(a.Trial.String(), key) < a.TrialPercent {
		return a.Trial
	}
	return a.Base
}

// PercentOf is where a key falls in a trial, from 0 to under 100: each percent gets
// as many keys, the same key always falls on the same place, and on another one in
// a trial of another name.
func PercentOf(trial, key string) float64 {
	sum := sha256.Sum256([]byte(trial + "\x00" + key))
	return float64(binary.BigEndian.Uint64(sum[:])>>11) / (1 << 53) * 100
}

// Choose returns what answers a question in a collection; the built-in prompt
// where nothing was activated or there is no such collection.
func (l *Library) Choose(ctx context.Context, collection, key string) (*Template, error) {
	all, err := l.activations(ctx, l.pool, collection, 1)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return Default(), nil
	}
	return l.Template(ctx, all[0].pick(key))
}

// History returns a collection's last 1,000 changes, the newest first.
func (l *Library) History(ctx context.Context, collection string) ([]Activation, error) {
	return l.activations(ctx, l.pool, collection, maxList)
}

// Activate makes a version answer a part of the questions, in percent over 0 to
// 100. With less than 100 what answered before keeps the rest, and a trial that
// ran is replaced. The version must exist, else ErrUnknown.
func (l *Library) Activate(ctx context.Context, collection string, r Ref, percent float64, by string) (Activation, error) {
	if !(percent > 0 && percent <= 100) {
		return Activation{}, invalid("percent", "want more than 0 and at most 100")
	}
	s, err := l.Get(ctx, r)
	if err != nil {
		return Activation{}, err
	}
	r.Version = s.Version
	return l.change(ctx, collection, func(now Activation, _ func(int) (Activation, error)) (Activation, error) {
		next := Activation{Base: r, Action: "activate", By: by, previous: now.Sequence}
		if percent < 100 {
			next.Base, next.Trial, next.TrialPercent = now.Base, r, percent
		}
		if next.Base == next.Trial {
			return next, invalid("percent", "%s answers all questions already", r)
		}
		return next, nil
	})
}

// Rollback returns to what was in effect before, at once; again, to what was
// before that. ErrNothing when nothing was.
func (l *Library) Rollback(ctx context.Context, collection, by string) (Activation, error) {
	return l.change(ctx, collection, func(now Activation, get func(int) (Activation, error)) (Activation, error) {
		if now.previous == 0 && now.Base.builtIn() && now.TrialPercent == 0 {
			return now, fmt.Errorf("collection %q: %w", collection, ErrNothing)
		}
		before, err := get(now.previous)
		before.Action, before.By = "rollback", by
		return before, err
	})
}

// change adds the activation that next makes of the one in effect. Changes of a
// collection wait for one another.
func (l *Library) change(ctx context.Context, collection string,
	next func(now Activation, get func(int) (Activation, error)) (Activation, error),
) (out Activation, err error) {
	err = pgx.BeginFunc(ctx, l.pool, func(tx pgx.Tx) error {
		var id int64
		err := tx.QueryRow(ctx, `select collection_id from collection where name = $1 for no key update`, collection).Scan(&id)
		if errors.Is(err, pgx.ErrNoRows) {
			return retrieve.ErrUnknownCollection
		}
		if err != nil {
			return err
		}
		all, err := l.activations(ctx, tx, collection, 1)
		if err != nil {
			return err
		}
		now := Activation{Base: Ref{Default().Name, Default().Version}}
		if len(all) > 0 {
			now = all[0]
		}
		get := func(sequence int) (Activation, error) { return l.at(ctx, tx, id, sequence) }
		if out, err = next(now, get); err != nil {
			return err
		}
		out.Sequence = now.Sequence + 1
		return insertActivation(ctx, tx, id, &out)
	})
	if err != nil {
		return Activation{}, fmt.Errorf("activate a prompt in %q: %w", collection, err)
	}
	return out, nil
}

func insertActivation(ctx context.Context, tx pgx.Tx, collection int64, a *Activation) error {
	args := pgx.NamedArgs{
		"id": collection, "sequence": a.Sequence, "previous": a.previous, "action": a.Action, "by": a.By,
		"name": nil, "version": nil, "trial": nil, "trial_version": nil, "percent": nil,
	}
	if !a.Base.builtIn() {
		args["name"], args["version"] = a.Base.Name, a.Base.Version
	}
	if a.TrialPercent > 0 {
		args["percent"] = a.TrialPercent
		if !a.Trial.builtIn() {
			args["trial"], args["trial_version"] = a.Trial.Name, a.Trial.Version
		}
	}
	return tx.QueryRow(ctx, `
		insert into prompt_activation (collection_id, sequence, name, version, trial_name, trial_version, trial_percent,
		                               previous, action, activated_by)
		values (@id, @sequence, @name, @version, @trial, @trial_version, @percent, @previous, @action, @by)
		returning activated_at`, args).Scan(&a.At)
}

const activationColumns = `sequence, name, version, trial_name, trial_version, trial_percent, previous, action, activated_at, activated_by`

// querier is a pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

func (l *Library) activations(ctx context.Context, q querier, collection string, limit int) ([]Activation, error) {
	rows, err := q.Query(ctx, `select `+activationColumns+` from prompt_activation
		 where collection_id = (select collection_id from collection where name = @collection)
		 order by sequence desc limit @limit`, pgx.NamedArgs{"collection": collection, "limit": limit})
	if err != nil {
		return nil, fmt.Errorf("read the prompts of %q: %w", collection, err)
	}
	all, err := pgx.CollectRows(rows, activation)
	if err != nil {
		return nil, fmt.Errorf("read the prompts of %q: %w", collection, err)
	}
	return all, nil
}

// at is one activation; that of 0 is of the built-in prompt.
func (l *Library) at(ctx context.Context, q querier, collection int64, sequence int) (Activation, error) {
	if sequence == 0 {
		return Activation{Base: Ref{Default().Name, Default().Version}}, nil
	}
	rows, err := q.Query(ctx, `select `+activationColumns+` from prompt_activation
		 where collection_id = @id and sequence = @sequence`, pgx.NamedArgs{"id": collection, "sequence": sequence})
	if err != nil {
		return Activation{}, err
	}
	return pgx.CollectExactlyOneRow(rows, activation)
}

func activation(row pgx.CollectableRow) (Activation, error) {
	var a Activation
	var name, trial *string
	var version, trialVersion *int
	var percent *float64
	err := row.Scan(&a.Sequence, &name, &version, &trial, &trialVersion, &percent, &a.previous, &a.Action, &a.At, &a.By)
	a.Base = refOf(name, version)
	if percent != nil {
		a.Trial, a.TrialPercent = refOf(trial, trialVersion), *percent
	}
	return a, err
}

// refOf is the built-in prompt where there is no name.
func refOf(name *string, version *int) Ref {
	if name == nil || version == nil {
		return Ref{Default().Name, Default().Version}
	}
	return Ref{*name, *version}
}
