package api

import (
	"encoding/base64"
	"strings"
)

// pageVersion begins every token, so that a later form can tell old ones.
const pageVersion = "1:"

// pageToken hides the URI after which the next page begins. Clients must not
// read it, since its form may change.
func pageToken(after string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(pageVersion + after))
}

// afterToken is the opposite; "" is the first page.
func afterToken(token string) (string, error) {
	if token == "" {
		return "", nil
	}
	b, err := base64.RawURLEncoding.DecodeString(token)
	after, ok := strings.CutPrefix(string(b), pageVersion)
	if err != nil || !ok || after == "" {
		return "", &fieldError{"page_token", "not a token of this server"}
	}
	return after, nil
}
