// Package conversation keeps questions that belong together with their answers:
// stored, resumed by who began them and nobody else, bounded in what is shown of
// them to a model, and deleted whole. It makes of a follow-up a question that
// stands alone, which is what is searched for.
package conversation

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"github.com/quarry-rag/quarry/generate"
)

// Errors that callers branch on.
var (
	// ErrUnknown: there is no such conversation, or it is not the caller's.
	ErrUnknown = errors.New("unknown conversation")
	// ErrFull: it has MaxTurns.
	ErrFull = errors.New("the conversation is full: begin another")
)

// MaxTurns of one conversation.
const MaxTurns = 1000

// Owner is who may read and continue a conversation: exactly the callers that
// name these principals, in any order. No principals are an owner too.
type Owner [sha256.Size]byte

// OwnerOf returns the owner that principals are.
func OwnerOf(principals []string) Owner {
	sorted := slices.Compact(slices.Sorted(slices.Values(principals)))
	h := sha256.New()
	for _, p := range sorted {
		h.Write(binary.AppendUvarint(nil, uint64(len(p)))) // so that no two lists are alike
		h.Write([]byte(p))
	}
	return Owner(h.Sum(nil))
}

// Conversation is one, without its turns.
type Conversation struct {
	ID string
	// Title is the first question, cut.
	Title                string
	Turns                int
	CreatedAt, UpdatedAt time.Time

	collection int64
	owner      Owner
	fresh      bool // not stored yet
	summary    string
	summarized int // turns that summary stands for
}

// Message is a question with its answer.
type Message struct {
	Turn       int // from 1
	Question   string
	Standalone string // as it was searched for
	Answer     string
	Model      string
	Verdict    generate.Outcome
	Citations  []Citation
	CreatedAt  time.Time
}

// Citation is a generate.Citation with where it stands.
type Citation struct {
	Passage     int      `json:"passage"`
	DocumentID  int64    `json:"document"`
	URI         string   `json:"uri"`
	Title       string   `json:"title,omitempty"`
	Version     int64    `json:"version"`
	HeadingPath []string `json:"headings,omitempty"`
	Page        int      `json:"page,omitempty"`
	Start       int      `json:"start"`
	End         int      `json:"end"`
	Quote       string   `json:"quote"`
	Commit      string   `json:"commit,omitempty"`
}

// newID is not to be guessed: 128 random bits.
func newID() string { return "c-" + rand.Text() }
