package check

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/journaltest"
)

// journalLab is a lab with a journal of arrivals in place of a log.
func journalLab(t *testing.T, log string) *lab {
	t.Helper()
	j := journaltest.New(t)
	j.Install()
	var all []journaltest.Record
	for line := range strings.Lines(arrivals(30)) {
		at, _ := time.Parse(time.DateTime, line[:len(time.DateTime)])
		all = append(all, journaltest.Record{
			At: at, Identifier: "exim", Unit: "exim4.service", PID: 17, Message: strings.TrimSpace(line),
		}, journaltest.Record{At: at, Identifier: "sshd", PID: 18, Message: "Accepted publickey"})
	}
	j.Append("a", all...)
	l := newLab(t, "")
	l.Config.Log = []string{log}
	return l
}

// find gives the first result of a check.
func (l *lab) find(check string) Result {
	l.t.Helper()
	for r := range l.Run(l.t.Context()) {
		if r.Check == check {
			return r
		}
	}
	l.t.Fatalf("nothing about %s", check)
	return Result{}
}

func TestJournalIsChecked(t *testing.T) {
	for _, log := range []string{"journal", "journal:exim4"} {
		l := journalLab(t, log)
		if r := l.find("log"); r.Status != Pass || !strings.Contains(r.Detail, log+", readable by user ") {
			t.Errorf("%s: log: %+v", log, r)
		}
		if r := l.find("lines"); r.Status != Pass ||
			!strings.Contains(r.Detail, "32 lines, 30 arrivals, all understood, by Exim 4.96") {
			t.Errorf("%s: lines: %+v", log, r)
		}
		if r := l.find("clock"); r.Status != Pass || !strings.Contains(r.Detail, "zone from the log") {
			t.Errorf("%s: clock: %+v", log, r)
		}
	}
	const none = "none of the journal's last"
	if r := journalLab(t, "journal:ssh").find("lines"); r.Status != Warn || !strings.Contains(r.Detail, none) {
		t.Errorf("of a unit that logs nothing: %+v", r)
	}
}

func TestJournalThatCannotBeRead(t *testing.T) {
	l := newLab(t, "")
	l.Config.Log = []string{"journal"}
	bin := t.TempDir()
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	for script, want := range map[string]string{
		"echo 'Hint: You are currently not seeing messages from other users and the system.' >&2": "systemd-journal",
		"echo 'No journal files were found.' >&2":                                                 "systemd-journald",
	} {
		l.write("journalctl", "#!/bin/sh\n"+script+"\n", 0o755)
		os.Rename(l.path("journalctl"), filepath.Join(bin, "journalctl"))
		if r := l.find("log"); r.Status != Fail || !strings.Contains(r.Hint, want) {
			t.Errorf("%s: %+v, want a hint with %q", script, r, want)
		}
	}
}

// TestFolderInPlaceOfTheLog: the hint names what looks like the main log there.
func TestFolderInPlaceOfTheLog(t *testing.T) {
	l := newLab(t, "")
	l.Config.Log = []string{l.dir}
	if r := l.find("log"); r.Status != Fail || !strings.Contains(r.Hint, l.path("mainlog")) {
		t.Errorf("%+v, want a hint with %s", r, l.path("mainlog"))
	}
}

func TestStandardInputIsChecked(t *testing.T) {
	l := newLab(t, "")
	l.Config.Log = []string{"-"}
	if r := l.find("log"); r.Status != Pass || !strings.Contains(r.Detail, "standard input") {
		t.Errorf("%+v", r)
	}
}
