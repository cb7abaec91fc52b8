package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// gateway is a log of a relay host that sends 1,510 messages in 32 minutes, and of one user who logs in ten times.
func gateway() string {
	var b strings.Builder
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	line := func(i int, items string) {
		stamp := at.Add(time.Duration(i) * 32 * time.Minute / 1510).Format(time.DateTime)
		fmt.Fprintf(&b, "%s 1xV%03d-%06d-01 <= user%d@lab.test %s S=900\n", stamp, i%1000, i, i, items)
	}
	for i := range 1510 {
		line(i, "H=inside.lab.test [198.51.100.7] P=esmtp")
		if i%151 == 0 {
			line(i, "H=(pc) [192.0.2.7] P=esmtpa A=plain:alice")
		}
	}
	return b.String()
}

// TestUncountedIsTold: where no rule counts a host that sends in bulk, replay and top say so, and how to count it.
func TestUncountedIsTold(t *testing.T) {
	const line = `only = ["authenticated", "local", "198.51.100.0/24"]`
	dir := t.TempDir()
	config, log := filepath.Join(dir, "exiwatch.toml"), filepath.Join(dir, "mainlog")
	writeFile(t, config, "timezone = \"UTC\"\n[count]\nonly = [\"authenticated\", \"local\"]\n")
	writeFile(t, log, gateway())

	out, stderr, status := exiwatch(t, "", "replay", "--config", config, log)
	for _, want := range []string{
		"\nCounted by no rule: 1510 of 1520 arrivals\n   1510 relayed or incoming, 198.51.100.0/24, all from " +
			"198.51.100.7, within 32 min\n",
		"\n    [count]\n    " + line + "\n", "\nAlerts that would have been mailed: 0\n",
	} {
		if status != exitDone || !strings.Contains(out, want) {
			t.Errorf("replay, status %d, doesn't say %q:\n%s%s", status, want, out, stderr)
		}
	}

	out, _, _ = exiwatch(t, "", "replay", "--config", config, "--json", log)
	var document struct {
		Uncounted []struct {
			Class, Network string
			Messages       int
		}
	}
	if err := json.Unmarshal([]byte(out), &document); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(document.Uncounted); got != "[{relayed or incoming 198.51.100.0/24 1510}]" {
		t.Errorf("uncounted is %s", got)
	}

	out, _, _ = exiwatch(t, "", "replay", "--config", config, "--html", "-", log)
	if !strings.Contains(out, "1,510 messages</a> of 1,520 counted for no rule.") {
		t.Error("the HTML report doesn't tell")
	}

	const note = "exiwatch: note: 1510 of 1520 arrivals counted for no rule: 1510 relayed or incoming, " +
		"198.51.100.0/24, all from 198.51.100.7, within 32 min. " +
		"[count] " + line + " counts them\n"
	for _, key := range []string{"account", "cpuser"} {
		if _, stderr, status = exiwatch(t, "", "top", key, "--config", config, log); status != exitDone ||
			stderr != note {
			t.Errorf("top %s, status %d, says %q, want %q", key, status, stderr, note)
		}
	}
	if _, stderr, _ = exiwatch(t, "", "top", "account", "--config", config, "--host", "192.0.2.0/24",
		log); stderr != "" {
		t.Errorf("top of what counts says %q", stderr)
	}

	// The line does what it says.
	writeFile(t, config,
		"timezone = \"UTC\"\n[count]\n"+line+"\n[[rule]]\nkey = \"host\"\nlimit = 500\nwindow = \"1h\"\n")
	out, _, _ = exiwatch(t, "", "replay", "--config", config, log)
	if strings.Contains(out, "Counted by no rule") || !strings.Contains(out,
		"\nAlerts that would have been mailed: 1\n") {
		t.Errorf("with the line:\n%s", out)
	}
}

// relaying is a log of a host that sends messages through this one without a login, half a minute apart: so many to the
// outside, and then twice as many to a mailbox here.
func relaying(host string, outside int) string {
	var b strings.Builder
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	for i := range 3 * outside {
		line := func(items string, args ...any) {
			stamp := at.Add(time.Duration(i) * 30 * time.Second).Format(time.DateTime)
			fmt.Fprintf(&b, "%s 1xR%03d-%06d-01 %s\n", stamp, i%1000, i, fmt.Sprintf(items, args...))
		}
		line("<= app%d@lab.test H=app.lab.test [%s] P=esmtp S=900 for bob@example.org", i, host)
		if i < outside {
			line(`=> bob@example.org R=dnslookup T=remote_smtp H=mx.example.org [203.0.113.9] C="250 OK"`)
		} else {
			line("=> bob <bob@example.org> R=local_user T=mail_spool")
		}
		line("Completed")
	}
	return b.String()
}

// TestRelayedIsNotUncounted: what a host inside sends to the outside counts, so nobody says that it doesn't. For what
// it sends to mailboxes here no line is proposed.
func TestRelayedIsNotUncounted(t *testing.T) {
	dir := t.TempDir()
	config, log := filepath.Join(dir, "exiwatch.toml"), filepath.Join(dir, "mainlog")
	writeFile(t, config, "timezone = \"UTC\"\n")
	for _, from := range []struct {
		host, network string
		uncounted     int
	}{{"10.1.2.3", "10.1.2.0/24", 100}, {"198.51.100.7", "198.51.100.0/24", 150}} {
		writeFile(t, log, relaying(from.host, 50))
		row := fmt.Sprintf("%d relayed or incoming, %s", from.uncounted, from.network)
		for _, test := range []struct{ args, says string }{
			{"replay", row},
			{"replay --json", fmt.Sprintf("%q,\n      \"messages\": %d\n", from.network, from.uncounted)},
			{"replay --summary=2026-11-23", fmt.Sprintf("Counted by no rule: %d messages", from.uncounted)},
			{"top account", row},
			{"top cpuser", row},
		} {
			out, stderr, status := exiwatch(t, "", append(strings.Fields(test.args), "--config", config, log)...)
			proposes := strings.Contains(out+stderr, "only = [") && from.host == "10.1.2.3"
			if status != exitDone || !strings.Contains(out+stderr, test.says) || proposes {
				t.Errorf("%s of %s, status %d, doesn't say %q, or proposes a line:\n%s%s", test.args, from.host, status,
					test.says, out, stderr)
			}
		}
	}
}
