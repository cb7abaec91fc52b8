package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestDocs runs each `$ exiwatch …` of the documents and compares what it prints. A line that is … stands for any
// lines, … in a line for any text.
func TestDocs(t *testing.T) {
	documents, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	commands := 0
	for _, name := range append(documents, "../../README.md") {
		text := read(t, name)
		for _, block := range regexp.MustCompile("(?s)```console\n(.*?)```").FindAllStringSubmatch(text, -1) {
			for _, example := range strings.Split("\n"+block[1], "\n$ ")[1:] {
				commands++
				t.Run(example[:strings.Index(example, "\n")], func(t *testing.T) { checkExample(t, "../..", example) })
			}
		}
	}
	if commands < 5 {
		t.Errorf("only %d commands stand in the documents", commands)
	}
}

// TestSecurityNamesItsTests: each promise of SECURITY.md names tests that there are, in the packages that it says.
func TestSecurityNamesItsTests(t *testing.T) {
	promises := 0
	for row := range strings.Lines(read(t, "../../SECURITY.md")) {
		cells := strings.Split(row, " | ")
		if len(cells) != 2 || cells[1] == "test |\n" {
			continue
		}
		promises++
		named := 0
		for _, part := range strings.Split(cells[1], ";") {
			folder := regexp.MustCompile("`([a-z/]+)`").FindStringSubmatch(part)
			for _, name := range regexp.MustCompile(`\b(Test|Fuzz)[A-Z]\w+`).FindAllString(part, -1) {
				named++
				if folder == nil || !hasTest(t, "../../"+folder[1], name) {
					t.Errorf("there is no %s in%s", name, part)
				}
			}
		}
		if named == 0 {
			t.Errorf("no test holds %q", cells[0])
		}
	}
	if promises < 10 {
		t.Errorf("only %d promises were found", promises)
	}
}

func hasTest(t *testing.T, folder, name string) bool {
	files, err := filepath.Glob(folder + "/*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(files, func(file string) bool {
		return strings.Contains(read(t, file), "\nfunc "+name+"(")
	})
}

func checkExample(t *testing.T, dir, example string) {
	t.Chdir(dir)
	line, want, _ := strings.Cut(example, "\n")
	args := arguments(line)
	if args[0] != "exiwatch" {
		t.Fatalf("%q isn't ours", line)
	}
	got, stderr, status := exiwatch(t, "", args[1:]...)
	if status != exitDone {
		t.Fatalf("status %d: %s", status, stderr)
	}
	pattern := regexp.QuoteMeta(strings.TrimRight(want, "\n"))
	pattern = regexp.MustCompile(`(?m)^…$`).ReplaceAllString(pattern, `(?s:.*?)`)
	pattern = strings.ReplaceAll(pattern, "…", `[^\n]*`)
	if !regexp.MustCompile(`^` + pattern + `\n*$`).MatchString(got) {
		t.Errorf("it prints\n%s\nthe document says\n%s", got, want)
	}
}

// arguments splits a command line, of which only single quotes need a shell.
func arguments(line string) []string {
	var all []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			all = append(all, part)
		} else {
			all = append(all, strings.Fields(part)...)
		}
	}
	return all
}

// TestHelpConfigIsValid: the configuration that `help config` shows is one, but for the keys' own values.
func TestHelpConfigIsValid(t *testing.T) {
	_, text, _ := strings.Cut(helpConfig, "\n\n")
	toml := filepath.Join(t.TempDir(), "exiwatch.toml")
	writeFile(t, toml, text)
	if _, stderr, status := exiwatch(t, "", "replay", "--config", toml,
		"../../fixtures/logs/debian.log"); status != exitDone {
		t.Errorf("status %d: %s", status, stderr)
	}
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
