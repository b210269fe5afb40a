package parse

import (
	"bytes"
	"context"
	"regexp"
)

// readMbox reads a mailbox (RFC 4155): each message a section under its subject.
// One that cannot be read is counted, unless it is all there is.
func readMbox(ctx context.Context, body []byte) (Parsed, error) {
	var out joined
	var files attachments
	n, damaged, reason := 0, 0, error(nil)
	for len(body) > 0 {
		if ctx.Err() != nil {
			return Parsed{}, ctx.Err()
		}
		var message []byte
		message, body = nextMessage(body)
		m, err := openMail(ctx, message)
		if err == nil {
			err = m.write(ctx, &out, &files, true)
		}
		switch {
		case ctx.Err() != nil:
			return Parsed{}, ctx.Err()
		case err != nil:
			damaged, reason = damaged+1, err
		}
		n++
	}
	if damaged == n {
		return Parsed{}, reason
	}
	meta := map[string]any{"messages": n}
	if damaged > 0 {
		meta["damaged_messages"] = damaged
	}
	p := out.parsed(meta)
	p.Title = "" // the first message's subject is not the mailbox's
	p.Attachments = files.list
	return p, nil
}

// mboxFrom is the line that begins a message: a sender and a time. A sentence
// that begins with "From" has none.
var mboxFrom = regexp.MustCompile(`^From \S+ .*\d\d:\d\d.*\d{4}`)

var mboxQuoted = regexp.MustCompile(`(?m)^>(>*From )`)

// nextMessage cuts the first message off, without the line "From …" that it
// begins with and with the quoting of such lines undone.
func nextMessage(body []byte) (message, rest []byte) {
	if bytes.HasPrefix(body, []byte("From ")) {
		end := bytes.IndexByte(body, '\n')
		if end < 0 {
			return nil, nil
		}
		body = body[end+1:]
	}
	message = body
	for at := 0; ; {
		i := bytes.Index(body[at:], []byte("\nFrom "))
		if i < 0 {
			break
		}
		at += i + 1
		// The line before is blank, or it is no boundary.
		blank := at < 2 || body[at-2] == '\n' || at > 2 && body[at-2] == '\r' && body[at-3] == '\n'
		if blank && mboxFrom.Match(body[at:min(len(body), at+200)]) {
			message, rest = body[:at], body[at:]
			break
		}
	}
	return mboxQuoted.ReplaceAll(message, []byte("$1")), rest
}
