package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"exiwatch/internal/journaltest"
)

// journaled makes entries of Exim's of the lines of a log.
func journaled(log string) (all []journaltest.Record) {
	for line := range strings.Lines(log) {
		at, _ := time.Parse(time.DateTime, line[:len(time.DateTime)])
		all = append(all, journaltest.Record{At: at, Identifier: "exim", PID: 17, Message: strings.TrimSpace(line)})
	}
	return all
}

// newJournal makes a journal that journalctl reads, and a configuration with it as the log.
func newJournal(t *testing.T, via string) (*journaltest.Journal, *plot) {
	t.Helper()
	j := journaltest.New(t)
	j.Install()
	p := newPlot(t, via)
	p.configure(strings.Replace(read(t, p.config), fmt.Sprintf("%q", p.log), `"journal"`, 1))
	return j, p
}

// exported is a file of what journalctl -o json prints.
func exported(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "journal.json")
	text, err := exec.Command("journalctl", "-o", "json").Output()
	if err == nil {
		err = os.WriteFile(file, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// alertIDs are the ids that replay --json lists, sorted.
func alertIDs(t *testing.T, args ...string) (ids []string) {
	t.Helper()
	out, stderr, status := exiwatch(t, "", append([]string{"replay", "--json"}, args...)...)
	var document struct{ Alerts []struct{ ID string } }
	if err := json.Unmarshal([]byte(out), &document); err != nil || status != exitDone {
		t.Fatalf("replay %q: status %d, %v: %s", args, status, err, stderr)
	}
	for _, a := range document.Alerts {
		ids = append(ids, a.ID)
	}
	slices.Sort(ids)
	return ids
}

// TestJournalIsRead: without a FILE the commands read the journal, and find what is in a copy of it.
func TestJournalIsRead(t *testing.T) {
	j, p := newJournal(t, nowhere)
	j.Append("a", journaled(shopLog+burst("alice", 10, 40))...)
	file := exported(t)
	for _, args := range [][]string{
		{"arrivals"}, {"top", "account"}, {"replay"}, {"replay", "--json"}, {"replay", "--suggest"},
	} {
		args = append(args, "--config", p.config)
		out, stderr, status := exiwatch(t, "", args...)
		want, _, _ := exiwatch(t, "", append(args, file)...)
		out, want = withoutPlaces(out), withoutPlaces(want)
		if out != want || status != exitDone || len(out) < 10 {
			t.Errorf("%q: status %d, %s\n%s\nof the copy:\n%s", args, status, stderr, out, want)
		}
	}
}

var places = regexp.MustCompile(`"(file|bytes)": ?("[^"]*"|\d+)|[\d,.]+ [kM]?B\b|\S*journal(\.json)?`)

func withoutPlaces(text string) string { return places.ReplaceAllString(text, "…") }

// TestJournalThroughKills: whatever kills the daemon, each alert of the journal is mailed once.
func TestJournalThroughKills(t *testing.T) {
	mails := t.TempDir()
	sendmail := filepath.Join(mails, "sendmail")
	script := "#!/bin/sh\ncat >\"$(mktemp " + mails + "/mail.XXXXXX)\"\n"
	if err := os.WriteFile(sendmail, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	j, p := newJournal(t, "sendmail:"+sendmail)
	run := func() *process { return startProcess(t, "run", "--from-start", "--config", p.config) }
	kill := func(d *process) {
		d.signal(syscall.SIGKILL)
		<-d.ended
	}
	for i := range 3 {
		d := run()
		from := 400 * i
		j.Append("a", journaled(burst(fmt.Sprint("whole", i), from, from+30))...)
		j.Append("a", journaled(burst(fmt.Sprint("half", strings.Repeat("x", i)), from+30, from+45))...)
		d.until("event=opened", 1) // is sent
		kill(d)
		j.Append(fmt.Sprint("b", i), journaled(burst(fmt.Sprint("half", strings.Repeat("x", i)), from+45, from+60))...)
		d = run()
		d.until("event=opened", 1) // is sent
		kill(d)
	}
	d := run()
	d.until(readToEnd, 1)
	d.end()
	var ids []string
	files, _ := filepath.Glob(mails + "/mail.*")
	for _, file := range files {
		mail := read(t, file)
		if strings.Contains(mail, "X-Exiwatch-Event: opened") {
			_, rest, _ := strings.Cut(mail, "X-Exiwatch-Alert: ")
			id, _, _ := strings.Cut(rest, "\n")
			ids = append(ids, strings.TrimSpace(id))
		}
	}
	slices.Sort(ids)
	if want := alertIDs(t, "--config", p.config); !slices.Equal(ids, want) || len(want) != 6 {
		t.Errorf("mailed %q, a replay lists %q", ids, want)
	}
}

// TestJournalctlIsMissing: it says what to do, and doesn't say that there are no alerts.
func TestJournalctlIsMissing(t *testing.T) {
	_, p := newJournal(t, nowhere)
	t.Setenv("PATH", t.TempDir())
	for _, command := range []string{"run", "replay", "arrivals"} {
		out, stderr, status := exiwatch(t, "", command, "--config", p.config)
		if status != exitFailure || out != "" || !strings.Contains(stderr,
			"journalctl isn't installed\nexiwatch: hint: ") {
			t.Errorf("%s: status %d, %q, %q", command, status, out, stderr)
		}
	}
}

// TestFolderIsNamed: the hint names the main log in it.
func TestFolderIsNamed(t *testing.T) {
	p := newPlot(t, nowhere)
	for _, args := range [][]string{{"replay", p.dir}, {"top", "account", p.dir}, {"arrivals", p.dir}} {
		out, stderr, status := exiwatch(t, "", args...)
		if status != exitFailure || out != "" || !strings.Contains(stderr, p.dir+" is a folder") ||
			!strings.Contains(stderr, "hint: in that folder "+p.log+" looks like the main log") {
			t.Errorf("%q: status %d, %q, %q", args, status, out, stderr)
		}
	}
}

// TestRunOfStandardInput: it ends by itself, and the mail is out.
func TestRunOfStandardInput(t *testing.T) {
	p := newPlot(t, "sendmail:/bin/true")
	p.configure(strings.Replace(read(t, p.config), fmt.Sprintf("%q", p.log), `"-"`, 1))
	out, stderr, status := exiwatch(t, burst("alice", 0, 30), "run", "--config", p.config)
	if status != exitDone || out != "" || strings.Count(stderr, `msg="mail sent"`) != 1 {
		t.Errorf("status %d, %q, %s", status, out, stderr)
	}
	out, stderr, status = exiwatch(t, burst("alice", 0, 30), "replay", "--json", "--config", p.config)
	if status != exitDone || strings.Count(out, `"crossed_by"`) != 1 {
		t.Errorf("replay: status %d, %q, %s", status, out, stderr)
	}
}
