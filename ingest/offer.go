package ingest

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of what is accepted with a document.
const (
	maxURIBytes      = 2048
	maxTitleBytes    = 2048
	maxMetadataBytes = 64 << 10
	maxPrincipals    = 1000
)

// offer is a document handed in, checked.
type offer struct {
	uri, source      string
	mediaType, title string // as given
	body             []byte
	hash             []byte
	modifiedAt       *time.Time
	version          string // what its source calls the content; empty: nothing
	metadata         json.RawMessage
	principals       []string
	parent           *int64 // the document that it is an attachment of
	// keep leaves the metadata of a document that exists as it is, but for the keys
	// given, keepPrincipals its principals.
	keep, keepPrincipals bool
	// again: it is to be indexed also if its content is there already.
	again bool
	// labels are in metadata and principals already.
	labels labels
}

// offerOf checks a document that a caller hands in.
func offerOf(d Document) (offer, error) {
	o := offer{uri: d.URI, mediaType: d.MediaType, title: d.Title, body: d.Body, principals: d.Principals}
	if o.principals == nil {
		o.principals = []string{}
	}
	if o.body == nil {
		o.body = []byte{}
	}
	if !d.ModifiedAt.IsZero() {
		o.modifiedAt = &d.ModifiedAt
	}
	if len(d.Body) > MaxDocumentBytes {
		return offer{}, &Invalid{"content", fmt.Sprintf("has %d bytes, more than %d", len(d.Body), MaxDocumentBytes)}
	}
	if d.URI == "" {
		return offer{}, &Invalid{"uri", "is empty"}
	}
	if err := checkText("uri", d.URI, maxURIBytes); err != nil {
		return offer{}, err
	}
	if err := checkText("title", d.Title, maxTitleBytes); err != nil {
		return offer{}, err
	}
	if err := checkText("media_type", d.MediaType, 255); err != nil {
		return offer{}, err
	}
	if err := checkPrincipals(d.Principals); err != nil {
		return offer{}, err
	}
	var err error
	if o.metadata, err = metadataJSON(d.Metadata); err != nil {
		return offer{}, err
	}
	if d.MediaType == PreparedType {
		if o.body, err = repack(d.Body); err != nil {
			return offer{}, &Invalid{"content", "is not a prepared document: " + err.Error()}
		}
	}
	o.hash = contentHash(o.mediaType, o.title, o.body)
	return o, nil
}

func checkText(field, s string, limit int) error {
	switch {
	case len(s) > limit:
		return &Invalid{field, fmt.Sprintf("has %d bytes, more than %d", len(s), limit)}
	case !utf8.ValidString(s):
		return &Invalid{field, "is not valid UTF-8"}
	case strings.ContainsRune(s, 0):
		return &Invalid{field, "holds a NUL"}
	}
	return nil
}

func checkPrincipals(ps []string) error {
	if len(ps) > maxPrincipals {
		return &Invalid{"principals", fmt.Sprintf("are %d, more than %d", len(ps), maxPrincipals)}
	}
	for i, p := range ps {
		if p == "" {
			return &Invalid{fmt.Sprintf("principals[%d]", i), "is empty"}
		}
		if err := checkText(fmt.Sprintf("principals[%d]", i), p, 255); err != nil {
			return err
		}
	}
	return nil
}

// metadataJSON encodes metadata as Postgres can store it: jsonb holds no NUL.
func metadataJSON(m map[string]any) (json.RawMessage, error) {
	if len(m) == 0 {
		return json.RawMessage("{}"), nil
	}
	if holdsNUL(m) {
		return nil, &Invalid{"metadata", "holds a NUL"}
	}
	b, err := json.Marshal(m)
	if err != nil {
		return nil, &Invalid{"metadata", "is not JSON: " + err.Error()}
	}
	if len(b) > maxMetadataBytes {
		return nil, &Invalid{"metadata", fmt.Sprintf("has %d bytes as JSON, more than %d", len(b), maxMetadataBytes)}
	}
	return b, nil
}

func holdsNUL(v any) bool {
	switch v := v.(type) {
	case string:
		return strings.ContainsRune(v, 0)
	case []any:
		for _, e := range v {
			if holdsNUL(e) {
				return true
			}
		}
	case map[string]any:
		for k, e := range v {
			if holdsNUL(k) || holdsNUL(e) {
				return true
			}
		}
	}
	return false
}

// contentHash covers all that decides a document's chunks, each part after its
// length so that no two divisions of the same bytes collide.
func contentHash(mediaType, title string, body []byte) []byte {
	h := sha256.New()
	for _, part := range [][]byte{[]byte(mediaType), []byte(title), body} {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		h.Write(part)
	}
	return h.Sum(nil)
}
