package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// someArrivals are arrivals, one a second from the time given.
func someArrivals(at time.Time, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%s 1xV%03d-000001-01 <= a@lab.test H=(pc) [192.0.2.7] P=esmtpa A=plain:alice S=900\n",
			at.Add(time.Duration(i)*time.Second).Format(time.DateTime), i)
	}
	return b.String()
}

func randomBytes(n int) string {
	source := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(source.Uint32())
	}
	return string(b)
}

// TestWhatIsNoLog: what a new user sees who names a wrong file, on the standard error, and the status. Right logs are
// read all the same.
func TestWhatIsNoLog(t *testing.T) {
	const hint = "exiwatch: hint: exim -bP log_file_path names Exim's main log\n"
	const none = " holds no entry of Exim's main log. It seems to be "
	arrivals := someArrivals(time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC), 100)
	for _, test := range []struct {
		name, text string
		status     int
		says       string // FILE stands for the name
	}{
		{"maillog", "Nov 28 10:00:00 mx1 postfix/smtpd[12]: connect from unknown[192.0.2.7]\n", exitFailure,
			"exiwatch: error: FILE" +
				none + "a Postfix log. Line 1: Nov 28 10:00:00 mx1 postfix/smtpd[12]: connect from unknown[192.0.2.7]\n" + hint},
		{"syslog", "Nov 28 10:00:00 mx1 dovecot: imap-login: x\n", exitFailure, "exiwatch: error: FILE" + none +
			"a log of another program: dovecot. Line 1: Nov 28 10:00:00 mx1 dovecot: imap-login: x\n" + hint},
		{"random", randomBytes(5000), exitFailure, "exiwatch: error: FILE" + none + "binary, no text. Line 1: "},
		{"empty", "", exitDone, "exiwatch: note: FILE is empty\n"},
		{"blank", "\n\n", exitDone, "exiwatch: note: FILE is empty\n"},
		{"json", `{"level":"info","msg":"` + "\x1b[31m" + `started"}` + "\n", exitFailure, "exiwatch: error: FILE" +
			none +
			`JSON of another program. Line 1: {"level":"info","msg":"\x1b[31mstarted"}` + "\n" + hint},
		{"dpkg.log", "2026-11-23 10:00:00 status installed exim4:all 4.96\n", exitFailure, "exiwatch: error: FILE" +
			none +
			"a log of another program, with dates like Exim's. Line 1: 2026-11-23 10:00:00 status installed exim4:all 4.96\n" +
			hint},
		{"access.log", `192.0.2.1 - - [23/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 1` + "\n", exitFailure,
			"exiwatch: error: FILE" +
				none + "a web server's log. Line 1: "},
		{"utf16", "\xff\xfe2\x000\x002\x006\x00\n\x00", exitFailure,
			"exiwatch: error: FILE is UTF-16 text: exiwatch doesn't read it; convert it, with iconv -f UTF-16 -t UTF-8\n"},
		{"unknown", "## " + arrivals, exitDone,
			"exiwatch: warning: 1 of 100 lines (1%) of FILE was not understood, the first at FILE:1: ## 2026-"},
		{"zone", strings.ReplaceAll(arrivals, " 1xV", " mx1 1xV"), exitFailure,
			"exiwatch: error: FILE can't be read: it seems to " +
				"hold Exim's entries in an unknown form. Line 1: 2026-11-23 10:00:00 mx1 1xV000-000001-01 <= a@lab.test"},
		{"part", arrivals + "foo\nbar\n", exitDone,
			"exiwatch: warning: 2 of 102 lines (2%) of FILE were not understood, " +
				"the first at FILE:101: foo\n"},
		{"nearly", strings.Repeat(arrivals, 3) + "foo\n", exitDone,
			"exiwatch: note: 1 of 301 lines (<1%) of FILE was not understood, " +
				"the first at FILE:301: foo\n"},
		{"mixed", "Nov 23 10:00:00 mx1 dovecot: x\n" + arrivals, exitDone,
			"exiwatch: note: 1 of 101 lines of FILE come from other " +
				"programs: the first at FILE:1, from dovecot\n"},
		{"rejectlog", "2026-11-23 10:00:00 H=(x) [192.0.2.1] F=<a@b.test> rejected RCPT <c@d.test>: no\n" +
			strings.Repeat("-", 77) + "\n",
			exitDone, "exiwatch: note: FILE holds no arrivals (<=), in 2 lines: it seems to be Exim's reject log\n"},
		{"mainlog", arrivals, exitDone, ""},
	} {
		file := filepath.Join(t.TempDir(), test.name)
		writeFile(t, file, test.text)
		for _, args := range []string{"replay", "replay --json", "replay --html -", "replay --suggest", "top account",
			"arrivals"} {
			_, stderr, status := exiwatch(t, "", append(strings.Fields(args+" --config /dev/null --timezone UTC"),
				file)...)
			want := strings.ReplaceAll(test.says, "FILE", file)
			if status != test.status || !strings.Contains(stderr, want) || want == "" && stderr != "" {
				t.Errorf("%s %s: status %d, %s, want %d, %s", args, test.name, status, stderr, test.status, want)
			}
		}
	}
}

