package eval

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// folder writes files into a new folder; names that end in .gz are compressed.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		b := []byte(text)
		if strings.HasSuffix(name, ".gz") {
			var z bytes.Buffer
			w := gzip.NewWriter(&z)
			if _, err := w.Write(b); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			b = z.Bytes()
		}
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestReadBEIR(t *testing.T) {
	dir := folder(t, map[string]string{
		"queries.jsonl.gz": `{"_id":"q1","text":"one","metadata":{}}` + "\n\n" + `{"_id":"q2","text":"two"}` + "\r\n" + `{"_id":"q3","text":"three"}`,
		"qrels/test.tsv":   "query-id\tcorpus-id\tscore\nq1\ta b\t2\nq1\td2\t0\nq1\td2\t0\nq9\td1\t1\nq1\tgone\t-1\n",
		"corpus.jsonl":     "\ufeff" + `{"_id":"a b","title":"T","text":"x"}` + "\n" + `{"_id":"d2","text":"é€ quoted"}` + "\n",
		"answers.jsonl": `{"query-id":"q2","doc":"d2","spans":[{"start":3,"end":9,"text":"quoted"}]}` + "\n" +
			`{"query-id":"q3","answerable":false,"answers":["no"]}` + "\n",
	})
	d, err := ReadBEIR(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := []Query{
		{ID: "q1", Text: "one", Docs: map[string]int{"a b": 2, "d2": 0, "gone": -1}},
		{ID: "q2", Text: "two", Expected: []Expected{{Document: "d2", Quote: Quote{6, 12, "quoted"}}}},
		{ID: "q3", Text: "three", Absent: true},
	}
	if diff := cmp.Diff(want, d.Queries); diff != "" {
		t.Errorf("queries (-want +got):\n%s", diff)
	}
	if d.UnknownDocs != 1 || d.UnknownQueries != 1 {
		t.Errorf("unknown documents %d, queries %d, want 1 and 1", d.UnknownDocs, d.UnknownQueries)
	}
	var docs []Document
	for doc, err := range d.Corpus() {
		if err != nil {
			t.Fatal(err)
		}
		docs = append(docs, doc)
	}
	if diff := cmp.Diff([]Document{{"a b", "T", "x"}, {"d2", "", "é€ quoted"}}, docs); diff != "" {
		t.Errorf("corpus (-want +got):\n%s", diff)
	}
}

func TestReadBEIRErrorsNameTheLine(t *testing.T) {
	good := map[string]string{
		"queries.jsonl": `{"_id":"q1","text":"one"}`, "qrels.tsv": "q1\td1\t1", "corpus.jsonl": `{"_id":"d1","text":"x"}`,
	}
	for _, c := range []struct{ file, text, want string }{
		{"queries.jsonl", "\n{", "queries.jsonl:2: not a query"},
		{"queries.jsonl", `{"_id":"q1","text":"a"}` + "\n" + `{"_id":"q1","text":"b"}`, `queries.jsonl:2: query "q1" is there twice`},
		{"queries.jsonl", `{"_id":"q1"}`, "queries.jsonl:1: a query needs"},
		{"qrels.tsv", "q1\td1\t1\nq1\td2\thigh", `qrels.tsv:2: grade "high"`},
		{"qrels.tsv", "q1\td1\t1\nq1\td1\t2", `qrels.tsv:2: document "d1" is judged 1 and 2`},
		{"qrels.tsv", "q1", "qrels.tsv:1: want query, document, grade"},
		{"qrels.tsv", "q1\t\t1", "qrels.tsv:1: the query or the document is empty"},
		{"qrels.tsv", "q1\td1\t99999999999", "qrels.tsv:1: grade"},
		{"corpus.jsonl", `{"_id":"d1"}` + "\nnull x", "corpus.jsonl:2: not a document"},
		{"corpus.jsonl", `{"text":"x"}`, "corpus.jsonl:1: a document needs _id"},
		{"answers.jsonl", `{"query-id":"q1","doc":"d1","spans":[{"start":0,"end":1,"text":"y"}]}`, "does not hold the quoted text"},
		{"answers.jsonl", `{"query-id":"q1","doc":"d1","spans":[{"start":5,"end":1}]}`, "answers.jsonl:1: a span needs"},
		{"queries.jsonl.gz", "", ""},
	} {
		files := map[string]string{}
		for k, v := range good {
			files[k] = v
		}
		files[c.file] = c.text
		_, err := ReadBEIR(folder(t, files))
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s = %q: error %v, want %q", c.file, c.text, err, c.want)
		}
	}
	for _, files := range []map[string]string{{}, {"queries.jsonl": good["queries.jsonl"]}} {
		if _, err := ReadBEIR(folder(t, files)); err == nil {
			t.Errorf("%v: no error", files)
		}
	}
}

