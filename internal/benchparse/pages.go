package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/webassembly"

	"github.com/quarry-rag/quarry/ingest/parse"
)

// minPagesRatio is how fast reading PDFs shall be at least, of PDFium alone.
const minPagesRatio = 0.8

// pages measures reading PDFs against PDFium alone: the same engine in one
// instance, asked for nothing but the text of each page. They take turns; of
// three times the middle counts.
func pages(bodies [][]byte) error {
	pool, err := webassembly.Init(webassembly.Config{MaxIdle: 1, MaxTotal: 1})
	if err != nil {
		return err
	}
	defer pool.Close()
	engine, err := pool.GetInstance(time.Minute)
	if err != nil {
		return err
	}
	var ours, alone []time.Duration
	count := 0
	for range 4 { // the first warms up
		began := time.Now()
		for _, b := range bodies {
			if _, err := parse.Parse(context.Background(), "application/pdf", b); err != nil {
				return err
			}
		}
		ours = append(ours, time.Since(began))
		began, count = time.Now(), 0
		for _, b := range bodies {
			n, err := plainText(engine, b)
			if err != nil {
				return err
			}
			count += n
		}
		alone = append(alone, time.Since(began))
	}
	a, b := middle(ours[1:]), middle(alone[1:])
	fmt.Printf("\nPDF: %.0f pages/s, PDFium alone %.0f, ratio %.2f (at least %.1f), %d pages in %d files\n",
		float64(count)/a.Seconds(), float64(count)/b.Seconds(), b.Seconds()/a.Seconds(), minPagesRatio, count, len(bodies))
	return nil
}

func middle(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}

// plainText has the engine read all pages, and returns how many there are.
func plainText(engine pdfium.Pdfium, body []byte) (int, error) {
	doc, err := engine.OpenDocument(&requests.OpenDocument{File: &body})
	if err != nil {
		return 0, err
	}
	defer engine.FPDF_CloseDocument(&requests.FPDF_CloseDocument{Document: doc.Document})
	n, err := engine.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: doc.Document})
	if err != nil {
		return 0, err
	}
	for i := range n.PageCount {
		page := requests.Page{ByIndex: &requests.PageByIndex{Document: doc.Document, Index: i}}
		if _, err := engine.GetPageText(&requests.GetPageText{Page: page}); err != nil {
			return 0, err
		}
	}
	return n.PageCount, nil
}

// serveChild makes this program the process that PDFs and workbooks are read in,
// as Quarry does, if that is what it was started for.
func serveChild() {
	const verb = "parse-child"
	if len(os.Args) == 3 && os.Args[1] == verb {
		parse.CacheDir = os.Args[2]
		if err := parse.Serve(os.Stdin, os.Stdout); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	if self, err := os.Executable(); err == nil {
		parse.Child = []string{self, verb}
	}
}
