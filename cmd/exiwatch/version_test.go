package main

import (
	"regexp"
	"testing"
)

// TestVersion: the command and the option print the same line.
func TestVersion(t *testing.T) {
	const line = `^exiwatch 0\.1\.0 \((commit [0-9a-f]{12}\+?, )?go1\S* \w+/\w+\)\n$`
	for _, arg := range []string{"version", "--version"} {
		out, stderr, status := exiwatch(t, "", arg)
		if status != exitDone || stderr != "" || !regexp.MustCompile(line).MatchString(out) {
			t.Errorf("exiwatch %s: status %d, %q %q", arg, status, out, stderr)
		}
	}
	commit = "0123456789ab"
	defer func() { commit = "" }()
	if out, _, _ := exiwatch(t, "", "version"); !regexp.MustCompile(`^exiwatch 0\.1\.0 \(commit 0123456789ab, go`).MatchString(out) {
		t.Errorf("with a commit of the package: %q", out)
	}
}
