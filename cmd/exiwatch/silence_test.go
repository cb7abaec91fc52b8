package main

import (
	"encoding/json"
	"os"
	"os/user"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/daemon"
)

// TestSilenceCommand: what is silenced holds the updates of the running daemon's incidents, is listed, and is ended.
func TestSilenceCommand(t *testing.T) {
	t.Setenv("SUDO_USER", "")
	p := newPlot(t, nowhere)
	d := startProcess(t, "run", "--config", p.config)
	d.until(readToEnd, 1)
	p.write(burst("alice", 0, 30))
	d.until("msg=alert ", 1)
	silence := func(want string, args ...string) string {
		t.Helper()
		out, stderr, status := exiwatch(t, "", append([]string{"silence", "--config", p.config}, args...)...)
		if status != exitDone || stderr != "" || !strings.Contains(out, want) {
			t.Errorf("silence %q: status %d: %s%s; want %q", args, status, out, stderr, want)
		}
		return out
	}
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	said := silence("account:alice is silenced until ", "Alice", "2h", "--reason", "on it\x1b[2J")
	if want := ` by ` + me.Username + `: on it\x1b[2J`; !strings.Contains(said, want) {
		t.Errorf("it prints %q, want %q", said, want)
	}
	d.until("updates of its incidents are held", 1)
	silence("account:alice  silenced until", "list")
	if out, stderr, _ := exiwatch(t, "", "check", "--config", p.config); !strings.Contains(out, "account:alice is silenced") {
		t.Errorf("check says nothing of it:\n%s%s", out, stderr)
	}
	var all []daemon.Silence
	if err := json.Unmarshal([]byte(silence("", "list", "--json")), &all); err != nil || len(all) != 1 ||
		time.Until(all[0].Until) > 2*time.Hour || time.Until(all[0].Until) < time.Hour {
		t.Errorf("list --json: %+v, %v", all, err)
	}
	out, stderr, status := exiwatch(t, "", "alerts", "--config", p.config)
	if status != exitDone || !strings.Contains(out, "silenced until") {
		t.Errorf("alerts: status %d: %s%s; want that it is silenced", status, out, stderr)
	}
	silence("account:alice is no longer silenced", "end", "alice")
	d.until("no longer silenced", 1)
	silence("Nothing is silenced.", "list")
	d.end()
}

// TestSilenceUsage: what can't be is told with what to do.
func TestSilenceUsage(t *testing.T) {
	p := newPlot(t, nowhere)
	for _, test := range []struct {
		args   string
		status int
		says   string
	}{
		{"", exitUsage, "silence needs an account and for how long"},
		{"alice", exitUsage, "silence needs an account and for how long"},
		{"lst", exitUsage, `unknown command "silence lst"; did you mean "list"?`},
		{"alice soon", exitUsage, `"soon": expected for how long, from 1m to 31d`},
		{"alice 32d", exitUsage, `"32d": expected for how long, from 1m to 31d`},
		{"acount=alice 2h", exitUsage, `unknown key "acount"; did you mean "account"?`},
		{"end", exitUsage, "silence end needs one account"},
		{"list all", exitUsage, ""},
		{"alice 2h", exitFailure, "has the daemon run with this configuration?"},
		{"end alice", exitFailure, "has the daemon run with this configuration?"},
	} {
		args := append([]string{"silence", "--config", p.config}, strings.Fields(test.args)...)
		_, stderr, status := exiwatch(t, "", args...)
		if status != test.status || !strings.Contains(stderr, test.says) {
			t.Errorf("silence %s: status %d: %s; want %d and %q", test.args, status, stderr, test.status, test.says)
		}
	}
	if _, err := os.Stat(p.dir); err != nil {
		t.Error(err)
	}
}
