package chaos

import (
	"cmp"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestResultsAreOfThisSource looks at every file that the program is made of: `go test` keeps results until a file
// changes that tests have looked at, and doesn't know of a program that they build.
func TestResultsAreOfThisSource(t *testing.T) {
	const root = "../.."
	seen := make(map[string]bool)
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && path != root {
			return cmp.Or(err, fs.SkipDir)
		}
		if entry.IsDir() || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		seen[filepath.ToSlash(path)] = true
		_, err = os.Stat(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"go.mod", "cmd/exiwatch/main.go", "internal/htmlreport/page.css"} {
		if !seen[root+"/"+name] {
			t.Errorf("%s was not looked at", name)
		}
	}
}
