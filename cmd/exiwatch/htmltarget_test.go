package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestHTMLDestroysNothing: --html writes over no log and over nothing but a report.
func TestHTMLDestroysNothing(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	writeFile(t, at("mainlog"), shopLog)
	writeFile(t, at("mainlog.2.gz"), zipped(t, shopLog))
	writeFile(t, at("empty"), "")
	writeFile(t, at("notes.html"), "<!DOCTYPE html><html><head><title>Notes</title></head></html>\n")
	writeFile(t, at("exiwatch.toml"), "log = \""+at("mainlog")+"\"\n")
	for to, from := range map[string]string{"link": "mainlog", "report-link": "notes.html"} {
		if err := os.Symlink(at(from), at(to)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Link(at("mainlog"), at("hard")); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		target string
		files  []string
		why    string // empty: it is written
	}{
		{"mainlog", nil, "a log that replay reads"},
		{"mainlog", []string{"mainlog"}, "a log that replay reads"},
		{"link", []string{"mainlog"}, "a log that replay reads"},
		{"hard", []string{"mainlog"}, "a log that replay reads"},
		{"mainlog", []string{"mainlog.2.gz"}, "the name of a log"},
		{"mainlog.1", []string{"mainlog"}, "the name of a log"},
		{"mainlog-20261129", nil, "the name of a log"},
		{"mainlog.2.gz", []string{"empty"}, "is not a report of exiwatch"},
		{"notes.html", []string{"mainlog"}, "is not a report of exiwatch"},
		{"report-link", []string{"mainlog"}, "is not a report of exiwatch"},
		{"report.html", []string{"mainlog"}, ""},
		{"report.html", []string{"mainlog"}, ""}, // once more
		{"empty", []string{"mainlog"}, ""},
	} {
		before, _ := os.ReadFile(at(test.target))
		args := []string{"replay", "--config", at("exiwatch.toml"), "--html", at(test.target)}
		for _, file := range test.files {
			args = append(args, at(file))
		}
		_, stderr, status := exiwatch(t, "", args...)
		after, _ := os.ReadFile(at(test.target))
		if test.why == "" {
			if status != exitDone || !strings.Contains(stderr,
				"exiwatch: note: the report is in "+at(test.target)+" (") {
				t.Errorf("%q: status %d, %s", args, status, stderr)
			}
			continue
		}
		if status != exitFailure || !strings.Contains(stderr, test.why) || !strings.Contains(stderr,
			"exiwatch: hint: --html FILE names the report") {
			t.Errorf("%q: status %d, %s, want %q", args, status, stderr, test.why)
		}
		if string(before) != string(after) {
			t.Errorf("%q changed the file", args)
		}
	}
	if _, stderr, status := exiwatch(t, "", "replay", "--html", at("notes.html"), "--force",
		at("mainlog")); status != exitDone {
		t.Errorf("with --force: status %d, %s", status, stderr)
	}
	if text := read(t, at("notes.html")); !strings.Contains(text, "exiwatch</title>") {
		t.Errorf("with --force %.100q stays", text)
	}
	if _, stderr, status := exiwatch(t, "", "replay", "--force", at("mainlog")); status != exitUsage ||
		!strings.Contains(stderr, "--force needs --html") {
		t.Errorf("--force alone: status %d, %s", status, stderr)
	}
}
