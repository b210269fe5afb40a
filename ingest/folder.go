package ingest

import (
	"context"
	"iter"
)

// A tree is an ordered source of its files.

func (t *tree) name() string { return uriOf(t.at()) }

func (t *tree) within() (root, below string) {
	return uriOf(t.at()), uriOf(folder(t.at()))
}

func (t *tree) list(context.Context) iter.Seq2[item, error] {
	return func(yield func(item, error) bool) {
		for l := range t.walk() {
			it := item{uri: l.uri, label: l.path(), reason: l.reason, incomplete: l.incomplete, labels: l.labels}
			if l.unnamable {
				it.uri = ""
			}
			if l.reason == "" {
				at := l.info.ModTime()
				it.state = state{size: l.info.Size(), modified: &at}
				it.read, it.concurrent = l.in.reader(l.name), true
			}
			if !yield(it, nil) {
				return
			}
		}
	}
}

func (d *dir) reader(name string) func(context.Context, state) (content, error) {
	return func(_ context.Context, known state) (content, error) {
		return d.readFile(name, known.hash), nil
	}
}
