package ingest

import (
	"context"
	"iter"
)

// A tree is an ordered source of its files.

func (t *tree) name() string { return uriOf(t.abs(".")) }

func (t *tree) within() (root, below string) {
	at := t.abs(".")
	return uriOf(at), uriOf(folder(at))
}

func (t *tree) list(context.Context) iter.Seq2[item, error] {
	return func(yield func(item, error) bool) {
		for l := range t.walk() {
			it := item{uri: uriOf(l.path), label: l.path, reason: l.reason, incomplete: l.incomplete, labels: l.labels}
			if l.unnamable {
				it.uri = ""
			}
			if l.reason == "" {
				at := l.info.ModTime()
				it.state = state{size: l.info.Size(), modified: &at}
				it.read, it.concurrent = t.reader(l.rel), true
			}
			if !yield(it, nil) {
				return
			}
		}
	}
}

func (t *tree) reader(rel string) func(context.Context, state) (content, error) {
	return func(context.Context, state) (content, error) {
		body, modified, reason := t.readFile(rel)
		return content{body: body, state: state{modified: modified}, reason: reason}, nil
	}
}
