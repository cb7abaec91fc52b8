package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestEveryWarningIsExplained: docs/operations.md has a row for each text that the daemon logs as a warning or an
// error.
func TestEveryWarningIsExplained(t *testing.T) {
	page := read(t, "../../docs/operations.md")
	rows := strings.Join(regexp.MustCompile("(?m)^\\| `[^|]*\\|").FindAllString(page, -1), "\n")
	seen := 0
	for _, dir := range []string{".", "../../internal/daemon", "../../internal/fleet", "../../internal/follow",
		"../../internal/readsocket"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range warnings(file) {
				seen++
				if !strings.Contains(rows, text+"`") {
					t.Errorf("docs/operations.md doesn't explain %q of %s", text, name)
				}
			}
		}
	}
	if seen < 20 {
		t.Errorf("only %d warnings were found", seen)
	}
}

// warnings gives the texts of a file that are logged as warnings or errors: the first texts in the arguments of Warn
// and Error and of what calls them, and the one of Log whose level isn't constant.
func warnings(file *ast.File) (texts []string) {
	at := map[string][]int{"Warn": {0}, "Error": {0}, "insist": {0}, "warn": {0, 1}, "Log": {2}}
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		method, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		for _, i := range at[method.Sel.Name] {
			if i >= len(call.Args) {
				break
			}
			if found := literals(call.Args[i]); found != nil {
				texts = append(texts, found...)
				break
			}
		}
		return true
	})
	return texts
}

// literals are the texts in an expression.
func literals(x ast.Expr) (texts []string) {
	ast.Inspect(x, func(n ast.Node) bool {
		if s, ok := n.(*ast.BasicLit); ok && s.Kind == token.STRING {
			text, _ := strconv.Unquote(s.Value)
			texts = append(texts, text)
		}
		return true
	})
	return texts
}