func TestReadLinesLimitsAndBadGzip(t *testing.T) {
	last := func(read func(func(line, error) bool)) (got error) {
		for _, err := range read {
			got = err
		}
		return got
	}
	long := strings.NewReader("a\n" + strings.Repeat("x", maxLine+1))
	err := last(func(yield func(line, error) bool) { scanLines("long", long, yield) })
	if err == nil || !strings.Contains(err.Error(), "long:2: longer than 64 MiB") {
		t.Errorf("a long line: %v", err)
	}
	dir := folder(t, map[string]string{"whole.gz": strings.Repeat("some text\n", 1000), "bad": "not gzip"})
	whole, err := os.ReadFile(dir + "/whole.gz")
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{"cut.gz": whole[:len(whole)/2], "bad.gz": []byte("not gzip"), "empty.gz": nil} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := last(readLines(filepath.Join(dir, name))); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := last(readLines(dir + "/absent")); err == nil {
		t.Error("a file that is not there: no error")
	}
}

func TestReadTREC(t *testing.T) {
	dir := folder(t, map[string]string{
		"topics.txt": `<top>
<num> Number: 301
<title> Topic: International
Organized Crime
<desc> Description:
Identify organizations
</top>
<top>
<num> 302
`,
		"closed.txt": "<top>\n<num>7</num>\n<title>closed tags</title>\n<narr>no</narr>\n</top>\n",
		"topics.tsv": "q1\twhat is it\nq2\twhy\n",
		"qrels":      "301 0 FT-1 1\n301 0 FT-2 0\n7 0 A 2\n",
	})
	if _, err := ReadTREC(dir+"/topics.txt", dir+"/qrels"); err == nil || !strings.Contains(err.Error(), "no </top>") {
		t.Errorf("an open topic: %v", err)
	}
	for file, want := range map[string]Query{
		"closed.txt": {ID: "7", Text: "closed tags", Docs: map[string]int{"A": 2}},
		"topics.tsv": {ID: "q1", Text: "what is it"},
	} {
		d, err := ReadTREC(dir+"/"+file, dir+"/qrels")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, d.Queries[0]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
	var r topicReader
	var got Query
	for l := range strings.Lines("<top>\n<num> Number: 301\n<title> Topic: International\nOrganized Crime\n<desc> Description:\nx\n</top>\n") {
		if q, complete, err := r.line(l); err != nil {
			t.Fatal(err)
		} else if complete {
			got = q
		}
	}
	if want := (Query{ID: "301", Text: "International Organized Crime"}); cmp.Diff(want, got) != "" {
		t.Errorf("classic topic: %+v", got)
	}
}

func TestReadGolden(t *testing.T) {
	dir := folder(t, map[string]string{"g.jsonl": strings.Join([]string{
		`{"question":"a","document":"x.html"}`,
		`{"id":"s","question":"b","document":"x.html","section":"S"}`,
		`{"question":"c","quotes":["one","two"]}`,
		`{"question":"d","absent":true}`,
	}, "\n")})
	d, err := ReadGolden(dir + "/g.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	want := []Query{
		{ID: "1", Text: "a", Docs: map[string]int{"x.html": 1}},
		{ID: "s", Text: "b", Expected: []Expected{{Document: "x.html", Section: "S"}}},
		{ID: "3", Text: "c", Expected: []Expected{{Quote: Quote{Text: "one"}}, {Quote: Quote{Text: "two"}}}},
		{ID: "4", Text: "d", Absent: true},
	}
	if diff := cmp.Diff(want, d.Queries); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for text, want := range map[string]string{
		`{"question":"a"}`: "say either",
		`{"question":"a","absent":true,"document":"x"}`: "say either",
		`{"question":" ","absent":true}`:                "a question is missing",
		`{"question":"a","qoute":"x"}`:                  "unknown field",
		`{"question":"a","quote":" "}`:                  "blank",
		`{"question":"a","absent":true} {}`:             "more than one object",
		`[]`:                                            "not a golden question",
	} {
		_, err := ReadGolden(folder(t, map[string]string{"g.jsonl": text}) + "/g.jsonl")
		if err == nil || !strings.Contains(err.Error(), "g.jsonl:1: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// FuzzReaders: any bytes give data or an error, never a panic.
func FuzzReaders(f *testing.F) {
	f.Add("q1\td1\t1\n")
	f.Add("<top>\n<num> 1\n<title> x\n</top>\n")
	f.Add(`{"question":"a","quote":"b"}`)
	f.Add(`{"_id":"a","text":"b"}`)
	f.Fuzz(func(t *testing.T, text string) {
		file := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		ReadQrels(file)
		ReadRun(file)
		ReadGolden(file)
		(&Dataset{}).readTopics(file)
		(&Dataset{}).readQueries(file)
		for range readCorpus(file) {
		}
	})
}
