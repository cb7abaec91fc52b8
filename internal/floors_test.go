// Package internal holds the house to its floors ("Floors" in CONTRIBUTING.md).
package internal

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// floors says on which floor a package stands: it may import those on lower floors. Change the code, not this table.
var floors = map[string]int{
	"cmd/exiwatch":   10,
	"internal/check": 9, "internal/daemon": 8, "internal/live": 7, "internal/htmlreport": 7, "internal/fleet": 7,
	"internal/follow": 6, "internal/summary": 6, "internal/merge": 6, "internal/history": 6, "internal/replay": 5,
	"internal/pipeline": 4, "internal/suggest": 4, "internal/web": 4,
	"internal/config": 3, "internal/readsocket": 3, "internal/metrics": 3, "internal/report": 3, "internal/htmlkit": 3,
	"internal/engine": 3, "mailer/spool": 3,
	"mailer/transport": 2, "mailer": 1, "internal/journal": 1, "internal/csvsafe": 1,
	"internal/escape": 0, "internal/words": 0, "internal/fold": 0, "internal/refusal": 0, "internal/loopback": 0, "internal/private": 0,
	"internal/signals": 0, "tailer": 0, "parser": 0, "window": 0,
	"window/internal/distinct": -1, "window/internal/pool": -1,
	// for tests
	"internal/chaos": 10, "internal/fleetchaos": 10, "internal/browser": 10, "internal/smalldisk": 0, "internal/testkit": 0,
	"internal/config/configtest": 4, "internal/pipeline/pipelinetest": 5, "internal/journaltest": 0, "internal/redistest": 1,
}

// pure are the packages that know nothing of files, networks, other goroutines and the wall clock.
var pure = []string{"parser", "window", "window/internal/distinct", "window/internal/pool"}

// outside are the imports that a pure package does without.
var outside = []string{"os", "io", "net", "context", "sync", "log", "log/slog", "sync/atomic", "net/netip", "flag"}

// libraries are the packages that another program could import: they have no flags and log nothing.
var libraries = []string{"parser", "window", "tailer", "mailer", "mailer/spool", "mailer/transport"}

const module = "exiwatch/"

func TestFloors(t *testing.T) {
	seen := 0
	for file, name := range sources(t) {
		seen++
		dir := filepath.ToSlash(filepath.Dir(strings.TrimPrefix(name, "../")))
		floor, known := floors[dir]
		if strings.HasPrefix(dir, "fixtures") {
			continue // programs of their own, which nobody imports
		}
		if !known {
			t.Errorf("%s stands on no floor", name)
		}
		for _, spec := range file.Imports {
			path, _ := strconv.Unquote(spec.Path.Value)
			if ours, ok := strings.CutPrefix(path, module); ok {
				if other, known := floors[ours]; !known || other >= floor {
					t.Errorf("%s, on floor %d, imports %s", name, floor, path)
				}
			}
			if slices.Contains(pure, dir) && slices.Contains(outside, path) {
				t.Errorf("%s imports %s", name, path)
			}
			if slices.Contains(libraries, dir) && slices.Contains([]string{"flag", "log", "log/slog"}, path) {
				t.Errorf("%s imports %s", name, path)
			}
		}
		checkCalls(t, name, dir, file)
	}
	if seen < 50 {
		t.Errorf("only %d files were looked at", seen)
	}
}

// checkCalls looks for what a package must not call.
func checkCalls(t *testing.T, name, dir string, file *ast.File) {
	ast.Inspect(file, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		from, ok := selector.X.(*ast.Ident)
		if !ok {
			return true
		}
		call := from.Name + "." + selector.Sel.Name
		if slices.Contains(pure, dir) && (call == "time.Now" || call == "time.Since" || call == "time.Until") ||
			slices.Contains(libraries, dir) && call == "os.Exit" {
			t.Errorf("%s calls %s", name, call)
		}
		return true
	})
}

// TestFixturesAreForTests: nothing but tests reads the fixtures.
func TestFixturesAreForTests(t *testing.T) {
	for file, name := range sources(t) {
		if strings.HasPrefix(name, "../fixtures/") {
			continue
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if s, ok := n.(*ast.BasicLit); ok && s.Kind == token.STRING && strings.Contains(s.Value, "fixtures/") {
				t.Errorf("%s names %s", name, s.Value)
			}
			return true
		})
	}
}

// sources yields the Go files of the module that are no tests.
func sources(t *testing.T) func(func(*ast.File, string) bool) {
	return func(yield func(*ast.File, string) bool) {
		err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err == nil && !yield(file, filepath.ToSlash(path)) {
				return fs.SkipAll
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
