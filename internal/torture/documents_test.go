package torture

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// formats make a document of each kind from its text, which no format changes:
// words and full stops.
var formats = []struct {
	extension string
	make      func(title string, paragraphs []string) []byte
}{
	{"md", func(title string, ps []string) []byte {
		return []byte("# " + title + "\n\n" + strings.Join(ps, "\n\n## More\n\n"))
	}},
	{"txt", func(_ string, ps []string) []byte { return []byte(strings.Join(ps, "\n\n")) }},
	{"html", func(title string, ps []string) []byte {
		return []byte("<!doctype html><title>" + title + "</title><main><p>" + strings.Join(ps, "</p>\n<p>") + "</p></main>")
	}},
	{"csv", func(_ string, ps []string) []byte { return []byte("number,text\n1," + strings.Join(ps, "\n2,") + "\n") }},
	{"json", func(_ string, ps []string) []byte {
		return fmt.Appendf(nil, `{"texts": ["%s"]}`, strings.Join(ps, `", "`))
	}},
	{"rst", func(title string, ps []string) []byte {
		return []byte(title + "\n" + strings.Repeat("=", len(title)) + "\n\n" + strings.Join(ps, "\n\n") + "\n")
	}},
	{"rtf", func(_ string, ps []string) []byte { return []byte(`{\rtf1\ansi ` + strings.Join(ps, `\par `) + `}`) }},
	{"eml", letter},
	{"docx", func(_ string, ps []string) []byte {
		return zipped(map[string]string{
			"[Content_Types].xml": `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`,
			"_rels/.rels":         `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>`,
			"word/document.xml": `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>` +
				strings.Join(ps, `</w:t></w:r></w:p><w:p><w:r><w:t>`) + `</w:t></w:r></w:p></w:body></w:document>`,
		})
	}},
}

// letter has its last paragraph in an attachment too, a document of its own.
func letter(title string, ps []string) []byte {
	const border = "next-part"
	return fmt.Appendf(nil, "From: a@example.org\r\nTo: b@example.org\r\nSubject: %s\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=%s\r\n\r\n"+
		"--%[2]s\r\nContent-Type: text/plain\r\n\r\n%s\r\n--%[2]s\r\nContent-Type: text/markdown; name=notes.md\r\n"+
		"Content-Disposition: attachment; filename=notes.md\r\nContent-Transfer-Encoding: base64\r\n\r\n%s\r\n--%[2]s--\r\n",
		title, border, strings.Join(ps, "\r\n\r\n"), base64.StdEncoding.EncodeToString([]byte(ps[len(ps)-1])))
}

func zipped(files map[string]string) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, body := range files {
		f, err := w.Create(name)
		if err != nil {
			panic(err)
		}
		f.Write([]byte(body)) // to memory
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// document is what must be found of a file.
type document struct {
	path        string
	first, last string // words that nothing else holds: the text begins and ends with them
}

// broken is how many of the files are of no use, so that failures are counted too.
const broken = 20

// writeDocuments makes n files in dir, every format in turn, and broken ones
// besides.
func writeDocuments(t *testing.T, dir string, n int, r *rand.Rand) (docs []document) {
	t.Helper()
	for i := range n {
		f := formats[i%len(formats)]
		d := document{
			path:  filepath.Join(dir, fmt.Sprintf("%d", i%17), fmt.Sprintf("%04d.%s", i, f.extension)),
			first: fmt.Sprintf("begin%dx", i), last: fmt.Sprintf("end%dx", i),
		}
		ps := make([]string, 1+r.IntN(6))
		for j := range ps {
			ps[j] = sentences(r)
		}
		ps[0] = "The word " + d.first + " stands here. " + ps[0]
		ps[len(ps)-1] += " And " + d.last + " there."
		write(t, d.path, f.make(fmt.Sprintf("Number %d", i), ps))
		docs = append(docs, d)
	}
	for i := range broken {
		write(t, filepath.Join(dir, "broken", fmt.Sprintf("%d.pdf", i)), fmt.Appendf(nil, "%%PDF-1.7 broken %d", i))
	}
	return docs
}

func sentences(r *rand.Rand) string {
	words := []string{"harbour", "lantern", "rope", "anchor", "tide", "pilot", "chart", "signal", "keeper", "storm", "bell", "quay"}
	var b strings.Builder
	for range 12 + r.IntN(8) {
		fmt.Fprintf(&b, "The %s of the %s keeps %d by the %s. ", words[r.IntN(12)], words[r.IntN(12)], r.IntN(100), words[r.IntN(12)])
	}
	return strings.TrimSpace(b.String())
}

func write(t *testing.T, path string, body []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, body, 0o644); err != nil {
		t.Fatal(err)
	}
}
