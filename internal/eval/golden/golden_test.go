package golden

import (
	"bytes"
	"encoding/json"
	"flag"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/quarry-rag/quarry/internal/eval"
	pb "github.com/quarry-rag/quarry/proto/quarry/v1"
)

var update = flag.Bool("update", false, "write the golden figures")

// slack absorbs what another kind of CPU does to the last digits of a vector.
const slack = 0.005

// figures are what the golden file holds.
type figures struct {
	// Spec is the version of the Go specification that was searched.
	Spec string `json:"spec"`
	// Rows: setting, measure, value.
	Rows map[string]map[string]float64 `json:"rows"`
}

// TestGoSpecification asks 30 questions about the Go specification, and 5 that the
// Go documents do not answer, and compares how well each leg finds the section
// with the golden figures. It fails when a figure is worse.
func TestGoSpecification(t *testing.T) {
	const goldenFile = "testdata/gospec.json"
	docs := goDocs(t)
	d, err := eval.ReadGolden("../testdata/gospec.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	checkHeadings(t, docs["go_spec.html"], d)
	got := measure(t, docs, d)
	if *update {
		writeJSON(t, goldenFile, got)
	}
	var want figures
	readJSON(t, goldenFile, &want)
	if len(want.Rows) != len(got.Rows) {
		t.Fatalf("%d rows, the golden file has %d", len(got.Rows), len(want.Rows))
	}
	for setting, row := range want.Rows {
		for name, before := range row {
			switch now := got.Rows[setting][name]; {
			case now < before-slack:
				t.Errorf("%s: %s is %.4f, was %.4f on %q (now %q)", setting, name, now, before, want.Spec, got.Spec)
			case now > before+slack:
				t.Logf("%s: %s is %.4f, was %.4f: better; -update keeps it", setting, name, now, before)
			}
		}
	}
}

// measure puts the documents into a collection and runs the questions.
func measure(t *testing.T, docs map[string][]byte, d eval.Dataset) figures {
	t.Helper()
	conn := serve(t)
	s := eval.NewServer(conn, "go")
	if err := s.Create(t.Context(), eval.Setting{}); err != nil {
		t.Fatal(err)
	}
	for name, body := range docs {
		resp, err := pb.NewIngestServiceClient(conn).PutDocument(t.Context(), &pb.PutDocumentRequest{
			Collection: "go", Uri: "file:///go/doc/" + name, Content: body, Wait: true,
		})
		if err != nil || resp.GetDocument().GetState() != pb.DocumentState_DOCUMENT_STATE_READY {
			t.Fatalf("put %s: %v, %v", name, resp, err)
		}
	}
	rows, err := eval.Settings([]string{"dense", "lexical", "hybrid"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	score, err := s.MinScore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r, err := eval.Run(t.Context(), s, d, rows, eval.Options{
		Measures: []eval.Measure{{Kind: "mrr", K: 10}, {Kind: "recall", K: 5}, {Kind: "recall", K: 10}},
		Passages: 50, MinScore: score,
	})
	if err != nil {
		t.Fatal(err)
	}
	show(t, r)
	got := figures{Spec: version(docs["go_spec.html"]), Rows: map[string]map[string]float64{}}
	for _, row := range r.Rows {
		if row.Degraded > 0 {
			t.Fatalf("%s: %d searches were degraded", row.Setting, row.Degraded)
		}
		got.Rows[row.Setting.String()] = rounded(row.Means)
	}
	return got
}

// rounded to 4 decimals, so that the golden file is easy to read.
func rounded(means map[string]float64) map[string]float64 {
	out := map[string]float64{}
	for name, v := range means {
		out[name] = math.Round(v*1e4) / 1e4
	}
	return out
}

func show(t *testing.T, r eval.Report) {
	t.Helper()
	var b bytes.Buffer
	if err := r.Table(&b); err != nil {
		t.Fatal(err)
	}
	if err := r.WriteWorst(&b, r.Best(), 5); err != nil {
		t.Fatal(err)
	}
	t.Log(b.String())
}

// goDocs reads the documents of the Go distribution.
func goDocs(t *testing.T) map[string][]byte {
	t.Helper()
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatalf("go env GOROOT: %v", err)
	}
	dir := filepath.Join(strings.TrimSpace(string(out)), "doc")
	docs := map[string][]byte{}
	for _, name := range []string{"go_spec.html", "go_mem.html", "asm.html", "godebug.md"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatalf("%v: this test searches the Go distribution's doc folder, which some distributions leave out or package apart; install Go from go.dev/dl, or its documentation package", err)
		}
		docs[name] = b
	}
	return docs
}

var (
	headings = regexp.MustCompile(`(?s)<h[1-6][^>]*>(.*?)</h[1-6]>`)
	tags     = regexp.MustCompile(`<[^>]*>`)
	subtitle = regexp.MustCompile(`"Subtitle": "([^"]*)"`)
)

// checkHeadings: a section that the specification no longer has would look like
// bad retrieval.
func checkHeadings(t *testing.T, spec []byte, d eval.Dataset) {
	t.Helper()
	has := map[string]bool{}
	for _, m := range headings.FindAllSubmatch(spec, -1) {
		has[strings.TrimSpace(tags.ReplaceAllString(string(m[1]), ""))] = true
	}
	for _, q := range d.Queries {
		for _, e := range q.Expected {
			if !has[e.Section] {
				t.Errorf("question %s expects the section %q, which is not in %s", q.ID, e.Section, version(spec))
			}
		}
	}
}

func version(spec []byte) string {
	if m := subtitle.FindSubmatch(spec); m != nil {
		return string(m[1])
	}
	return "a specification without a version"
}

func readJSON(t *testing.T, file string, v any) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

func writeJSON(t *testing.T, file string, v any) {
	t.Helper()
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append(b, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}
