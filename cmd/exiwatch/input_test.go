package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const inputLogs = "../../../shared/cases/input"

// TestInput reads what administrators have: each log is understood, or refused with its line.
func TestInput(t *testing.T) {
	if _, err := os.Stat(inputLogs); err != nil {
		t.Skip("no samples here")
	}
	arrivals := func(file string) []map[string]any {
		t.Helper()
		out, stderr, status := exiwatch(t, "", "arrivals", "--config", "/dev/null", "--timezone", "Europe/Berlin",
			filepath.Join(inputLogs, file))
		if stderr != "" || status != exitDone {
			t.Errorf("%s: status %d, %s", file, status, stderr)
		}
		return objects(t, out)
	}
	wrapped, err := filepath.Glob(inputLogs + "/w_*.log")
	if err != nil || len(wrapped) < 30 {
		t.Fatalf("%d wrapped logs, %v", len(wrapped), err)
	}
	for _, path := range wrapped {
		name := filepath.Base(path)
		if refused := map[string]string{"w_indent.log": "Line 1:     2024-05-01",
			"w_utf16.log": "UTF-16"}[name]; refused != "" {
			_, stderr, status := exiwatch(t, "", "arrivals", "--config", "/dev/null", path)
			if status != exitFailure || !strings.Contains(stderr, refused) {
				t.Errorf("%s: status %d, %q, want 1, %q", name, status, stderr, refused)
			}
			continue
		}
		want := "2024-05-01T10:00:00"
		if got := arrivals(name); len(got) != 1 || !strings.HasPrefix(got[0]["time"].(string), want) ||
			got[0]["authenticated_id"] != "alice" || got[0]["subject"] != "Hello" {
			t.Errorf("%s: %v, want one arrival of alice at %s", name, got, want)
		}
	}
	for file, n := range map[string]int{"crlf.log": 5, "crlf60.log": 60, "bom.log": 5, "localhost.log": 120} {
		got := arrivals(file)
		if len(got) != n {
			t.Errorf("%s: %d arrivals, want %d", file, len(got), n)
		}
		for _, a := range got {
			for field, value := range a {
				if text, ok := value.(string); ok && strings.HasSuffix(text, "\r") {
					t.Errorf("%s: %s ends in CR", file, field)
				}
			}
		}
	}
	subjects := make(map[any]bool)
	for _, a := range arrivals("sub_latin-mainlog.log") {
		subjects[a["subject"]] = true
	}
	if !subjects["Glückwunsch"] {
		t.Errorf("sub_latin-mainlog.log: subjects %v", subjects)
	}
	for file, topics := range map[string]int{"heb.log": 3, "emoji.log": 1, "b64merge.log": 5} {
		out, _, _ := exiwatch(t, "", "top", "topic", "--config", "/dev/null", filepath.Join(inputLogs, file))
		if n := strings.Count(out, "\n"); n != topics || strings.Contains(out, "=?") ||
			strings.Contains(out, "\ufffd") {
			t.Errorf("%s: %d topics, want %d decoded ones:\n%s", file, n, topics, out)
		}
	}
}
