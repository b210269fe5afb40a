package prompt

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quarry-rag/quarry/internal/pgtest"
	"github.com/quarry-rag/quarry/retrieve"
)

func library(t *testing.T) *Library {
	t.Helper()
	pool := pgtest.Pool(t)
	if _, err := pool.Exec(t.Context(), `insert into collection (collection_id, name, active_space_id) values (1, 'docs', 1), (2, 'other', 1)`); err != nil {
		t.Fatal(err)
	}
	return NewLibrary(pool)
}

// named is a good file of a name, with words that tell versions apart.
func named(name, words string) string {
	return strings.Replace(file("", words, ""), "name: t", "name: "+name, 1)
}

func (l *Library) push(t *testing.T, name, words string) Ref {
	t.Helper()
	p, _, err := l.Push(t.Context(), named(name, words), "ann")
	if err != nil {
		t.Fatal(err)
	}
	return Ref{p.Name, p.Version}
}

// chosen is what answers in a collection, and how often of 100 questions.
func (l *Library) chosen(t *testing.T, collection string) map[string]int {
	t.Helper()
	out := map[string]int{}
	for i := range 100 {
		p, err := l.Choose(t.Context(), collection, fmt.Sprint("question ", i))
		if err != nil {
			t.Fatal(err)
		}
		out[p.Ref()]++
	}
	return out
}

func TestLibraryVersions(t *testing.T) {
	l := library(t)
	l.push(t, "a", "one")
	if p, created, err := l.Push(t.Context(), named("a", "one"), "bob"); err != nil || created || p.Version != 1 {
		t.Errorf("pushed again: %v, %v, %v", p, created, err)
	}
	l.push(t, "a", "two")
	if r := l.push(t, "a", "one"); r.Version != 3 { // what was before is new again
		t.Errorf("%v", r)
	}
	for version, words := range map[int]string{0: "one", 1: "one", 2: "two"} {
		s, err := l.Get(t.Context(), Ref{"a", version})
		if err != nil || !strings.Contains(s.Source, words) || s.CreatedBy != "ann" || s.CreatedAt.IsZero() {
			t.Errorf("version %d: %+v, %v", version, s, err)
		}
	}
	for _, r := range []Ref{{"a", 4}, {"b", 0}, {"grounded-qa", 99}} {
		if _, err := l.Get(t.Context(), r); !errors.Is(err, ErrUnknown) {
			t.Errorf("%v: %v", r, err)
		}
	}
	if s, err := l.Get(t.Context(), Ref{Name: "grounded-qa"}); err != nil || s.Template != Default() {
		t.Errorf("built in: %v, %v", s, err)
	}
	if _, _, err := l.Push(t.Context(), named("grounded-qa", "mine"), ""); err == nil || !strings.Contains(err.Error(), "built in") {
		t.Errorf("the built-in prompt's name is taken: %v", err)
	}
	var refs []string
	all, err := l.List(t.Context())
	for _, i := range all {
		refs = append(refs, i.Ref.String())
	}
	if d := cmp.Diff([]string{"a@3", "a@2", "a@1"}, refs); d != "" || err != nil {
		t.Error(d, err)
	}
}

