package parse

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jhillyerd/enmime/v2"
)

// maxMultiparts bounds the work that nested parts of an e-mail make: each level
// is read through all those around it.
const maxMultiparts = 64

var multipart = regexp.MustCompile(`(?im)^content-type:\s*multipart/`)

// readMail reads an e-mail (RFC 5322, MIME): who, when and what about, then its
// text, from HTML where the plain one is missing or says little, then its
// attachments' names.
func readMail(ctx context.Context, body []byte) (Parsed, error) {
	var out joined
	var files attachments
	m, err := openMail(ctx, body)
	if err != nil {
		return Parsed{}, err
	}
	if err := m.write(ctx, &out, &files, false); err != nil {
		return Parsed{}, err
	}
	p := out.parsed(m.metadata())
	p.Attachments = files.list
	return p, nil
}

// mail is one message.
type mail struct{ *enmime.Envelope }

var mailParser = enmime.NewParser(enmime.DisableTextConversion(true), enmime.SkipMalformedParts(true),
	enmime.MultipartWOBoundaryAsSinglePart(true), enmime.SetReadPartErrorPolicy(enmime.AllowCorruptTextPartErrorPolicy))

func openMail(ctx context.Context, body []byte) (mail, error) {
	if len(multipart.FindAllIndex(body, maxMultiparts+1)) > maxMultiparts {
		return mail{}, Permanent("an e-mail of more than %d nested parts", maxMultiparts)
	}
	e, err := mailParser.ReadEnvelope(contextReader{ctx, bytes.NewReader(body)})
	switch {
	case ctx.Err() != nil:
		return mail{}, ctx.Err()
	case err != nil:
		return mail{}, Permanent("damaged e-mail: %v", err)
	}
	return mail{e}, nil
}

// write appends the message; with heading its subject stands above.
func (m mail) write(ctx context.Context, out *joined, files *attachments, heading bool) error {
	var head page
	if s := m.field("Subject"); heading && s != "" {
		head.put(Block{Kind: Heading, Level: 1}, s, 0)
	}
	var lines []string
	for _, name := range []string{"From", "To", "Cc", "Date", "Subject"} {
		if v := m.field(name); v != "" {
			lines = append(lines, name+": "+v)
		}
	}
	if len(lines) > 0 {
		head.put(Block{Kind: Paragraph}, strings.Join(lines, "\n"), 0)
	}
	out.add(Parsed{Text: head.text(), Blocks: head.blocks})
	if err := m.body(ctx, out); err != nil {
		return err
	}
	return m.attach(ctx, out, files)
}

// field is a header's value, decoded, on one line. Bytes that no charset is
// given for are UTF-8 or else of the West.
func (m mail) field(name string) string {
	v := m.GetHeader(name)
	if western, ok := decodeAs("windows-1252", []byte(v)); ok && !utf8.ValidString(v) {
		v = western
	}
	return cutBytes(oneLine(tidy(strings.ToValidUTF8(v, ""))), 2<<10)
}

func (m mail) body(ctx context.Context, out *joined) error {
	text := canonical(tidy(strings.ToValidUTF8(m.Text, "\ufffd")))
	read := readPlain
	if strings.TrimSpace(text) == "" {
		text, read = canonical(strings.ToValidUTF8(m.HTML, "\ufffd")), readRendered
	}
	p, err := read(ctx, []byte(text))
	if err == nil && len(text) < maxStub && m.HTML != "" {
		if rich, err := readRendered(ctx, []byte(canonical(strings.ToValidUTF8(m.HTML, "\ufffd")))); err == nil && len(rich.Text) > 2*len(text) {
			p = rich
		}
	}
	if err == nil {
		out.add(p)
	}
	return err
}

// maxStub is how long a plain text, in bytes, may be that only says that the
// other is to be read.
const maxStub = 1000

// readRendered reads HTML that is UTF-8 already, whatever it declares.
func readRendered(ctx context.Context, body []byte) (Parsed, error) {
	return renderHTML(ctx, string(body), htmlMode{})
}

// attach keeps the message's attachments as far as there is room, and lists all.
func (m mail) attach(ctx context.Context, out *joined, files *attachments) error {
	var list page
	for i, part := range m.parts() {
		name := part.FileName
		if name == "" {
			name = fmt.Sprintf("attachment-%d", i+1)
			name += mailExtensions[part.ContentType]
		}
		if len(part.Content) == 0 || strings.HasPrefix(part.ContentType, "image/") && part.FileName == "" {
			continue
		}
		list.put(Block{Kind: ListItem}, "Attachment: "+safeName(name), 0)
		if files.room(len(part.Content)) {
			if err := files.add(ctx, name, part.Content); ctx.Err() != nil {
				return err
			}
		}
	}
	out.add(Parsed{Text: list.text(), Blocks: list.blocks})
	return nil
}

// parts are the message's files, out of the wrapping that Outlook sends them in.
func (m mail) parts() []*enmime.Part {
	var list []*enmime.Part
	for _, part := range slices.Concat(m.Attachments, m.Inlines, m.OtherParts) {
		if !bytes.HasPrefix(part.Content, tnefSignature) {
			list = append(list, part)
			continue
		}
		for _, f := range readTNEF(part.Content) {
			list = append(list, &enmime.Part{FileName: f.name, Content: f.body})
		}
	}
	return list
}

// mailExtensions are for parts without a name.
var mailExtensions = map[string]string{"message/rfc822": ".eml", "text/calendar": ".ics", "text/csv": ".csv", "application/json": ".json"}

// metadata is the message's headers; its title is the subject.
func (m mail) metadata() map[string]any {
	meta := map[string]any{}
	for key, name := range map[string]string{"title": "Subject", "from": "From", "to": "To", "cc": "Cc", "message_id": "Message-Id"} {
		if v := m.field(name); v != "" {
			meta[key] = v
		}
	}
	if t, err := m.Date(); err == nil && t.Year() >= 0 && t.Year() < 10_000 {
		meta["date"] = t.UTC().Format(time.RFC3339)
	}
	return meta
}
