package ingest

import "iter"

// File is a file as an import meets it.
type File struct {
	Path string
	// Reason is why it is skipped; then only Path counts.
	Reason string
	// Principals and Metadata are what its folders say, nil where they say nothing.
	Principals []string
	Metadata   map[string]any
	// Read returns its bytes, or why it is skipped, until done is called.
	Read func() (body []byte, reason string)
}

// Files yields what an import of a file or folder would read and what it would
// skip, for clients that send the files themselves. Hidden ones are left out.
func Files(root string) (files iter.Seq[File], done func(), err error) {
	t, err := openTree(root)
	if err != nil {
		return nil, nil, err
	}
	return func(yield func(File) bool) {
		for l := range t.walk() {
			f := File{Path: l.path(), Reason: l.reason, Principals: l.labels.Principals, Metadata: l.labels.Metadata}
			f.Read = func() ([]byte, string) {
				c := l.in.readFile(l.name, nil)
				return c.body, c.reason
			}
			if !yield(f) {
				return
			}
		}
	}, t.close, nil
}
