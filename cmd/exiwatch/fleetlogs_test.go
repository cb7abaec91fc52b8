package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// withoutIDs drops from a document what depends on the host in whose log a message is, and what no fleet knows.
func withoutIDs(t *testing.T, document string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(document), &v); err != nil {
		t.Fatal(err)
	}
	var drop func(any)
	drop = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, one := range v {
				drop(one)
			}
		case map[string]any:
			for _, key := range []string{"id", "incident", "log_hosts", "delivered", "refused", "deferred", "queued", "refusals",
				"block_lists"} {
				delete(v, key)
			}
			if incidents, ok := v["incidents"].([]any); ok {
				for _, one := range incidents {
					delete(one.(map[string]any), "alerts")
				}
			}
			for _, one := range v {
				drop(one)
			}
		}
	}
	drop(v)
	return v
}

// TestFleetOfOneHost: replay says the same of its log with --fleet, but for what became of the messages of alerts.
func TestFleetOfOneHost(t *testing.T) {
	for name, files := range fixtureSets(t) {
		if name == "hostile" {
			continue // it has the lines of several hosts
		}
		t.Run(name, func(t *testing.T) {
			args := []string{"replay", "--timezone", "Europe/Berlin", "--rule", "account 3/1h", "--rule", "topic 2/1d", "--json"}
			want, _, status := exiwatch(t, "", append(args, files...)...)
			for _, file := range files {
				args = append(args, "--fleet", "mx1="+file)
			}
			got, stderr, fleetStatus := exiwatch(t, "", args...)
			if diff := cmp.Diff(withoutIDs(t, want), withoutIDs(t, got)); diff != "" || status != fleetStatus {
				t.Errorf("status %d, %d, %s (-alone +fleet):\n%s", status, fleetStatus, stderr, diff)
			}
		})
	}
}

// eightOf is eight messages of one account, each in a second of its own.
func eightOf(host string, from time.Time) (log string) {
	for i := range 8 {
		log += fmt.Sprintf("%s 1xV%03d-000%s-01 <= ann@lab.test H=(pc) [192.0.2.7] P=esmtpa A=plain:ann S=900\n",
			from.Add(time.Duration(i)*time.Second).Format(time.DateTime), i, host)
	}
	return log
}

// openedIn are the alerts of a JSON document: when each opened, and what it counted.
func openedIn(t *testing.T, document string) (all []string) {
	t.Helper()
	var d struct {
		Lines  int64
		Alerts []struct {
			Opened, Value string
			Messages      int64
		}
	}
	if err := json.Unmarshal([]byte(document), &d); err != nil {
		t.Fatalf("%v in %q", err, document)
	}
	for _, a := range d.Alerts {
		all = append(all, fmt.Sprintf("%s %s %d of %d", a.Opened, a.Value, a.Messages, d.Lines))
	}
	return all
}

var burstsAt = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// burstLogs are the logs of mx1, mx2 and mx3, which send a burst each in one minute. mx1's clock is ahead.
func burstLogs(t *testing.T, ahead time.Duration) (dir string) {
	t.Helper()
	dir = t.TempDir()
	var central []string
	for i, host := range []string{"mx1", "mx2", "mx3"} {
		at := burstsAt.Add(time.Duration(i*10) * time.Second)
		log := eightOf(host, at)
		if host == "mx1" {
			log = eightOf(host, at.Add(ahead))
		}
		if err := os.Mkdir(filepath.Join(dir, host), 0o700); err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(dir, host, "mainlog"), log)
		for n, line := range slices.Collect(strings.Lines(log)) {
			sent := at.Add(time.Duration(n) * time.Second)
			central = append(central, fmt.Sprintf("%s %s exim[7]: %s", sent.Format("Jan _2 15:04:05"), host, line))
		}
	}
	slices.Sort(central) // by the time of the syslog daemon
	writeFile(t, filepath.Join(dir, "central"), strings.Join(central, ""))
	return dir
}

// TestFleetCountsTogether: eight messages on each of three hosts are 24. Neither a central log nor a wrong clock makes
// more or less of them.
func TestFleetCountsTogether(t *testing.T) {
	one := []string{"2026-11-23T10:00:24Z ann 24 of 24"}
	for _, test := range []struct {
		ahead time.Duration
		rule  string
		want  []string
	}{
		{0, "account 20/1m", one},
		{10 * time.Minute, "account 20/1m", nil}, // as none of the hosts has alone
		{10 * time.Minute, "account 20/15m", []string{"2026-11-23T10:10:04Z ann 24 of 24"}},
		{-10 * time.Minute, "account 20/1m", nil},
	} {
		dir := burstLogs(t, test.ahead)
		config := filepath.Join(dir, "exiwatch.toml")
		glob, path := func(host string) string { return filepath.Join(dir, host, "main*") }, func(host string) string {
			return filepath.Join(dir, host, "mainlog")
		}
		for name, args := range map[string][]string{
			"named":      {"--fleet", "mx1=" + glob("mx1"), "--fleet", "mx2=" + glob("mx2"), "--fleet", "mx3=" + glob("mx3")},
			"central":    {"--fleet", filepath.Join(dir, "central")},
			"configured": {"--config", config},
			"both":       {"--config", config, "--fleet", filepath.Join(dir, "central")},
		} {
			writeFile(t, config, fmt.Sprintf("log = [%q, %q, %q]\n[fleet]\nengine = \"none\"\n", path("mx1"), path("mx2"),
				path("mx3")))
			args = append([]string{"replay", "--json", "--timezone", "UTC", "--rule", test.rule}, args...)
			out, stderr, status := exiwatch(t, "", args...)
			if got := openedIn(t, out); !slices.Equal(got, test.want) || status != exitDone {
				t.Errorf("%s, %s ahead, %s: alerts %q, status %d, %s, want %q", name, test.ahead, test.rule, got, status,
					stderr, test.want)
			}
		}
	}
}