// TestWrongLogBesidesARightOne: what the right one holds is reported.
func TestWrongLogBesidesARightOne(t *testing.T) {
	dir := t.TempDir()
	right, wrong := filepath.Join(dir, "mainlog"), filepath.Join(dir, "other")
	writeFile(t, right, someArrivals(time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC), 30))
	writeFile(t, wrong, "{\"a\": 1}\n")
	out, stderr, status := exiwatch(t, "", "top", "account", "--config", "/dev/null", wrong, right)
	if status != exitFailure || out != "     30 alice\n" || strings.Count(stderr, "exiwatch: error: ") != 1 ||
		!strings.Contains(stderr, wrong) {
		t.Errorf("status %d: %s%s", status, out, stderr)
	}
}

// TestNothingIsSelected: the flags select no arrival, and it is said why.
func TestNothingIsSelected(t *testing.T) {
	yearOld := time.Now().AddDate(-1, 0, 0).UTC().Truncate(time.Second)
	log := filepath.Join(t.TempDir(), "mainlog")
	writeFile(t, log, someArrivals(yearOld, 30))
	begins, ends := stamped(yearOld), stamped(yearOld.Add(29*time.Second))
	for flags, says := range map[string]string{
		"--since=24h": "exiwatch: note: the log ends at " + ends + ", before --since 24h (",
		"--until=2001-01-01": "exiwatch: note: the log begins at " + begins +
			", not before --until 2001-01-01 (2001-01-01 00:00:00 +0000): none of 30",
		"--sender=nobody --since=2001-01-01": "exiwatch: note: 0 of 30 arrivals match --since 2001-01-01 --sender nobody; they are from " +
			begins + " to " + ends + "\n",
		"--sender=a@*": "",
	} {
		for _, command := range []string{"top account", "replay", "arrivals"} {
			args := strings.Fields(command + " --config /dev/null --timezone UTC " + flags)
			_, stderr, status := exiwatch(t, "", append(args, log)...)
			if status != exitDone || !strings.HasPrefix(stderr, says) || says == "" && stderr != "" {
				t.Errorf("%q: status %d, %q, want %q", args, status, stderr, says)
			}
		}
	}
}

// TestLogInAnotherZone: what was written now, and is stamped hours ago or ahead, is in another zone.
func TestLogInAnotherZone(t *testing.T) {
	log := filepath.Join(t.TempDir(), "mainlog")
	now := time.Now().UTC()
	writeFile(t, log, someArrivals(now.Add(-20*time.Second), 20))
	if err := os.Chtimes(log, now, now); err != nil {
		t.Fatal(err)
	}
	for zone, says := range map[string][]string{
		"Asia/Tokyo": {"note: the log ends at ", "hint: " + log + " was written 9h0m after its last timestamp",
			"Try --timezone UTC"},
		"Etc/GMT+5": {"note: the log ends in the future", "hint: " + log + " was written 5h0m before its last timestamp",
			"Try --timezone UTC"},
		"UTC": nil,
	} {
		_, stderr, status := exiwatch(t, "", "top", "account", "--config", "/dev/null", "--timezone", zone, "--since",
			"30m",
			log)
		for _, text := range says {
			if !strings.Contains(stderr, text) {
				t.Errorf("%s: %q doesn't say %q", zone, stderr, text)
			}
		}
		if status != exitDone || says == nil && stderr != "" {
			t.Errorf("%s: status %d, %q", zone, status, stderr)
		}
	}
}

// TestLoopbackIsSaid: arrivals over loopback without a login count, and where they don't, that is said.
func TestLoopbackIsSaid(t *testing.T) {
	var b strings.Builder
	for i := range 120 {
		fmt.Fprintf(&b, "2026-03-01 10:%02d:%02d 1tQ%03d-000001-01 <= web@shop.test H=localhost [%s] P=esmtp S=800\n",
			i/60,
			i%60, i,
			[]string{"127.0.0.1", "::1"}[i%2])
	}
	dir := t.TempDir()
	log, config := filepath.Join(dir, "mainlog"), filepath.Join(dir, "exiwatch.toml")
	writeFile(t, log, b.String())
	writeFile(t, config, "")
	if out, _, _ := exiwatch(t, "", "replay", "--config", config, log); strings.Contains(out, "Counted by no rule") ||
		!strings.Contains(out, "\nAlerts that would have been mailed: 1\n") {
		t.Errorf("by default:\n%s", out)
	}
	writeFile(t, config, "[count]\nonly = [\"authenticated\", \"local\"]\n")
	out, _, _ := exiwatch(t, "", "replay", "--config", config, log)
	if !strings.Contains(out, "\nCounted by no rule: 120 of 120 arrivals\n") || !strings.Contains(out, "loopback") {
		t.Errorf("without loopback:\n%s", out)
	}
	if _, stderr, _ := exiwatch(t, "", "top", "account", "--config", config, log); !strings.Contains(stderr,
		"120 of 120 arrivals counted for no rule") ||
		!strings.Contains(stderr, "loopback") {
		t.Errorf("top says %q", stderr)
	}
}
