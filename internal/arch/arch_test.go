// Package arch states which package may know which, as a test.
package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/quarry-rag/quarry/"

// arrows say what each part of the product may import from the product, itself
// always included. The longest key that holds a package counts. Of "internal" only
// what the product's packages import has a line: it must be a leaf.
var arrows = map[string][]string{
	"cmd/quarry":          {"api", "generate", "ingest", "retrieve", "proto", "migrations", "internal"},
	"api":                 {"generate", "ingest", "retrieve", "proto"},
	"generate":            {"retrieve", "internal/sentence"},
	"ingest":              {"retrieve/embed", "retrieve/lexical", "internal/ids", "internal/sentence"},
	"retrieve":            {},
	"retrieve/embed":      {"internal/retryafter"},
	"retrieve/filter":     {},
	"retrieve/lexical":    {},
	"retrieve/rerank":     {},
	"ingest/parse":        {},
	"ingest/outbound":     {},
	"ingest/git":          {"ingest/outbound"},
	"ingest/web":          {"ingest/outbound", "ingest/parse", "internal/retryafter"},
	"generate/provider":   {"internal/retryafter"},
	"migrations":          {},
	"proto":               {},
	"internal/eval":       {"proto", "internal/sentence"},
	"internal/ids":        {},
	"internal/sentence":   {},
	"internal/retryafter": {},
}

const why = `Imports go one way: cmd → api → generate → retrieve → retrieve/embed and
retrieve/lexical, and ingest → retrieve/embed and retrieve/lexical. The schema is
the seam between ingest, which writes, and retrieve, which reads. If two packages
need the same thing, it belongs below both; if one needs what calls it, declare an
interface there instead. Change the table only with the design.`

func TestImportsGoOneWay(t *testing.T) {
	eachFile(t, func(dir, file string, f *ast.File) {
		own, allowed, ok := rule(dir)
		if !ok {
			return
		}
		for _, path := range imports(f) {
			inner, isOurs := strings.CutPrefix(path, module)
			if isOurs && !within(inner, own) && !withinAny(inner, allowed) {
				t.Errorf("%s imports %s; %s may import only %s.\n%s", file, inner, own, strings.Join(allowed, ", "), why)
			}
		}
	})
}

// protocols are known only to api and what runs or calls it.
var protocols = []string{"google.golang.org/grpc", "google.golang.org/protobuf", "buf.build", module + "proto"}

func TestOnlyApiKnowsTheProtocol(t *testing.T) {
	eachFile(t, func(dir, file string, f *ast.File) {
		if withinAny(dir, []string{"api", "cmd", "proto", "internal"}) {
			return
		}
		for _, path := range imports(f) {
			// protowire only encodes bytes; ONNX files are protobuf too.
			if withinAny(path, protocols) && path != "google.golang.org/protobuf/encoding/protowire" {
				t.Errorf("%s imports %s: nothing below api knows protobuf or gRPC; convert in api/convert.go", file, path)
			}
		}
	})
}

// TestOnlyCommandsReadTheEnvironment: configuration has one door. Commands are
// the mains; pgtest and modeltest find what `make test` prepared.
func TestOnlyCommandsReadTheEnvironment(t *testing.T) {
	eachFile(t, func(dir, file string, f *ast.File) {
		if f.Name.Name == "main" || withinAny(dir, []string{"internal/pgtest", "internal/modeltest"}) {
			return
		}
		for _, path := range imports(f) {
			if path == "flag" || path == "github.com/alecthomas/kong" {
				t.Errorf("%s imports %s: only commands read flags; take an Options struct", file, path)
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			x, ok := s.X.(*ast.Ident)
			if ok && x.Name == "os" && (s.Sel.Name == "Getenv" || s.Sel.Name == "LookupEnv") {
				t.Errorf("%s calls os.%s: only commands read the environment; take an Options struct", file, s.Sel.Name)
			}
			return true
		})
	})
}

// eachFile parses every Go file of the module that is neither a test nor generated.
func eachFile(t *testing.T, visit func(dir, file string, f *ast.File)) {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		if d.IsDir() && rel != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "bin") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, ".pb.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		seen++
		visit(filepath.ToSlash(filepath.Dir(rel)), rel, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 20 {
		t.Fatalf("saw only %d files under %s", seen, root)
	}
}

func imports(f *ast.File) (paths []string) {
	for _, i := range f.Imports {
		path, err := strconv.Unquote(i.Path.Value)
		if err == nil {
			paths = append(paths, path)
		}
	}
	return paths
}

// rule finds the longest key of arrows that holds dir.
func rule(dir string) (own string, allowed []string, ok bool) {
	for key, to := range arrows {
		if within(dir, key) && len(key) > len(own) {
			own, allowed, ok = key, to, true
		}
	}
	return own, allowed, ok
}

func within(path, parent string) bool {
	return path == parent || strings.HasPrefix(path, parent+"/")
}

func withinAny(path string, parents []string) bool {
	for _, p := range parents {
		if within(path, p) {
			return true
		}
	}
	return false
}
