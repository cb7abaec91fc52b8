package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"exiwatch/internal/check"
)

// checked runs `exiwatch check --json`.
func checked(t *testing.T, args ...string) (results map[string]check.Result, status int) {
	t.Helper()
	out, stderr, status := exiwatch(t, "", append([]string{"check", "--json"}, args...)...)
	var all []check.Result
	if err := json.Unmarshal([]byte(out), &all); err != nil {
		t.Fatalf("%v: %s%s", err, out, stderr)
	}
	results = make(map[string]check.Result)
	for _, r := range all {
		results[r.Check] = r
	}
	return results, status
}

// TestCheck: exit status and forms. What each check finds is internal/check's.
func TestCheck(t *testing.T) {
	dir := t.TempDir()
	sendmail := filepath.Join(dir, "sendmail")
	if err := os.WriteFile(sendmail, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	good, bad := filepath.Join(dir, "good.toml"), filepath.Join(dir, "bad.toml")
	log, err := filepath.Abs("../../fixtures/logs/subject.log")
	if err != nil {
		t.Fatal(err)
	}
	settings := fmt.Sprintf("log = %q\nstate = %q\n[mail]\nvia = \"sendmail:%s\"\n", log, filepath.Join(dir, "state"),
		sendmail)
	writeFile(t, good, settings)
	writeFile(t, bad, settings+"vai = \"sendmail\"\n")

	out, stderr, status := exiwatch(t, "", "check", "--config", good)
	if status != exitDone || stderr != "" || !strings.Contains(out, "\npass  log            ") ||
		!strings.HasSuffix(out, ", 0 fail\n") {
		t.Errorf("status %d: %s%s", status, out, stderr)
	}
	out, stderr, status = exiwatch(t, "", "check", "--config", bad)
	if status != exitFailure || !strings.HasPrefix(out, "fail  configuration  "+bad+":5:1: ") ||
		!strings.Contains(stderr, "checks failed\n") {
		t.Errorf("status %d: %s%s", status, out, stderr)
	}
	if results, status := checked(t, "--config", good); status != exitDone || results["lines"].Status == "" ||
		results["lines"].Detail == "" {
		t.Errorf("status %d: %+v", status, results)
	}
	if results, status := checked(t, "--config", bad); status != exitFailure ||
		results["configuration"].Status != check.Fail {
		t.Errorf("status %d: %+v", status, results)
	}
	if _, _, status := exiwatch(t, "", "check", "surplus"); status != exitUsage {
		t.Errorf("an argument: status %d, want %d", status, exitUsage)
	}
}

// TestCheckRealExim: of a real Exim's log, which selectors it has and hasn't; whether that Exim takes mail; and the
// mail that it was sent.
func TestCheckRealExim(t *testing.T) {
	need(t, "exim4", "swaks")
	e := startExim(t)
	config := e.write("exiwatch.toml",
		fmt.Sprintf("log = %q\nstate = %q\ntimezone = \"UTC\"\n[mail]\nto = [\"postmaster@lab.test\"]\nfrom = \"exiwatch@mx.lab.test\"\nvia = \"smtp://%s\"\n",
			e.mainlog(), filepath.Join(e.dir, "state"), e.address()))
	e.send("alice@lab.test", "Lunch")
	e.until("Exim has logged it", func() bool { return strings.Contains(e.log(), "<= alice") })

	results, status := checked(t, "--config", config)
	for name, want := range map[string]string{
		"exim":      "4.",
		"log":       e.mainlog(),
		"lines":     "1 arrival, all understood, by Exim 4.",
		"selectors": "+received_recipients +arguments not seen in 1 arrival",
		"clock":     `timezone = "UTC"`,
		"mail":      "accepts mail for postmaster@lab.test; nothing was sent",
	} {
		if !strings.Contains(results[name].Detail, want) {
			t.Errorf("%+v doesn't say %q", results[name], want)
		}
	}
	if status != exitDone || strings.Contains(results["selectors"].Detail, "+subject") || len(e.mails()) != 0 {
		t.Errorf("status %d, %d mails, %+v", status, len(e.mails()), results["selectors"])
	}

	d := startDaemon(t, config)
	e.until("the daemon follows", func() bool { return strings.Contains(d.stderr.String(), "msg=following") })
	e.until("check knows the daemon", func() bool {
		results, _ = checked(t, "--config", config)
		return strings.Contains(results["state"].Detail, fmt.Sprintf("in use by the daemon, pid %d", os.Getpid()))
	})
	results, _ = checked(t, "--config", config, "--send-test")
	if mail := results["mail"]; mail.Status != check.Pass || !strings.Contains(mail.Detail, "OK id=") {
		t.Errorf("%+v doesn't say what Exim answered", mail)
	}
	e.until("the test mail comes", func() bool { return len(e.mails()) == 1 })
	d.stop()
	<-d.ended
	if text, err := readable(strings.NewReader(e.mails()[0])); err != nil || !strings.Contains(text, "this is a test") {
		t.Errorf("%v: %s", err, text)
	}
}
