package parse

import "context"

// contained runs a reader that stands on a library which has not been proved
// against hostile bytes: a panic in it is a reason, not a crash.
func contained(read reader) reader {
	return func(ctx context.Context, body []byte) (p Parsed, err error) {
		defer func() {
			if r := recover(); r != nil {
				p, err = Parsed{}, Permanent("damaged: its structure makes no sense")
			}
		}()
		return read(ctx, body)
	}
}
