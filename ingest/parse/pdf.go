package parse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"strings"
	"sync"

	"github.com/klippa-app/go-pdfium"
	pdfiumerrors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// CacheDir is where the compiled PDF engine is kept between runs, which saves
// seconds at the first PDF. Empty: nowhere. It must be set before the first Parse.
var CacheDir string

// Bounds of the PDF engine: it runs in a sandbox of WebAssembly, without files,
// network or clock. Here an instance lives for one document. Watching for a stop
// makes it three times as slow, which a process that is killed need not; making
// an instance costs as much as a page or two, so that such a process keeps one
// for maxPDFReuse documents, or until one of them is refused.
const (
	maxPDFPages  = 10_000
	maxPDFReuse  = 100
	pdfMemory    = 512 << 20
	wasmPageSize = 64 << 10
)

// pdfEngine starts the engine at the first PDF.
var pdfEngine = sync.OnceValues(func() (pdfium.Pool, error) {
	config := wazero.NewRuntimeConfig().
		WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling).
		WithMemoryLimitPages(pdfMemory / wasmPageSize).
		WithCloseOnContextDone(!killable)
	if CacheDir != "" {
		cache, err := wazero.NewCompilationCacheWithDir(CacheDir)
		if err != nil {
			return nil, fmt.Errorf("open the PDF engine's cache: %w", err)
		}
		config = config.WithCompilationCache(cache)
	}
	return webassembly.Init(webassembly.Config{
		MaxTotal: runtime.GOMAXPROCS(0), RuntimeConfig: config, FSConfig: wazero.NewFSConfig(),
		Stdout: io.Discard, Stderr: io.Discard,
	})
})

// readPDF reads the text layer of a PDF, what is filled into its forms and typed
// onto its pages included: lines in reading order joined to paragraphs, headings
// by size and weight, rows of tables, without running headers and footers; then a
// page's comments. Page is the page.
func readPDF(ctx context.Context, body []byte) (Parsed, error) {
	engine, err := pdfEngine()
	if err != nil {
		return Parsed{}, fmt.Errorf("start the PDF engine: %w", err)
	}
	instance, uses, err := pdfInstance(ctx, engine)
	if err != nil {
		return Parsed{}, fmt.Errorf("wait for the PDF engine: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { instance.Kill() })
	d := &pdf{ctx: ctx, instance: instance}
	err = d.read(body)
	if stop() {
		keepInstance(instance, uses+1, err)
	}
	switch {
	case ctx.Err() != nil:
		return Parsed{}, ctx.Err()
	case err != nil:
		return Parsed{}, pdfError(err)
	}
	return d.parsed()
}

// keptPDF is a child's instance between two documents.
var keptPDF struct {
	instance pdfium.Pdfium
	uses     int
}

func pdfInstance(ctx context.Context, engine pdfium.Pool) (instance pdfium.Pdfium, uses int, err error) {
	if k := keptPDF; k.instance != nil {
		keptPDF.instance = nil
		return k.instance, k.uses, nil
	}
	instance, err = engine.GetInstanceWithContext(ctx)
	return instance, 0, err
}

// keepInstance keeps an instance that failed in nothing, in a child, which reads
// one document at a time.
func keepInstance(instance pdfium.Pdfium, uses int, err error) {
	if killable && err == nil && uses < maxPDFReuse {
		keptPDF.instance, keptPDF.uses = instance, uses
		return
	}
	instance.Close()
}

// pdfError is what an error of the engine means to a person. Whatever else it
// fails with, a trap included, the same bytes will do again.
func pdfError(err error) error {
	var permanent *Error
	switch {
	case errors.As(err, &permanent):
		return err
	case errors.Is(err, pdfiumerrors.ErrPassword):
		return Permanent("password-protected PDF: remove the password and send it again")
	case errors.Is(err, pdfiumerrors.ErrSecurity):
		return Permanent("PDF encrypted in a way that cannot be read")
	case errors.Is(err, pdfiumerrors.ErrFormat), errors.Is(err, pdfiumerrors.ErrFile):
		return Permanent("damaged: it cannot be opened")
	}
	if where, _, trap := strings.Cut(err.Error(), "wasm error"); trap {
		return Permanent("damaged: %sits structure makes no sense", where)
	}
	return Permanent("damaged: %v", err)
}

// pdf is a document being read.
type pdf struct {
	ctx      context.Context
	instance pdfium.Pdfium
	pages    []pdfPage
	meta     map[string]any
}

func (d *pdf) read(body []byte) error {
	doc, err := d.instance.OpenDocument(&requests.OpenDocument{File: &body})
	if err != nil {
		return err
	}
	defer d.instance.FPDF_CloseDocument(&requests.FPDF_CloseDocument{Document: doc.Document})
	count, err := d.instance.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: doc.Document})
	if err != nil {
		return err
	}
	if count.PageCount > maxPDFPages {
		return Permanent("a PDF of %d pages, more than the %d that are read: split it", count.PageCount, maxPDFPages)
	}
	for i := range count.PageCount {
		if d.ctx.Err() != nil {
			return d.ctx.Err()
		}
		page, err := d.readPage(doc.Document, i)
		if err != nil {
			return fmt.Errorf("page %d: %w", i+1, err)
		}
		d.pages = append(d.pages, page)
	}
	d.readMeta(doc.Document)
	return nil
}

