package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestGlobOfLogs: a glob stands for logs, not for their cycled files, nor for what else Exim logs.
func TestGlobOfLogs(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{
		"mainlog", "mainlog.1", "mainlog.2.gz", "out-mainlog", "out-mainlog-20261122", "rejectlog", "paniclog",
		"main.log",
		"other", "gone.log.1", "gone.log.2.gz", "out-rejectlog.1",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "oldlog"), 0o700); err != nil {
		t.Fatal(err)
	}
	for pattern, want := range map[string]string{
		"*log":     "main.log mainlog out-mainlog",
		"mainlog*": "mainlog",
		"*main*":   "main.log mainlog out-mainlog",
		"gone*":    "gone.log",
		"mainlo?":  "mainlog",
		"*log*":    "gone.log main.log mainlog out-mainlog",
		"[":        "",
		"*panic*":  "",
		"none*":    "",
	} {
		c, err := Parse("test.toml", fmt.Appendf(nil, "log = %q\n", filepath.Join(dir, pattern)))
		var got []string
		for _, path := range c.Log {
			got = append(got, filepath.Base(path))
		}
		slices.Sort(got)
		if strings.Join(got, " ") != want || (err != nil) != (want == "") {
			t.Errorf("log = %q: %q, %v, want %q", pattern, got, err, want)
		}
	}
	two := fmt.Appendf(nil, "log = [%q, %q]\n", filepath.Join(dir, "*log"), filepath.Join(dir, "main*"))
	c, err := Parse("test.toml", two)
	if err != nil || len(c.Log) != 3 {
		t.Errorf("two globs: %q, %v, want each log once", c.Log, err)
	}
	if got, want := MainLogIn(dir), filepath.Join(dir, "mainlog"); got != want {
		t.Errorf("MainLogIn = %q, want %q", got, want)
	}
}

func TestLogsThatAreNoFiles(t *testing.T) {
	for text, want := range map[string]string{
		`"journal"`: "", `"journal:exim4"`: "", `"-"`: "", `["journal", "/l/mainlog"]`: "",
		`"journal:"`: `expected "journal" or "journal:UNIT"`, `"journal:a b"`: `expected "journal" or "journal:UNIT"`,
		`["-", "/l/mainlog"]`: "must be the only log",
	} {
		_, err := Parse("test.toml", []byte("log = "+text))
		if (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("log = %s: %v, want %q", text, err, want)
		}
	}
}
