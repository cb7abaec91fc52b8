package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"exiwatch/internal/testkit"

	"github.com/google/go-cmp/cmp"
)

// completed are the values that a shell gets for the last of args.
func completed(t *testing.T, args ...string) string {
	t.Helper()
	out, _, status := exiwatch(t, "", append([]string{"__complete"}, args...)...)
	values, _, directive := strings.Cut("\n"+out, "\n:")
	if status != exitDone || !directive {
		t.Fatalf("__complete %q: status %d: %q", args, status, out)
	}
	return strings.TrimSpace(strings.ReplaceAll(values, "\n", " "))
}

// TestCompletion: accounts of open incidents, exceptions, rules and fixed words. A name that a shell would take for
// something else is left out: whoever logs in chooses it.
func TestCompletion(t *testing.T) {
	log, state := testkit.Write(t, "mainlog", ""), filepath.Join(t.TempDir(), "state")
	sendmail := testkit.Write(t, "sendmail", "#!/bin/sh\nexec cat >/dev/null\n")
	testkit.Must(t, os.Chmod(sendmail, 0o700))
	config := testkit.Write(t, "exiwatch.toml", fmt.Sprintf("log = %q\nstate = %q\ntimezone = 'UTC'\n[[rule]]\n"+
		"name = 'bulk sender'\nlimit = 5\nwindow = '1h'\n[[rule]]\nkey = 'host'\nlimit = 7\nwindow = '1h'\n"+
		"[[except]]\nmatch = '*@lists.lab.test'\nlimit = 50\nrule = 'bulk sender'\n"+
		"[[except]]\nmatch = '$(reboot)*'\nlimit = 50\nrule = 'bulk sender'\n"+
		"[mail]\nto = ['root']\nvia = %q\n", log, state, "sendmail:"+sendmail))
	d := startDaemon(t, config)
	until(t, "the log is read", func() bool { return strings.Contains(d.stderr.String(), "read to their ends") })
	at := time.Now().UTC().Truncate(time.Second).Add(-time.Minute)
	for i, who := range []string{"alice", "alan", "$(touch x)", "`id`", "a;b", "*", "-rf", "a b", "a'b", `a\b`, "a\x1bb",
		"=ls", "~root", "a&b", "<x>", "#x", "ä"} {
		testkit.Append(t, log, testkit.Sentinel(who, at.Add(time.Duration(i)*time.Second), 7))
	}
	until(t, "the incidents are saved", func() bool {
		text, _, _ := exiwatch(t, "", "alerts", "--config", config)
		return strings.Contains(text, "alan") && strings.Contains(text, "ä")
	})
	if _, stderr, status := exiwatch(t, "", "silence", "host=192.0.2.99", "1h", "--config", config); status != exitDone {
		t.Fatal(stderr)
	}
	for _, test := range []struct{ args, want string }{
		{"silence _", "alan alice"},
		{"silence ali", "alice"},
		{"silence alice _", ""},
		{"silence end _", "host=192.0.2.99"},
		{"route al", "alan alice"},
		{"query _", "account=alan account=alice"},
		{"query account=alan account=al", "account=alice"},
		{"except add _", "*@lists.lab.test alan alice"},
		{"except add alice _", ""},
		{"except remove _", "*@lists.lab.test"},
		{"except add --rule _", "bulk sender host 7/1h"},
		{"except remove --rule b", "bulk sender"},
		{"top account --count _", strings.Join(weights, " ")},
		{"top _", "bounces deferrals " + strings.Join(topKeys(), " ")},
		{"top bounces _", strings.Join(topKeys(), " ")},
	} {
		args := strings.Fields(test.args)
		last := len(args) - 1
		args[last] = strings.TrimPrefix(args[last], "_")
		if strings.HasPrefix(args[max(last-1, 0)], "--") { // the flag whose value it is
			last--
		}
		args = slices.Insert(args, last, "--config", config)
		if diff := cmp.Diff(test.want, completed(t, args...)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.args, diff)
		}
	}
}

// TestCompletionNeverFails: without a configuration or a state folder, or where reading hangs, there are no values.
func TestCompletionNeverFails(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo") // nobody writes: whoever opens it waits
	testkit.Must(t, syscall.Mkfifo(fifo, 0o600))
	wrong := testkit.Write(t, "wrong.toml", "limt = 3\n")
	nowhere := testkit.Write(t, "nowhere.toml", fmt.Sprintf("state = %q\n", filepath.Join(dir, "state")))
	for _, config := range []string{dir + "/none", wrong, nowhere, fifo} {
		for _, args := range [][]string{{"silence"}, {"silence", "end"}, {"route"}, {"query"}, {"except", "add"},
			{"except", "remove"}} {
			start := time.Now()
			if got := completed(t, append(args, "--config", config, "")...); got != "" {
				t.Errorf("%s: %q gives %q", config, args, got)
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("%s: %q took %v", config, args, took)
			}
		}
	}
	f, err := os.OpenFile(fifo, os.O_RDWR, 0) // whoever waits goes on
	testkit.Must(t, err)
	testkit.Must(t, f.Close())
}
