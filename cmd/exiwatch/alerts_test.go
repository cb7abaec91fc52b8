package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/testkit"
)

// TestAlerts: what is open, and what became of the mail about it, as people and as programs read it.
func TestAlerts(t *testing.T) {
	dir := t.TempDir()
	log, state := testkit.Write(t, "mainlog", ""), filepath.Join(dir, "state")
	sendmail := testkit.Write(t, "sendmail", "#!/bin/sh\nexec cat >/dev/null\n")
	testkit.Must(t, os.Chmod(sendmail, 0o700))
	config := testkit.Write(t, "exiwatch.toml", fmt.Sprintf("log = %q\nstate = %q\ntimezone = 'UTC'\n[[rule]]\nlimit = 5\n"+
		"window = '1h'\n[[rule]]\nlimit = 7\nwindow = '2h'\n[mail]\nto = ['root']\nvia = %q\nmax_per_hour = 1\n", log, state,
		"sendmail:"+sendmail))
	if _, stderr, status := exiwatch(t, "", "alerts", "--config", config); status != exitFailure ||
		!strings.Contains(stderr, "has the daemon run with this configuration?") {
		t.Errorf("before there is a state folder: %d, %q", status, stderr)
	}
	d := startDaemon(t, config)
	until(t, "the log is read", func() bool { return strings.Contains(d.stderr.String(), "read to their ends") })
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	testkit.Append(t, log, testkit.Sentinel("alice", at, 8)) // over both limits
	testkit.Append(t, log, testkit.Sentinel("ev\x1b[31mil", at.Add(time.Minute), 6))
	var text string
	until(t, "one is told and one is held", func() bool {
		text, _, _ = exiwatch(t, "", "alerts", "--config", config)
		return strings.Contains(text, "held for a digest at ") && strings.Contains(text, "sent at ")
	})
	for _, want := range []string{
		"open   since 2026-11-23 10:00:00  alice\n", "        at most 9 messages in 1 hour (limit 5), 9 messages in all\n",
		"        at most 9 messages in 2 hours (limit 7), 9 messages in all\n", `  ev\x1b[31mil` + "\n",
		": 1 incident began with a mail within an hour\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	out, _, status := exiwatch(t, "", "alerts", "--json", "--config", config)
	var all []struct {
		ID, Account, Key string
		Alerts           []struct{ ID, Window string }
		Ended            *time.Time
		Mail             struct {
			State, Held string
			At          time.Time
			HeldUntil   time.Time `json:"held_until"`
		}
	}
	if err := json.Unmarshal([]byte(out), &all); err != nil || status != exitDone || len(all) != 2 {
		t.Fatalf("status %d, %v: %s", status, err, out)
	}
	first := all[1] // the newest comes first
	if first.Account != "alice" || first.Key != "user" || len(first.Alerts) != 2 || first.ID != first.Alerts[0].ID ||
		first.Ended != nil || first.Mail.At.IsZero() {
		t.Errorf("alice's incident is %+v", first)
	}
	if held := all[0].Mail; held.State != "none" || held.Held == "" || held.HeldUntil.Before(time.Now()) {
		t.Errorf("the mail that is held is %+v", held)
	}
	d.stop()
	until(t, "the daemon has ended", func() bool { return len(d.ended) == 1 })
	if _, stderr, _ := exiwatch(t, "", "alerts", "--config", config); !strings.Contains(stderr, "no daemon runs") {
		t.Errorf("without a daemon it says %q", stderr)
	}
}
