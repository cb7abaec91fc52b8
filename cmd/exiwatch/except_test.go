package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// except runs a command of exiwatch except with a configuration and wants it done.
func except(t *testing.T, config, command string, args ...string) string {
	t.Helper()
	out, stderr, status := exiwatch(t, "", append([]string{"except", command, "--config", config}, args...)...)
	if status != exitDone || stderr != "" {
		t.Fatalf("except %s %q: status %d: %s", command, args, status, stderr)
	}
	return out
}

// addException adds one for an account, whose reason a terminal would obey.
func addException(t *testing.T, config string, args ...string) string {
	t.Helper()
	return except(t, config, "add", append(args, "--limit", "50", "--until", "30d", "--reason", "a list\x1b[2J")...)
}

// TestExceptReloadsTheDaemon: it counts with the new limit at once, and with the old one after it is removed.
func TestExceptReloadsTheDaemon(t *testing.T) {
	p := newPlot(t, nowhere)
	d := startProcess(t, "run", "--config", p.config)
	d.until(readToEnd, 1)
	out := addException(t, p.config, "alice", "--rule", "bulk sender")
	if want := fmt.Sprintf("The daemon (pid %d) reloads its configuration.\n", d.cmd.Process.Pid); !strings.Contains(out, want) {
		t.Errorf("add prints %q, want %q", out, want)
	}
	d.until(readToEnd, 2)
	p.write(burst("alice", 0, 30) + burst("bob", 30, 60))
	d.until("msg=alert ", 1)
	if text := d.text(); !strings.Contains(text, "bob") || strings.Contains(text, "account=alice") {
		t.Errorf("alice has an alert, or bob has none:\n%s", text)
	}
	except(t, p.config, "remove", "alice")
	d.until(readToEnd, 3)
	p.write(burst("alice", 60, 90))
	d.until("account=alice", 1)
	d.end()
}

// TestExceptList: it lists all, with what has ended, and check says the same.
func TestExceptList(t *testing.T) {
	p := newPlot(t, nowhere)
	text := read(t, p.config)
	p.configure(text + "[[rule]]\nname = 'bulk'\n[[rule.except]]\nmatch = 'old'\nlimit = 70\nuntil = 2026-11-22\n")
	if out := addException(t, p.config, "<web#@lab.test>"); !strings.Contains(out, "No running daemon was found") {
		t.Errorf("add without a daemon: %q", out)
	}
	last := time.Now().AddDate(0, 0, 30).Format(time.DateOnly)
	out := except(t, p.config, "list")
	for _, want := range []string{"ended 2026-11-22  old\n        limit 70 of bulk\n        " + p.config + ":8\n",
		"until " + last + "  <web#@lab.test>\n        limit 50 of bulk\n        a list\\x1b[2J\n        " +
			filepath.Join(p.dir, "except.d") + "/"} {
		if !strings.Contains(out, want) {
			t.Errorf("list lacks %q:\n%s", want, out)
		}
	}
	var rows []struct {
		Match string
		Rules []string
		Ended bool
	}
	if err := json.Unmarshal([]byte(except(t, p.config, "list", "--json")), &rows); err != nil || len(rows) != 2 ||
		!rows[0].Ended || rows[1].Ended || rows[1].Match != "<web#@lab.test>" || rows[1].Rules[0] != "bulk" {
		t.Errorf("list --json: %+v, %v", rows, err)
	}
	checked, _, _ := exiwatch(t, "", "check", "--config", p.config)
	checked = strings.Join(strings.Fields(checked), " ") // its rows are wrapped
	if !strings.Contains(checked, `bulk: the exception for "old" with the limit 70 ended on 2026-11-22`) ||
		strings.Contains(checked, "<web#") {
		t.Errorf("check says otherwise:\n%s", checked)
	}
	except(t, p.config, "remove", "<WEB#@lab.test>", "--rule", "")
	p.configure(text)
	if out := except(t, p.config, "list"); out != "There are no exceptions.\n" {
		t.Errorf("after all are removed: %q", out)
	}
}

// TestExceptRefuses: nothing is left behind, and each error says what is expected.
func TestExceptRefuses(t *testing.T) {
	p := newPlot(t, nowhere)
	for _, test := range []struct {
		args   string
		status int
		says   string
	}{
		{"", exitUsage, "needs one of add, list, remove"},
		{"ad", exitUsage, `unknown command "except ad"; did you mean "add"?`},
		{"add", exitUsage, "except add needs one account"},
		{"add a b", exitUsage, "needs one account"},
		{"add a --until 1d --reason r", exitUsage, "needs --limit"},
		{"add a --limit x --until 1d --reason r", exitUsage, `--limit "x": expected a whole number`},
		{"add a --limit 50 --reason r", exitUsage, "needs --until"},
		{"add a --limit 50 --until 1d", exitUsage, "needs --reason"},
		{"add a --limit 50 --until soon --reason r", exitUsage, `--until "soon": expected a day`},
		{"add a --limit 50 --until 2026-01-31 --reason r", exitUsage, "that is over"},
		{"add a --limit 20 --until 1d --reason r", exitFailure, "limit: expected more than the rule's limit, 20"},
		{"add a --limit 50 --until 1d --reason r --rule bulk", exitFailure, `unknown rule; did you mean "bulk sender"?`},
		{"remove a", exitFailure, `except add made no exception for "a"`},
	} {
		args := strings.Fields(test.args)
		if len(args) > 1 {
			args = append(args, "--config", p.config)
		}
		_, stderr, status := exiwatch(t, "", append([]string{"except"}, args...)...)
		if status != test.status || !strings.Contains(stderr, test.says) {
			t.Errorf("except %s: status %d: %s; want %d and %q", test.args, status, stderr, test.status, test.says)
		}
	}
	if _, err := os.Lstat(filepath.Join(p.dir, "except.d")); !os.IsNotExist(err) {
		t.Errorf("except.d is there: %v", err)
	}
}

// TestExceptSignalsNobodyElse: the daemon's user writes the process id, so root sends no signal to whatever it names.
func TestExceptSignalsNobodyElse(t *testing.T) {
	p := newPlot(t, nowhere)
	d := startProcess(t, "run", "--config", p.config)
	d.until(readToEnd, 1)
	lock := filepath.Join(p.dir, "state", "lock")
	was := read(t, lock)
	for _, pid := range []string{"-1", "0", "1", "x"} {
		writeFile(t, lock, pid)
		_, stderr, status := exiwatch(t, "", "except", "add", "a", "--limit", "50", "--until", "1d", "--reason", "r",
			"--config", p.config)
		if status != exitFailure || !strings.Contains(stderr, "it is not reloaded") || !strings.Contains(stderr, "hint:") {
			t.Errorf("pid %s: status %d: %s", pid, status, stderr)
		}
	}
	writeFile(t, lock, was)
	d.end()
}
