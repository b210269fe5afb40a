package migrations_test

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/quarry-rag/quarry/internal/pgtest"
	"github.com/quarry-rag/quarry/migrations"
)

func TestCheckTellsASchemaThatIsBehind(t *testing.T) {
	dsn := pgtest.New(t)
	if err := migrations.Check(t.Context(), dsn); err != nil {
		t.Errorf("of a migrated database: %v", err)
	}
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	for _, older := range []string{
		`delete from goose_db_version where version_id = (select max(version_id) from goose_db_version)`,
		`drop table goose_db_version`,
	} {
		if _, err := conn.Exec(t.Context(), older); err != nil {
			t.Fatal(err)
		}
		if err := migrations.Check(t.Context(), dsn); !errors.Is(err, migrations.ErrBehind) {
			t.Errorf("after %s: %v", older, err)
		}
	}
}
