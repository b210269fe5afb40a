package parse

import (
	"bytes"
	"context"
)

// readMbox reads a mailbox (RFC 4155): each message a section under its subject.
func readMbox(ctx context.Context, body []byte) (Parsed, error) {
	var out joined
	var files attachments
	n := 0
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
		if err != nil {
			return Parsed{}, err
		}
		n++
	}
	p := out.parsed(map[string]any{"messages": n})
	p.Title = "" // the first message's subject is not the mailbox's
	p.Attachments = files.list
	return p, nil
}

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
	for at := 0; ; {
		i := bytes.Index(body[at:], []byte("\nFrom "))
		if i < 0 {
			message = body
			break
		}
		at += i + 1
		// The line before is blank, or it is no boundary.
		if at < 2 || body[at-2] == '\n' || at > 2 && body[at-2] == '\r' && body[at-3] == '\n' {
			message, rest = body[:at], body[at:]
			break
		}
	}
	return bytes.ReplaceAll(message, []byte("\n>From "), []byte("\nFrom ")), rest
}
