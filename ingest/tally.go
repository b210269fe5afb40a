package ingest

import (
	"context"
	"fmt"
	"time"
)

// maxReasons bounds the reasons kept of an import; files skipped for further
// ones are counted together.
const maxReasons = 100

// tally is what a scan counts. It starts again when the scan does.
type tally struct {
	listed, unchanged int64
	skipped           map[string]*Skipped
}

func (t *tally) skip(reason, example string) {
	if _, ok := t.skipped[reason]; !ok && len(t.skipped) >= maxReasons {
		reason = "other reasons"
	}
	s, ok := t.skipped[reason]
	if !ok {
		s = &Skipped{Example: example}
		t.skipped[reason] = s
	}
	s.Count++
}

// save writes the tally: when now is set, else at most twice a second. It gives
// errCancelled when the import goes on no longer.
func (s *scan) save(ctx context.Context, now bool) error {
	if !now && time.Since(s.saved) < 500*time.Millisecond {
		return nil
	}
	s.saved = time.Now()
	tag, err := s.in.pool.Exec(ctx, `update import set listed = $3, unchanged = $4, skipped = $5, plan = $6
		where collection_id = $1 and import_id = $2 and state = 'scanning'`, s.col, s.id, s.tally.listed, s.tally.unchanged, s.tally.skipped, s.plan)
	if err != nil {
		return fmt.Errorf("save progress: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return errCancelled
	}
	return nil
}
