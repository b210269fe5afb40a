package parse

import (
	"context"
	"fmt"
	"path"
	"strings"
)

// Bounds of what a document carries with it.
const (
	maxAttachments     = 100
	maxAttachmentBytes = MaxBytes // of all together
)

// Attachment is a document inside another: a file of an archive, or one sent
// with an e-mail. Those of an attachment itself are not looked for here.
type Attachment struct {
	// Name is a relative slash-separated path without "..", unique among its
	// document's. It names, and is never to be opened.
	Name string
	// MediaType is what Detect says of Body.
	MediaType string
	Body      []byte
}

// attachments collects a document's attachments within the bounds.
type attachments struct {
	list  []Attachment
	bytes int
	names map[string]bool
	// nested is what the archives among them unpack to.
	nested tally
}

// room reports whether one more attachment of n bytes is within the bounds.
func (a *attachments) room(n int) bool {
	return len(a.list) < maxAttachments && a.bytes+n <= maxAttachmentBytes
}

// add keeps a body that there is room for; an empty one is no document. An
// archive that would unpack to too much is errHeavy, and not kept.
func (a *attachments) add(ctx context.Context, name string, body []byte) error {
	if len(body) == 0 {
		return nil
	}
	name = a.unique(safeName(name))
	mediaType := Detect(name, body)
	nested := a.nested
	if err := nested.weigh(ctx, mediaType, body); err != nil {
		return err
	}
	a.nested = nested
	a.list = append(a.list, Attachment{Name: name, MediaType: mediaType, Body: body})
	a.bytes += len(body)
	return nil
}

func (a *attachments) unique(name string) string {
	if a.names == nil {
		a.names = map[string]bool{}
	}
	ext := path.Ext(name)
	for n, stem := 2, strings.TrimSuffix(name, ext); a.names[name]; n++ {
		name = fmt.Sprintf("%s-%d%s", stem, n, ext)
	}
	a.names[name] = true
	return name
}

// safeName makes any name a relative path that leads nowhere but down.
func safeName(name string) string {
	name = strings.ReplaceAll(oneLine(tidy(strings.ToValidUTF8(name, "_"))), `\`, "/")
	parts := strings.Split(cutBytes(name, 1000), "/")
	for i, p := range parts {
		parts[i] = strings.TrimSpace(p)
	}
	name = strings.TrimPrefix(path.Clean("/"+strings.Join(parts, "/")), "/")
	if name == "" {
		return "unnamed"
	}
	return name
}
