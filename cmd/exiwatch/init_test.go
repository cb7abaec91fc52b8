package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/config"
	"exiwatch/window"
)

// TestInit: the configuration is valid, fits the log, tells abuse from lists, and is never written over another.
func TestInit(t *testing.T) {
	dir := t.TempDir()
	host := abusedHosts(1, time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC))["company"]
	log, file := filepath.Join(dir, "mainlog"), filepath.Join(dir, "exiwatch.toml")
	writeFile(t, log, host.log())
	args := []string{"init", "--yes", "--timezone", "UTC", "--since", "2026-11-01", "--to", "ops@lab.test", "-o"}
	out, stderr, status := exiwatch(t, "", append(args, file, log)...)
	if status != exitDone || strings.Contains(stderr, "error") {
		t.Fatalf("status %d: %s", status, stderr)
	}
	for _, want := range []string{"exception: newsletter up to 300: up to 200 on 4 of the 28 days of the log",
		"looks like abuse: user3 on 2026-11-11 13:18", file + " is written"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	c, err := config.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Rules) != 12 || c.Mail.To[0] != "ops@lab.test" || !c.Mail.TrialUntil.IsZero() || c.Zone != time.UTC {
		t.Errorf("%d rules, mail to %q, trial until %v, zone %v", len(c.Rules), c.Mail.To, c.Mail.TrialUntil, c.Zone)
	}
	for i, r := range c.Rules[:3] {
		if want := suggestMinimum(r); r.Limit < want || r.Key != window.Account || r.Scope != `only=["authenticated"]` {
			t.Errorf("rule %d is %v", i, r)
		}
	}
	missed, others := host.compare(t, "--timezone", "UTC", "--config", file, log)
	if len(missed) > 3 { // those whose rule isn't the first
		t.Errorf("no alert of %v", missed)
	}
	for rule, n := range others {
		if n > 4 {
			t.Errorf("rule %q opens %d alerts of others in four weeks", rule, n)
		}
	}
	before := read(t, file)
	if _, stderr, status := exiwatch(t, "", append(args, file, log)...); status != exitFailure ||
		!strings.Contains(stderr, "has rules already") || read(t, file) != before {
		t.Errorf("over a configuration: status %d: %s", status, stderr)
	}
}

// suggestMinimum is the lowest limit that is suggested for messages in a rule's window.
func suggestMinimum(r window.Rule) int64 {
	switch {
	case r.Window < time.Hour:
		return 10
	case r.Window < 24*time.Hour:
		return 20
	}
	return 50
}

// TestInitOfThePackage: the package's configuration keeps what it sets and explains, and is kept beside the new one.
func TestInitOfThePackage(t *testing.T) {
	dir := t.TempDir()
	log, file := filepath.Join(dir, "mainlog"), filepath.Join(dir, "exiwatch.toml")
	writeFile(t, log, shopLog)
	packaged := strings.ReplaceAll(read(t, "../../packaging/exiwatch.toml"), `group = "exiwatch"`, `group = "root"`)
	writeFile(t, file, packaged)
	if err := os.Chmod(file, 0o604); err != nil {
		t.Fatal(err)
	}
	out, stderr, status := exiwatch(t, "", "init", "--yes", "--trial", "7", "--since", "2026-11-01", "-o", file, log)
	info, err := os.Stat(file)
	if status != exitDone || err != nil || info.Mode().Perm() != 0o604 || read(t, file+".before-init") != packaged {
		t.Fatalf("status %d: %s%s %v", status, out, stderr, info)
	}
	c, err := config.Read(file)
	if err != nil || c.Rules[0].Limit != 20 || c.Mail.TrialUntil.Before(time.Now().AddDate(0, 0, 7)) {
		t.Errorf("%v, %v, trial until %v", err, c.Rules, c.Mail.TrialUntil)
	}
	if socket := c.Socket; socket == nil || socket.GID != 0 || !strings.Contains(read(t, file), "# Charset of subjects") {
		t.Errorf("what the package says is lost: %+v", socket)
	}
	if out, stderr, status = exiwatch(t, "", "init", "-o", "-", log); status != exitFailure || out != "" ||
		!strings.Contains(stderr, "--yes") {
		t.Errorf("without a terminal: status %d: %s%s", status, out, stderr)
	}
	if out, _, status = exiwatch(t, "", "init", "--yes", "-o", "-", log); status != exitDone ||
		!strings.HasPrefix(out, "# Written by exiwatch init") {
		t.Errorf("to the standard output: status %d:\n%s", status, out)
	}
}