// TestConfiguredFleet: its central log's hosts count together, and all its logs are those of [fleet] host. A FILE is no
// fleet, and neither are logs over which several daemons count.
func TestConfiguredFleet(t *testing.T) {
	dir := burstLogs(t, 0)
	config := filepath.Join(dir, "exiwatch.toml")
	central, mx1 := filepath.Join(dir, "central"), filepath.Join(dir, "mx1", "mainlog")
	for _, test := range []struct {
		fleet  string
		args   []string
		alerts int
	}{
		{`engine = "none"`, nil, 1},
		{"engine = \"none\"\nhost = \"all\"", nil, 1},
		{`engine = "redis://127.0.0.1:1"`, nil, 0},
		{`engine = "none"`, []string{central}, 0},
		{`engine = "none"`, []string{"--fleet", "mx1=" + mx1}, 0},
	} {
		writeFile(t, config, fmt.Sprintf("log = %q\n[fleet]\n%s\n", central, test.fleet))
		out, stderr, status := exiwatch(t, "", append([]string{"replay", "--json", "--timezone", "UTC", "--rule",
			"account 20/1m", "--config", config}, test.args...)...)
		if got := openedIn(t, out); len(got) != test.alerts || status != exitDone {
			t.Errorf("%s %q: alerts %q, status %d, %s, want %d", test.fleet, test.args, got, status, stderr, test.alerts)
		}
	}
	_, stderr, _ := exiwatch(t, "", "replay", "--suggest", "--config", config)
	if !strings.Contains(stderr, "count each log by itself") {
		t.Errorf("--suggest says %q, nothing of the fleet", stderr)
	}
}

// TestFleetReport: --html needs no configured log, and lists those of the fleet. It overwrites none of them.
func TestFleetReport(t *testing.T) {
	dir := burstLogs(t, 0)
	mx1 := filepath.Join(dir, "mx1", "mainlog")
	args := []string{"replay", "--timezone", "UTC", "--rule", "account 20/1m", "--fleet", "mx1=" + mx1, "--fleet",
		"mx2=" + filepath.Join(dir, "mx2", "mainlog"), "--fleet", "mx3=" + filepath.Join(dir, "mx3", "mainlog"), "--html"}
	page, stderr, status := exiwatch(t, "", append(args, "-")...)
	if status != exitDone || !strings.Contains(page, mx1) || !strings.Contains(page, "24 messages") {
		t.Errorf("status %d, %s, a page of %d bytes", status, stderr, len(page))
	}
	if _, stderr, status := exiwatch(t, "", append(args, mx1)...); status != exitFailure ||
		!strings.Contains(stderr, "a log that replay reads") {
		t.Errorf("a report over a log: status %d, %s", status, stderr)
	}
}

// TestFleetErrors: what is wrong with --fleet, and what to do.
func TestFleetErrors(t *testing.T) {
	dir := burstLogs(t, 0)
	mx1 := filepath.Join(dir, "mx1", "mainlog")
	for _, test := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"--fleet", "=" + mx1}, exitUsage, `host "": expected 1 to 64 letters`},
		{[]string{"--fleet", "a b=" + mx1}, exitUsage, `host "a b": expected 1 to 64 letters`},
		{[]string{"--fleet", "mx1="}, exitUsage, "expected HOST=GLOB, such as mx1='/logs/mx1/mainlog*', or GLOB"},
		{[]string{"--fleet", "mx1=[" + mx1}, exitUsage, "expected HOST=GLOB"},
		{[]string{"--fleet", "mx1=" + dir + "/no*"}, exitFailure, "the glob matches no file"},
		{[]string{"--fleet", "mx1=" + dir + "/no"}, exitFailure, "no: "},
		{[]string{"--fleet", "mx1=" + dir}, exitFailure, "is a folder"},
		{[]string{"--fleet", dir + "/mx*/mainlog"}, exitUsage, "name the host of each log: --fleet HOST=GLOB"},
		{[]string{"--fleet", "mx1=" + mx1, mx1}, exitUsage, "give this one its host, --fleet HOST=" + mx1},
		{[]string{"--fleet", "mx1=" + mx1, "--fleet", "mx2=" + mx1}, exitUsage, "in the log of mx1 and in the log of mx2"},
		{[]string{"--fleet", "mx1=-", "--fleet", "-"}, exitUsage, "it would count twice"},
		{[]string{"--fleet", "mx1=" + mx1, "--suggest"}, exitUsage, "it can't be used with --suggest or --summary"},
		{[]string{"--fleet", "mx1=" + mx1, "--fleet", "mx1=" + mx1}, exitDone, ""}, // once
	} {
		_, stderr, status := exiwatch(t, "", append([]string{"replay", "--config", "/dev/null"}, test.args...)...)
		if status != test.status || !strings.Contains(stderr, test.want) {
			t.Errorf("replay %q: status %d, %s, want %d, %q", test.args, status, stderr, test.status, test.want)
		}
	}
}
