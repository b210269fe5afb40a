package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/quarry-rag/quarry/internal/retryafter"
)

// Codes of errors that are found on this side. Others are the provider's own.
const (
	CodeUnreachable = "unreachable"  // no response
	CodeTimeout     = "timeout"      // the first token, or the whole answer, came too late
	CodeStalled     = "stalled"      // the stream fell silent
	CodeTruncated   = "truncated"    // the stream ended before its end was said
	CodeBadResponse = "bad_response" // not the protocol
	CodeEmpty       = "empty_answer" // it ended well and held no text
)

// Error is a model call that failed at the provider or on the way to it. It
// never holds the key.
type Error struct {
	Model string
	// Status is HTTP's; 0 when there was no response or it began well.
	Status  int
	Code    string
	Message string
	// RetryAfter is the provider's wish; 0 when it has none.
	RetryAfter time.Duration
	// Retryable: the same call may succeed later, or elsewhere.
	Retryable bool
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "model %q", e.Model)
	if e.Status != 0 {
		fmt.Fprintf(&b, ": status %d", e.Status)
	}
	if e.Code != "" {
		fmt.Fprintf(&b, ": %s", e.Code)
	}
	if e.Message != "" {
		fmt.Fprintf(&b, ": %s", e.Message)
	}
	return b.String()
}

// retryable statuses say that the server, not the request, is at fault.
func retryable(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	}
	return status >= 500 && status != http.StatusNotImplemented
}

// apiError is the error object of the wire, whose code is a string, a number or null.
type apiError struct {
	Message string          `json:"message"`
	Type    string          `json:"type"`
	Code    json.RawMessage `json:"code"`
}

// parseAPIError reads the value of an "error" member: an object, or a bare string.
func parseAPIError(raw json.RawMessage) apiError {
	var e apiError
	if json.Unmarshal(raw, &e) == nil {
		return e
	}
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return apiError{Message: s}
	}
	return apiError{Message: string(raw)}
}

// code is the error's name, and status its number when it is an HTTP one.
func (e apiError) code() (code string, status int) {
	if json.Unmarshal(e.Code, &code) != nil {
		code = ""
	}
	n, err := strconv.Atoi(strings.Trim(string(e.Code), `"`))
	if err == nil && n >= 400 && n <= 599 {
		status = n
	}
	if code == "" {
		code = e.Type
	}
	if status == 0 {
		status = anthropicStatus[code]
	}
	return oneLine(code, 64), status
}

// statusError describes a response that is not 200.
func (m *Model) statusError(status int, header http.Header, body []byte) *Error {
	var wire struct {
		Error json.RawMessage `json:"error"`
	}
	e := apiError{Message: string(body)}
	if json.Unmarshal(body, &wire) == nil && len(wire.Error) > 0 {
		e = parseAPIError(wire.Error)
	}
	code, _ := e.code()
	return &Error{
		Model: m.config.Name, Status: status, Code: code, Message: m.redact(e.Message),
		RetryAfter: retryafter.Wait(header, time.Now()),
		// A quota that is spent is also a 429, and waiting does not fill it.
		Retryable: retryable(status) && code != "insufficient_quota",
	}
}

// filtered tells whether an error says that a content filter let the prompt not
// through: Azure answers so with a status, and with a finish reason later on.
func filtered(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Status == http.StatusBadRequest && (e.Code == "content_filter" || e.Code == "content_policy_violation")
}

// eventError describes an error sent in the middle of a stream.
func (m *Model) eventError(raw json.RawMessage) *Error {
	e := parseAPIError(raw)
	code, status := e.code()
	return &Error{
		Model: m.config.Name, Status: status, Code: code, Message: m.redact(e.Message),
		Retryable: status == 0 || retryable(status),
	}
}

// fault is an error found on this side; all of them may pass.
func (m *Model) fault(code, format string, a ...any) *Error {
	return &Error{Model: m.config.Name, Code: code, Message: m.redact(fmt.Sprintf(format, a...)), Retryable: true}
}

// transportError names what went wrong on the wire. The end of the caller's
// context stays what it is; url.Error is unwrapped, because a URL may hold secrets.
func (m *Model) transportError(ctx context.Context, code string, err error) error {
	var own *Error
	if errors.As(context.Cause(ctx), &own) {
		return own
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return m.fault(code, "%v", err)
}

// redact bounds a message, makes it one line and takes the key out.
func (m *Model) redact(s string) string {
	if m.config.Key != "" {
		s = strings.ReplaceAll(s, m.config.Key, "[key]")
	}
	return oneLine(s, 300)
}

// oneLine makes s printable, on one line, of at most limit bytes and an ellipsis.
func oneLine(s string, limit int) string {
	s = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "\uFFFD"), func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r)
	}), " ")
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit] + "…"
}
