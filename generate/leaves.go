package generate

import (
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
)

// leaves yields the texts and numbers of a JSON value with their pointers, in
// the order of keys.
func leaves(value any) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) { walkLeaves("", value, yield) }
}

func walkLeaves(path string, value any, yield func(string, string) bool) bool {
	switch v := value.(type) {
	case string:
		return yield(path, v)
	case json.Number:
		return yield(path, v.String())
	case []any:
		for i, child := range v {
			if !walkLeaves(fmt.Sprintf("%s/%d", path, i), child, yield) {
				return false
			}
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			escaped := strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
			if !walkLeaves(path+"/"+escaped, v[key], yield) {
				return false
			}
		}
	}
	return true
}
