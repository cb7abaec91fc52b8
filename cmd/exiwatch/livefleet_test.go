package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"exiwatch/internal/testkit"
)

// TestLiveOfAFleet: one ranking of what two hosts log, the terminal with both, and a page that says which hosts.
func TestLiveOfAFleet(t *testing.T) {
	s := newFleetStage(t)
	var hosts []*growing
	for _, name := range []string{"mx1", "mx2"} {
		g := &growing{t: t, path: testkit.Write(t, "mainlog", "")}
		d := startDaemon(t, testkit.Write(t, name+".toml", fmt.Sprintf("log = %q\nstate = %q\n%shost = %q\n[mail]\n"+
			"via = 'sendmail:/bin/true'\n", g.path, filepath.Join(t.TempDir(), "state"), read(t, s.config), name)))
		defer d.stop()
		hosts = append(hosts, g)
	}
	once := func(args ...string) string {
		out, stderr, status := exiwatch(t, "", append([]string{"live", "--fleet", "--once", "--config", s.config},
			args...)...)
		if status != exitDone && !strings.Contains(stderr, "no host has joined") {
			t.Errorf("status %d: %s", status, stderr)
		}
		return out
	}
	hosts[0].arrive(12, "mallory", "192.0.2.1", "Your parcel is waiting")
	hosts[1].arrive(15, "mallory", "192.0.2.2", "Your parcel is waiting")
	var text string
	until(t, "both hosts' are there", func() bool { text = once(); return strings.Contains(text, "     27 ######") })
	wantsAll(t, text, " exiwatch live  fleet lab", "1 open incident", "!      27", "mallory@lab.test", "1-1 of 1\n")
	wantsAll(t, once("--key", "log_host", "--window", "1h"), " log hosts in 1h by messages", "      15 ", "  mx2",
		"      12 ", "  mx1")
	var all struct {
		Log, Key string
		Rows     []struct{ Value string }
	}
	testkit.Must(t, json.Unmarshal([]byte(once("--json", "--key", "log_host")), &all))
	if all.Log != "fleet lab" || all.Key != "log_host" || len(all.Rows) != 2 || all.Rows[0].Value != "mx2" {
		t.Errorf("as JSON: %+v", all)
	}

	x := startTmux(t, 100, 30)
	x.live("", "--fleet", "--config", s.config)
	x.sees("fleet lab", "mallory@lab.test", "▲>     27", "1 open incident")
	hosts[1].arrive(5, "mallory", "192.0.2.2", "Your parcel is waiting")
	x.sees("▲>     32")
	x.press("Enter")
	x.sees("100%  Your parcel is waiting", "Hosts that logged them", "20  63%  mx2", "12  38%  mx1")
	x.press("Escape")
	x.sees("accounts in 5m")
	x.press("BTab")
	x.sees("log hosts in 5m", "1-2 of 2")
	s.server.Pause()
	x.sees("! reading")
	s.server.Resume()
	hosts[0].arrive(9, "bob", "192.0.2.2", "Lunch")
	x.sees("     21 ", "mx1")
	x.press("q")
	x.sees("status 0")
}

// TestLiveNeedsAFleet says what is missing.
func TestLiveNeedsAFleet(t *testing.T) {
	s := newFleetStage(t)
	for args, want := range map[string]string{
		"--config " + s.config + " --once": "error: no host has joined the fleet\n" +
			"exiwatch: hint: write the same [fleet]",
		"--config " + s.config + " --once mainlog":   "expected no FILE",
		"--config /dev/null --once":                  "error: this host is in no fleet",
		"--config " + s.config + " --once --key log": "unknown key",
	} {
		_, stderr, status := exiwatch(t, "", append([]string{"live", "--fleet"}, strings.Fields(args)...)...)
		if status == exitDone || !strings.Contains(stderr, want) {
			t.Errorf("%s: status %d: %s", args, status, stderr)
		}
	}
	s.server.Kill()
	_, stderr, status := exiwatch(t, "", "live", "--fleet", "--once", "--config", s.config)
	if status != exitFailure || !strings.Contains(stderr, "hint: is it running") {
		t.Errorf("without an engine: status %d: %s", status, stderr)
	}
	_, stderr, status = exiwatch(t, "", "live", "--once", "--key", "log_host", "--config", "/dev/null", "/dev/null")
	if status != exitUsage || !strings.Contains(stderr, "unknown key") {
		t.Errorf("log_host without a fleet: status %d: %s", status, stderr)
	}
}
