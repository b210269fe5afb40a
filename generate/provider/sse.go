package provider

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
)

// errLine: a line over the limit, or data that is neither JSON nor the end.
var errLine = errors.New("malformed event stream")

// event reads one event's data. Each data line that is JSON by itself is an
// event, for servers that leave out the blank line between them.
func (s *stream) event() (data []byte, isError bool, err error) {
	for {
		line, err := s.line()
		if err != nil {
			return nil, false, err
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch {
		case len(line) == 0 && json.Valid(data):
			return data, isError, nil
		case len(line) == 0 && len(bytes.TrimSpace(data)) > 0:
			return nil, false, errLine
		case len(line) == 0:
			isError, data = false, nil
		case string(name) == "event":
			isError = string(value) == "error"
		case string(name) == "data":
			value = bytes.TrimSpace(value)
			if data == nil && (string(value) == "[DONE]" || json.Valid(value)) {
				return value, isError, nil
			}
			if data = append(append(data, value...), '\n'); len(data) > maxLine {
				return nil, false, errLine
			}
		}
	}
}

// line reads to the next line end ("\n", "\r\n"), which it drops.
func (s *stream) line() ([]byte, error) {
	var long []byte
	for {
		part, err := s.lines.ReadSlice('\n')
		if err == bufio.ErrBufferFull {
			if long = append(long, part...); len(long) > maxLine {
				return nil, errLine
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		if long != nil {
			part = append(long, part...)
		}
		return bytes.TrimRight(part, "\r\n"), nil
	}
}
