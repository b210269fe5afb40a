package answercache

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/quarry-rag/quarry/generate"
	"github.com/quarry-rag/quarry/retrieve"
)

// Part is what is shared of an answer on its way: Found first, then the events.
type Part struct {
	Found *Found
	Event generate.Event
}

// Found is what an answer is drawn from.
type Found struct {
	retrieve.Result
	Words retrieve.Weights
	// Tries of models that put the question in other words for the search. They are
	// of who asked it first, and are not kept.
	Tries []generate.Try
	// Again is the entry that the answer is given again from; nil: it is made now.
	Again *Entry
}

// Entry is an answer as it was made.
type Entry struct {
	Found  Found
	Events []generate.Event
	MadeAt time.Time
	// NanoDollars it cost; nil: not known.
	NanoDollars *int64
	// Model that wrote it.
	Model string
	// Semantic: it was made for another question that means the same.
	Semantic bool
}

// Add takes the next event of the answer. After a restart it begins anew.
func (e *Entry) Add(event generate.Event) {
	if _, again := event.(generate.Restart); again {
		e.Events = nil
		return
	}
	e.Events = append(e.Events, event)
}

// Paid says which model wrote an answer, and what all its tries cost in billionths
// of a US dollar; nil when that of one is not known.
func Paid(d generate.Done) (model string, nanos *int64) {
	sum, known := 0.0, true
	for _, t := range d.Tries {
		dollars, ok := t.Cost()
		known = known && (ok || t.Duration == 0)
		sum += dollars
		if t.Code == "" && t.Purpose == "" {
			model = t.Model
		}
	}
	if !known {
		return model, nil
	}
	n := int64(math.Round(sum * 1e9))
	return model, &n
}

// maxBody is the largest entry kept, in bytes as written.
const maxBody = 1 << 20

// written is an entry as it is stored.
type written struct {
	Passages    []retrieve.Passage
	Notes       []string
	DensePlan   string
	Coverage    float64
	Model       string // of the vectors
	Fingerprint string
	Writer      string
	Events      []writtenEvent
}

// writtenEvent has one field set.
type writtenEvent struct {
	Delta    *generate.Delta    `json:",omitempty"`
	Object   *generate.Object   `json:",omitempty"`
	Citation *generate.Citation `json:",omitempty"`
	Support  *generate.Support  `json:",omitempty"`
	Usage    *generate.Usage    `json:",omitempty"`
	Verdict  *generate.Verdict  `json:",omitempty"`
	Done     *generate.Done     `json:",omitempty"`
}

// errTooLarge: an entry is not worth its room.
var errTooLarge = errors.New("too large to keep")

func write(e *Entry) ([]byte, error) {
	w := written{
		Passages: e.Found.Passages, Notes: e.Found.Notes, DensePlan: e.Found.DensePlan, Coverage: e.Found.Coverage,
		Model: e.Found.Words.Model, Fingerprint: e.Found.Words.Fingerprint,
	}
	for _, event := range e.Events {
		var v writtenEvent
		switch event := event.(type) {
		case generate.Delta:
			v.Delta = &event
		case generate.Object:
			v.Object = &event
		case generate.Progress:
			continue // it is over
		case generate.Citation:
			v.Citation = &event
		case generate.Support:
			v.Support = &event
		case generate.Usage:
			v.Usage = &event
		case generate.Verdict:
			v.Verdict = &event
		case generate.Done:
			w.Writer, _ = Paid(event)
			v.Done = &event
		default:
			return nil, fmt.Errorf("keep an answer: %T is not for keeping", event)
		}
		w.Events = append(w.Events, v)
	}
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if err := errors.Join(json.NewEncoder(z).Encode(w), z.Close()); err != nil {
		return nil, fmt.Errorf("keep an answer: %w", err)
	}
	if out.Len() > maxBody {
		return nil, errTooLarge
	}
	return out.Bytes(), nil
}

func read(body []byte) (*Entry, error) {
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("read a kept answer: %w", err)
	}
	var w written
	if err := json.NewDecoder(io.LimitReader(z, 64*maxBody)).Decode(&w); err != nil {
		return nil, fmt.Errorf("read a kept answer: %w", err)
	}
	e := &Entry{Model: w.Writer}
	e.Found.Passages, e.Found.Notes, e.Found.DensePlan, e.Found.Coverage = w.Passages, w.Notes, w.DensePlan, w.Coverage
	e.Found.Words.Model, e.Found.Words.Fingerprint = w.Model, w.Fingerprint
	for _, v := range w.Events {
		switch {
		case v.Delta != nil:
			e.Events = append(e.Events, *v.Delta)
		case v.Object != nil:
			e.Events = append(e.Events, *v.Object)
		case v.Citation != nil:
			e.Events = append(e.Events, *v.Citation)
		case v.Support != nil:
			e.Events = append(e.Events, *v.Support)
		case v.Usage != nil:
			e.Events = append(e.Events, generate.Usage{}) // nothing is used now
		case v.Verdict != nil:
			e.Events = append(e.Events, *v.Verdict)
		case v.Done != nil:
			v.Done.Tries, v.Done.FirstToken, v.Done.Total = nil, 0, 0
			e.Events = append(e.Events, *v.Done)
		}
	}
	return e, nil
}
