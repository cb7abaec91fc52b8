package internal

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What a source may have at most. Cyclomatic complexity is gocyclo's: see "make lint".
const (
	maxColumns   = 120 // with tabs of 4
	maxFuncLines = 60
	maxTypeUses  = 2 // packages that have a type of one name
)

// sameThing are names of types that are one thing wherever they are: web's and report's alerts are window's, and more.
var sameThing = []string{"Alert"}

// TestHouse: functions are short, lines aren't long, and names of types tell what they are.
func TestHouse(t *testing.T) {
	packages := make(map[string][]string) // that have a type of a name
	for _, name := range goFiles(t) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		test := strings.HasSuffix(name, "_test.go")
		fixture := strings.HasPrefix(name, "../fixtures/") || strings.Contains(name, "test/") ||
			strings.Contains(name, "testkit/")
		checkColumns(t, name, string(text), stringLines(files, file, test || fixture))
		if test {
			checkSleeps(t, name, string(text))
			continue
		}
		for _, decl := range file.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				if n := files.Position(decl.End()).Line - files.Position(decl.Pos()).Line + 1; n > maxFuncLines {
					t.Errorf("%s: %s has %d lines, want at most %d", name, decl.Name.Name, n, maxFuncLines)
				}
				for _, p := range decl.Type.Params.List {
					if star, ok := p.Type.(*ast.StarExpr); ok && isNamed(star.X, "Daemon") {
						t.Errorf("%s: %s takes a *Daemon: name what it needs", name, decl.Name.Name)
					}
				}
			case *ast.GenDecl:
				for _, spec := range decl.Specs {
					if spec, ok := spec.(*ast.TypeSpec); ok {
						in := packages[spec.Name.Name]
						if fixture {
							continue
						}
						if dir := filepath.Dir(name); !slices.Contains(in, dir) {
							packages[spec.Name.Name] = append(in, dir)
						}
					}
				}
			}
		}
	}
	for name, in := range packages {
		if len(in) > maxTypeUses && !slices.Contains(sameThing, name) {
			t.Errorf("%d packages have a type %s: %s", len(in), name, strings.Join(in, ", "))
		}
	}
}

func isNamed(e ast.Expr, name string) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name == name
	case *ast.SelectorExpr:
		return e.Sel.Name == name
	}
	return false
}

// goFiles are the Go files of the module.
func goFiles(t *testing.T) (names []string) {
	t.Helper()
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(path, ".go") {
			names = append(names, filepath.ToSlash(path))
		}
		return err
	})
	if err != nil || len(names) < 100 {
		t.Fatalf("%d files, %v", len(names), err)
	}
	return names
}

// stringLines are the lines of a test that hold a string: test data may be long.
func stringLines(files *token.FileSet, file *ast.File, test bool) map[int]bool {
	lines := make(map[int]bool)
	if !test {
		return lines
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.BasicLit); ok && s.Kind == token.STRING {
			for line := files.Position(s.Pos()).Line; line <= files.Position(s.End()).Line; line++ {
				lines[line] = true
			}
		}
		return true
	})
	return lines
}

func checkColumns(t *testing.T, name, text string, data map[int]bool) {
	for i, line := range strings.Split(text, "\n") {
		n := len([]rune(line)) + 3*strings.Count(line, "\t")
		if n > maxColumns && !data[i+1] {
			t.Errorf("%s:%d has %d columns, want at most %d", name, i+1, n, maxColumns)
		}
	}
}

// checkSleeps: a test sleeps only where real time must pass, and says why on that line or the one before. In files of
// tests for testing/synctest time isn't real.
func checkSleeps(t *testing.T, name, text string) {
	if strings.Contains(text, `"testing/synctest"`) {
		return
	}
	before := ""
	for i, line := range strings.Split(text, "\n") {
		if strings.Contains(line, "time.Sleep(") && !strings.Contains(line, "// ") &&
			!strings.HasPrefix(strings.TrimSpace(before), "//") {
			t.Errorf("%s:%d sleeps, and doesn't say why", name, i+1)
		}
		before = line
	}
}
