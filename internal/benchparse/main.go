// Command benchparse compares what the parsers read with the expected texts of
// a folder tree: FORMAT/sources/NAME beside FORMAT/groundtruth/NAME.md, or NAME
// beside STEM.md in one folder. `make bench-parse` runs it.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/quarry-rag/quarry/ingest/parse"
)

func main() {
	serveChild()
	worst := flag.Float64("worst", 0, "also print files whose token recall is below this")
	shown := flag.Int("tokens", 0, "and so many of the expected tokens that were not found, and of those found that were not expected")
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "benchparse: give folders of documents with expected texts")
		os.Exit(2)
	}
	if err := run(flag.Args(), *worst, *shown); err != nil {
		fmt.Fprintln(os.Stderr, "benchparse:", err)
		os.Exit(1)
	}
}

// run scores the documents of the folders by format, and then PDFium alone on
// those that are PDFs.
func run(dirs []string, worst float64, shown int) error {
	formats := map[string]*score{}
	var pdfs [][]byte
	for _, dir := range dirs {
		pairs, err := find(dir)
		if err != nil {
			return err
		}
		for _, p := range pairs {
			one := measure(p)
			if one.err != nil || one.recall() < worst {
				show(p, one, shown)
			}
			ext := strings.ToLower(strings.TrimPrefix(filepath.Ext(p.source), "."))
			if formats[ext] == nil {
				formats[ext] = &score{}
			}
			formats[ext].add(one)
			if ext == "pdf" && one.err == nil {
				if body, err := os.ReadFile(p.source); err == nil {
					pdfs = append(pdfs, body)
				}
			}
		}
	}
	print(formats)
	if len(pdfs) == 0 {
		return nil
	}
	if err := pages(pdfs); err != nil {
		return fmt.Errorf("PDFium alone: %w", err)
	}
	return nil
}

// show prints one document's score, with at most so many tokens of each kind.
func show(p pair, one score, tokens int) {
	fmt.Printf("%-60s recall %.3f precision %.3f order %.3f %v\n", p.source, one.recall(), one.precision(), one.order(), one.failure())
	for i, list := range [][]string{one.missing, one.extra} {
		if n := min(tokens, len(list)); n > 0 {
			fmt.Printf("  %c %q\n", "-+"[i], list[:n])
		}
	}
}

func print(formats map[string]*score) {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "format\tfiles\tfailed\trecall\tonce\tprecision\torder\theadings\tcells\tMB/s\t")
	var names []string
	for f := range formats {
		names = append(names, f)
	}
	slices.Sort(names)
	for _, f := range names {
		s := formats[f]
		fmt.Fprintf(w, "%s\t%d\t%d\t%.3f\t%.3f\t%.3f\t%.3f\t%s\t%s\t%.1f\t\n", f, s.files, s.failed, s.recall(), s.once(), s.precision(), s.order(),
			share(s.headings), share(s.cells), float64(s.bytes)/1e6/max(s.took.Seconds(), 1e-9))
	}
	w.Flush()
}

func share(c [2]int) string {
	if c[1] == 0 {
		return "-"
	}
	return fmt.Sprintf("%.3f", float64(c[0])/float64(c[1]))
}

type pair struct{ source, expected string }

// find lists the documents that have an expected text.
func find(dir string) ([]pair, error) {
	var pairs []pair
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() || strings.Contains(path, "/groundtruth/") {
			return err
		}
		stem := strings.TrimSuffix(path, filepath.Ext(path))
		gt := strings.Replace(path, "/sources/", "/groundtruth/", 1)
		var wants []string
		if gt != path {
			wants = []string{gt + ".md", strings.TrimSuffix(gt, filepath.Ext(gt)) + ".md"}
		} else if same, _ := filepath.Glob(stem + ".*"); len(same) == 2 {
			wants = append(wants, stem+".md")
		}
		for _, want := range wants {
			if st, err := os.Stat(want); err == nil && want != path && st.Size() > 0 {
				pairs = append(pairs, pair{path, want})
				break
			}
		}
		return nil
	})
	return pairs, err
}

// measure parses one document and scores it.
func measure(p pair) score {
	body, err := os.ReadFile(p.source)
	if err != nil {
		return score{files: 1, failed: 1, err: err}
	}
	want, err := os.ReadFile(p.expected)
	if err != nil {
		return score{files: 1, failed: 1, err: err}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	began := time.Now()
	got, err := parse.Parse(ctx, parse.Detect(p.source, body), body)
	s := compare(got, string(want))
	s.files, s.bytes, s.took = 1, len(body), time.Since(began)
	if s.err = err; err != nil {
		s.failed = 1
	}
	return s
}
