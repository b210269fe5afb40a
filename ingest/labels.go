package ingest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"

	"go.yaml.in/yaml/v3"
)

// labels are what an import, or a file in a folder, says of documents besides
// what a source itself says.
type labels struct {
	// Principals who may read them, empty for everyone; nil: nothing is said, and
	// documents that exist keep theirs.
	Principals []string `yaml:"principals"`
	// Metadata goes over that of the source, key by key.
	Metadata map[string]any `yaml:"metadata"`
}

// LabelsFile says, for the folder that it is in and all below it, who may read
// the documents and what is known of them. In a folder below, another one says
// the principals anew and adds to the metadata. What an import itself says goes
// over both, so that no file can widen it.
const LabelsFile = ".quarry.yaml"

// maxLabelsBytes bounds a LabelsFile.
const maxLabelsBytes = maxMetadataBytes + 64<<10

// over is l where it says something, else below.
func (l labels) over(below labels) labels {
	if l.Principals == nil {
		l.Principals = below.Principals
	}
	if len(below.Metadata) > 0 {
		all := maps.Clone(below.Metadata)
		maps.Copy(all, l.Metadata)
		l.Metadata = all
	}
	return l
}

func (l labels) check() error {
	if err := checkPrincipals(l.Principals); err != nil {
		return err
	}
	_, err := metadataJSON(l.Metadata)
	return err
}

// on returns the source's own metadata with the labels' over it.
func (l labels) on(own json.RawMessage) (json.RawMessage, error) {
	if len(l.Metadata) == 0 {
		return own, nil
	}
	all := map[string]any{}
	if own != nil {
		if err := json.Unmarshal(own, &all); err != nil {
			return nil, err
		}
	}
	maps.Copy(all, l.Metadata)
	return metadataJSON(all)
}

// heldBy reports whether a document has these labels already.
func (l labels) heldBy(d *scanned) bool {
	if l.Principals != nil && !slices.Equal(l.Principals, d.principals) {
		return false
	}
	if len(l.Metadata) == 0 {
		return true
	}
	with, err := l.on(d.metadata)
	return err == nil && sameJSON(with, d.metadata)
}

// labels reads the folder's LabelsFile, if it has one.
func (d *dir) labels() (labels, error) {
	var l labels
	f, err := d.openFile(LabelsFile)
	if errors.Is(err, fs.ErrNotExist) {
		return l, nil
	}
	if err != nil {
		return l, errors.New(plain(err))
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return l, errors.New(plain(err))
	}
	if reason := notRegular(info.Mode()); reason != "" {
		return l, errors.New(reason) // an open pipe reads as an empty file, which would say nothing
	}
	body, err := io.ReadAll(io.LimitReader(f, maxLabelsBytes+1))
	if err != nil {
		return l, errors.New(plain(err))
	}
	if len(body) > maxLabelsBytes {
		return l, errors.New("it is too large")
	}
	return parseLabels(body)
}

// parseLabels refuses what it does not know, a second YAML document, and an empty
// file: a misspelt "principals", one that is not read, or an editor that empties a
// file before it writes it, must not open a folder to everyone.
func parseLabels(body []byte) (l labels, err error) {
	var document yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(body))
	if err := d.Decode(&document); errors.Is(err, io.EOF) {
		if len(bytes.TrimSpace(body)) == 0 {
			return l, errors.New("it is empty; perhaps it is not written yet")
		}
		return l, nil // comments only
	} else if err != nil {
		return l, err
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return l, errors.New("more than one YAML document")
	}
	var said map[string]any
	if err := document.Decode(&said); err != nil {
		return l, err
	}
	for key, value := range said {
		switch {
		case key != "principals" && key != "metadata":
			return l, fmt.Errorf("%q is none of principals and metadata", key)
		case value == nil:
			return l, fmt.Errorf("%s has no value; write [] for everyone, or leave it out", key)
		}
	}
	if err := document.Decode(&l); err != nil {
		return labels{}, err
	}
	return l, l.check()
}