// Pushes at the same time get versions of their own.
func TestLibraryPushesAtOnce(t *testing.T) {
	l := library(t)
	var group sync.WaitGroup
	for i := range 6 {
		group.Go(func() {
			if _, _, err := l.Push(t.Context(), named("a", fmt.Sprint("words ", i)), ""); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	all, err := l.List(t.Context())
	if err != nil || len(all) != 6 || all[0].Version != 6 {
		t.Errorf("%v, %v", all, err)
	}
}

func TestActivationAndRollback(t *testing.T) {
	l := library(t)
	one, two := l.push(t, "a", "one"), l.push(t, "a", "two")
	all := func(ref string) map[string]int { return map[string]int{ref: 100} }
	check := func(when string, want map[string]int) {
		t.Helper()
		if d := cmp.Diff(want, l.chosen(t, "docs")); d != "" {
			t.Errorf("%s: %s", when, d)
		}
	}
	activate := func(r Ref, percent float64) {
		t.Helper()
		if _, err := l.Activate(t.Context(), "docs", r, percent, "ann"); err != nil {
			t.Fatal(err)
		}
	}
	rollback := func() {
		t.Helper()
		if _, err := l.Rollback(t.Context(), "docs", "bob"); err != nil {
			t.Fatal(err)
		}
	}
	check("at first", all("grounded-qa@2"))
	activate(one, 100)
	check("activated", all("a@1"))
	activate(Ref{Name: "a"}, 100) // the newest
	check("activated", all("a@2"))
	rollback()
	check("rolled back", all("a@1"))
	activate(two, 20)
	if n := l.chosen(t, "docs")["a@2"]; n < 5 || n > 40 {
		t.Errorf("a trial of 20%% got %d of 100", n)
	}
	rollback()
	check("the trial rolled back", all("a@1"))
	rollback()
	check("rolled back to the start", all("grounded-qa@2"))
	if _, err := l.Rollback(t.Context(), "docs", ""); !errors.Is(err, ErrNothing) {
		t.Errorf("a rollback too many: %v", err)
	}
	if d := cmp.Diff(all("grounded-qa@2"), l.chosen(t, "other")); d != "" {
		t.Errorf("another collection: %s", d)
	}
	history, err := l.History(t.Context(), "docs")
	if err != nil || len(history) != 6 {
		t.Fatalf("%+v, %v", history, err)
	}
	last, trial := history[0], history[2]
	if last.Action != "rollback" || last.By != "bob" || last.At.IsZero() || trial.Trial != two || trial.TrialPercent != 20 || trial.Base != one {
		t.Errorf("%+v", history)
	}
}

func TestActivateRefuses(t *testing.T) {
	l := library(t)
	one := l.push(t, "a", "one")
	if _, err := l.Activate(t.Context(), "docs", one, 100, ""); err != nil {
		t.Fatal(err)
	}
	for _, percent := range []float64{0, -1, 100.1} {
		var bad *Invalid
		if _, err := l.Activate(t.Context(), "docs", one, percent, ""); !errors.As(err, &bad) || bad.Field != "percent" {
			t.Errorf("%v percent: %v", percent, err)
		}
	}
	if _, err := l.Activate(t.Context(), "docs", one, 10, ""); err == nil {
		t.Error("a trial of what answers already is started")
	}
	if _, err := l.Activate(t.Context(), "docs", Ref{"a", 2}, 100, ""); !errors.Is(err, ErrUnknown) {
		t.Errorf("an unknown version: %v", err)
	}
	if _, err := l.Activate(t.Context(), "nowhere", one, 100, ""); !errors.Is(err, retrieve.ErrUnknownCollection) {
		t.Errorf("an unknown collection: %v", err)
	}
}

// The same key always gets the same version, and keeps the trial's as it grows.
func TestTrialIsStable(t *testing.T) {
	a := Activation{Base: Ref{"a", 1}, Trial: Ref{"a", 2}}
	for i := range 200 {
		key, in := fmt.Sprint(i), false
		for _, a.TrialPercent = range []float64{1, 10, 50, 90, 99.9} {
			now := a.pick(key) == a.Trial
			if in && !now {
				t.Errorf("key %s left the trial at %v percent", key, a.TrialPercent)
			}
			if again := a.pick(key) == a.Trial; again != now {
				t.Errorf("key %s changed", key)
			}
			in = now
		}
	}
}

func TestParseRef(t *testing.T) {
	for in, want := range map[string]Ref{"a": {"a", 0}, "a-b.c@12": {"a-b.c", 12}} {
		if got, err := ParseRef(in); err != nil || got != want || got.String() != in {
			t.Errorf("%q: %v, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "@1", "a@", "a@0", "a@-1", "a@x", "A", "a b", "a@1@2", "../a", "a@99999999999999999999"} {
		if got, err := ParseRef(in); err == nil {
			t.Errorf("%q is %v", in, got)
		}
	}
}