func (d *pdf) readPage(doc references.FPDF_DOCUMENT, i int) (pdfPage, error) {
	page := requests.Page{ByIndex: &requests.PageByIndex{Document: doc, Index: i}}
	size, err := d.instance.GetPageSize(&requests.GetPageSize{Page: page})
	if err != nil {
		return pdfPage{}, err
	}
	p := pdfPage{number: i + 1, width: size.Width, height: size.Height}
	printed := math.MaxInt // characters that are on the page itself
	if count, err := d.instance.FPDFPage_GetAnnotCount(&requests.FPDFPage_GetAnnotCount{Page: page}); err == nil && count.Count > 0 {
		var written bool
		if p.comments, written = d.annotations(page, count.Count); written {
			var closePage func()
			if page, printed, closePage, err = d.filled(page); err != nil {
				return pdfPage{}, err
			}
			defer closePage()
		}
	}
	text, err := d.instance.FPDFText_LoadPage(&requests.FPDFText_LoadPage{Page: page})
	if err != nil {
		return pdfPage{}, err
	}
	defer d.instance.FPDFText_ClosePage(&requests.FPDFText_ClosePage{TextPage: text.TextPage})
	chars, err := d.characters(text.TextPage)
	if err != nil {
		return pdfPage{}, err
	}
	p.read(chars, pdfGlyphs{d.instance, text.TextPage})
	p.placeFilled(printed)
	p.splitColumns()
	p.sortLines()
	return p, nil
}

// characters returns a page's characters; each one's place is its index there.
func (d *pdf) characters(page references.FPDF_TEXTPAGE) ([]rune, error) {
	count, err := d.instance.FPDFText_CountChars(&requests.FPDFText_CountChars{TextPage: page})
	if err != nil || count.Count <= 0 {
		return nil, err
	}
	text, err := d.instance.FPDFText_GetText(&requests.FPDFText_GetText{TextPage: page, StartIndex: 0, Count: count.Count})
	if err == nil {
		if chars := []rune(strings.TrimSuffix(text.Text, "\x00")); len(chars) == count.Count {
			return chars, nil
		}
	}
	// Characters beyond the basic plane, or without a code: one by one.
	chars := make([]rune, count.Count)
	for i := range chars {
		c, err := d.instance.FPDFText_GetUnicode(&requests.FPDFText_GetUnicode{TextPage: page, Index: i})
		if err != nil {
			return nil, err
		}
		chars[i] = rune(c.Unicode)
	}
	return chars, nil
}

// parsed lays the lines out as blocks.
func (d *pdf) parsed() (Parsed, error) {
	blank := 0
	for _, p := range d.pages {
		if len(p.lines) == 0 {
			blank++
		}
	}
	switch {
	case len(d.pages) == 0:
		return Parsed{}, Permanent("damaged: it has no pages")
	case blank == len(d.pages):
		return Parsed{}, Permanent("no text layer on %d of %d pages: needs OCR", blank, len(d.pages))
	case blank > 0:
		d.meta["pages_without_text"] = blank
	}
	dropRunning(d.pages)
	out := layout(d.pages)
	title, _ := d.meta["title"].(string)
	if title != "" && !plausibleTitle(title) {
		delete(d.meta, "title")
	}
	return out.parsed(d.meta), nil
}
