package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/pipeline"
	"exiwatch/parser"
	"exiwatch/window"

	"github.com/spf13/cobra"
)

// suggestionsJSON is what the tests read of `replay --suggest --json`.
type suggestionsJSON struct {
	Arrivals      int64
	AlertsAllowed int64 `json:"alerts_allowed"`
	Rules         []struct {
		Rule, Key, Count, Window string
		Limit, Highest           int64
		Values                   int
		HighestValue             string                   `json:"highest_value"`
		Suggested                *int64                   `json:"suggested_limit"`
		Alerts                   *int64                   `json:"suggested_alerts"`
		LikelyAbuse              []struct{ Value string } `json:"likely_abuse"`
		By                       []struct {
			Value  string
			Alerts int64
		}
	}
}

func suggestJSON(t *testing.T, args ...string) (s suggestionsJSON) {
	t.Helper()
	out, stderr, status := exiwatch(t, "", append([]string{"replay", "--suggest", "--json"}, args...)...)
	if status != exitDone || strings.Contains(stderr, "exiwatch: error: ") {
		t.Fatalf("status %d: %s", status, stderr)
	}
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// suggestTOML writes the suggested rules to a file, with what else shall stand in it.
func suggestTOML(t *testing.T, args ...string) (file, text string) {
	t.Helper()
	text, stderr, status := exiwatch(t, "", append([]string{"replay", "--suggest"}, args...)...)
	if status != exitDone || stderr != "" {
		t.Fatalf("status %d: %s", status, stderr)
	}
	file = filepath.Join(t.TempDir(), "rules.toml")
	writeFile(t, file, text)
	return file, text
}

// alertsByRule replays by a configuration and counts the alerts of each rule.
func alertsByRule(t *testing.T, args ...string) map[string]int64 {
	t.Helper()
	out, stderr, status := exiwatch(t, "", append([]string{"replay", "--json"}, args...)...)
	if status != exitDone {
		t.Fatalf("status %d: %s", status, stderr)
	}
	var document struct{ Alerts []struct{ Rule string } }
	if err := json.Unmarshal([]byte(out), &document); err != nil {
		t.Fatal(err)
	}
	n := map[string]int64{}
	for _, a := range document.Alerts {
		n[a.Rule]++
	}
	return n
}

// TestSuggestedRulesDoWhatTheySay: some weeks of a log, and the file that comes of it.
func TestSuggestedRulesDoWhatTheySay(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, "mainlog")
	shell(t, "go build -o "+dir+" ../../fixtures/biglog")
	for day := 1; day < 29; day += 4 {
		shell(t, fmt.Sprintf("%s/biglog -lines 8000 -start 2026-11-%02dT09:00:00Z -seed %d -selectors subject -recipients >> %s", dir, day, day, log))
	}
	args := []string{"--timezone", "UTC", "--alerts-per-week", "4", "-n", "3", log}
	for _, rule := range []string{"account 20/5m", "host 20/1h", "sender recipients 100/1d",
		"sender_domain bytes 1000000/1h"} {
		args = append(args, "--rule", rule)
	}
	suggested := suggestJSON(t, args...)
	file, _ := suggestTOML(t, args...)
	got := alertsByRule(t, "--timezone", "UTC", "--config", file, log)
	for _, r := range suggested.Rules {
		if *r.Suggested < 2 || *r.Alerts != got[r.Rule] ||
			*r.Alerts > suggested.AlertsAllowed+int64(len(r.LikelyAbuse)) {
			t.Errorf("%s: limit %d is said to open %d alerts, opens %d, %d are allowed, %d look like abuse",
				r.Rule, *r.Suggested, *r.Alerts, got[r.Rule], suggested.AlertsAllowed, len(r.LikelyAbuse))
		}
		if len(r.By) == 0 || len(r.By) > 3 {
			t.Errorf("%s: %d values with alerts, want up to 3", r.Rule, len(r.By))
		}
	}
	if suggested.AlertsAllowed < 8 || len(suggested.Rules) != 4 {
		t.Errorf("%d alerts allowed in %d rules, want several weeks of 4", suggested.AlertsAllowed,
			len(suggested.Rules))
	}
	naivePeaks(t, log, suggested)
}

// naivePeaks counts accounts, by what `arrivals` prints of the log: the rule must be the first.
func naivePeaks(t *testing.T, log string, suggested suggestionsJSON) {
	t.Helper()
	const window = 5 * time.Minute
	out, _, _ := exiwatch(t, "", "arrivals", "--timezone", "UTC", log)
	stamps, highest, counted, now := map[string][]time.Time{}, map[string]int64{}, int64(0), time.Time{}
	for _, a := range objects(t, out) {
		at, err := time.Parse(time.RFC3339, a["time"].(string))
		if err != nil {
			t.Fatal(err)
		}
		if at.After(now) {
			now = at
		}
		account, authenticated := a["authenticated_id"].(string)
		if _, bounce := a["bounce_of"]; !authenticated && (a["protocol"] != "local" || bounce) {
			continue
		} else if !authenticated {
			account = a["ident"].(string)
		}
		counted++
		stamps[account] = append(stamps[account], at)
		n := int64(0)
		for _, stamp := range stamps[account] {
			if stamp.Add(window).After(now) {
				n++
			}
		}
		highest[account] = max(highest[account], n)
	}
	r := suggested.Rules[0]
	for _, n := range highest {
		if n > r.Highest {
			t.Errorf("an account had %d in a window, the highest peak is said to be %d", n, r.Highest)
		}
	}
	if suggested.Arrivals != counted || r.Values != len(highest) || highest[r.HighestValue] != r.Highest {
		t.Errorf("%d arrivals of %d accounts, %s had up to %d; counted by hand %d of %d, up to %d",
			suggested.Arrivals, r.Values, r.HighestValue, r.Highest,
			counted, len(highest), highest[r.HighestValue])
	}
}

// TestSuggestByWhatCounts: the configured policy, the filters, compressed files, and each log by itself.
func TestSuggestByWhatCounts(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		writeFile(t, path, text)
		return path
	}
	plain, packed := file("mainlog", shopLog), file("mainlog.gz", zipped(t, shopLog))
	two := file("two.toml", "timezone = 'UTC'\nlog = ['"+plain+"', '"+packed+"']\n")
	count := file("count.toml", "[count]\nonly = ['all']\nignore = ['sender:ann*']\n")
	for _, test := range []struct {
		args         []string
		arrivals     int64
		values       int
		highest      int64
		highestValue string
	}{
		{[]string{plain}, 5, 3, 2, "bob@bob.example"},
		{[]string{packed}, 5, 3, 2, "bob@bob.example"},
		{[]string{"--config", count, plain}, 4, 3, 2, "bob@bob.example"},
		{[]string{"--user", "*", plain}, 3, 2, 2, "ann"},
		{[]string{"--since", "2026-11-23 10:00:04", plain}, 1, 1, 1, "bob@bob.example"},
		{[]string{"--rule", "network 1/1m", plain}, 5, 1, 2, "192.0.2.0/24"},
		{[]string{"--config", two}, 10, 3, 2, "bob@bob.example"},
	} {
		got := suggestJSON(t, test.args...)
		r := got.Rules[0]
		if got.Arrivals != test.arrivals || r.Values != test.values || r.Highest != test.highest ||
			r.HighestValue != test.highestValue {
			t.Errorf("%q: %d arrivals, %d values, up to %d of %q; want %d, %d, %d, %q", test.args, got.Arrivals,
				r.Values, r.Highest, r.HighestValue,
				test.arrivals, test.values, test.highest, test.highestValue)
		}
	}
}

// TestSuggestWhatCantBeReadTwice is refused, and says so.
func TestSuggestWhatCantBeReadTwice(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	shell(t, "mkfifo "+fifo)
	for _, name := range []string{"-", fifo, "/dev/null"} {
		out, stderr, status := exiwatch(t, shopLog, "replay", "--suggest", name)
		if status != exitFailure || out != "" || !strings.Contains(stderr, "can be read only once") ||
			!strings.Contains(stderr, "exiwatch: hint: ") {
			t.Errorf("replay --suggest %s: status %d: %s%s", name, status, out, stderr)
		}
	}
	if _, stderr, status := exiwatch(t, "", "replay", "--suggest", fifo+".none"); status != exitFailure ||
		!strings.Contains(stderr, "no such file") {
		t.Errorf("of no file: status %d: %s", status, stderr)
	}
}

// TestSuggestWhileTheLogGrows: every pass gets the arrivals that the first got. TestSuggestWhileTheLogIsCycled: or
// fails.
func TestSuggestWhileTheLogGrows(t *testing.T) {
	r, log := repeatedOf(t, shopLog)
	appendFile(t, log, strings.ReplaceAll(shopLog, "10:00", "10:01"))
	for range 2 {
		arrivals, opened := 0, 0
		rule := window.Rule{Key: window.Auth, Limit: 1, Window: time.Minute}
		if err := r.pass([]window.Rule{rule}, pipeline.Listener{
			Arrival: func(*parser.Arrival, *window.Arrival) { arrivals++ },
			Opened:  func([]*window.Alert) { opened++ },
		}); err != nil {
			t.Fatal(err)
		}
		if arrivals != 6 || opened != 1 {
			t.Errorf("%d arrivals and %d alerts of a log that has grown, want 6 and 1", arrivals, opened)
		}
	}
}

func TestSuggestWhileTheLogIsCycled(t *testing.T) {
	for name, change := range map[string]func(log string) error{
		"a new file": func(log string) error {
			os.Rename(log, log+".1")
			return os.WriteFile(log, []byte(strings.Repeat(shopLog, 2)), 0o600)
		},
		"no file":   func(log string) error { return os.Rename(log, log+".1") },
		"truncated": func(log string) error { return os.Truncate(log, 100) },
	} {
		r, log := repeatedOf(t, shopLog)
		if err := change(log); err != nil {
			t.Fatal(err)
		}
		if err := r.pass(nil, pipeline.Listener{}); err == nil || !strings.Contains(err.Error(), log) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// repeatedOf gives a log of which a first pass was made.
func repeatedOf(t *testing.T, text string) (*replayer, string) {
	t.Helper()
	log := filepath.Join(t.TempDir(), "mainlog")
	writeFile(t, log, text)
	r := &replayer{selection: selection{timezone: "UTC", cmd: command(t)}}
	if err := r.prepare(); err != nil {
		t.Fatal(err)
	}
	if err := r.findSources([]string{log}); err != nil {
		t.Fatal(err)
	}
	if err := r.lookAtFiles("--suggest"); err != nil {
		t.Fatal(err)
	}
	arrivals, logs := 0, 0
	listener := pipeline.Listener{Arrival: func(*parser.Arrival, *window.Arrival) { arrivals++ }}
	r.begin = func() error { logs++; return nil }
	if err := r.pass(nil, listener); err != nil || arrivals != 6 || logs != 1 {
		t.Fatalf("%d arrivals in %d logs, %v", arrivals, logs, err)
	}
	return r, log
}

func command(t *testing.T) *cobra.Command {
	cmd := &cobra.Command{}
	cmd.SetContext(t.Context())
	return cmd
}

func appendFile(t *testing.T, name, text string) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

// TestSuggestionsAreAConfiguration, whatever stands in the log, and one that opens nothing where nothing is wanted.
func TestSuggestionsAreAConfiguration(t *testing.T) {
	log, text := filepath.Join(t.TempDir(), "mainlog"), ""
	for day := 10; day < 24; day++ {
		lines := strings.Repeat(hostileLine, 70) + shopLog
		text += strings.ReplaceAll(lines, "2026-11-23", fmt.Sprintf("2026-11-%d", day))
	}
	writeFile(t, log, text)
	for _, rule := range []string{"subject 1/1m", "account 1/1m", "sender 1/1m", "topic 1/1m"} {
		file, text := suggestTOML(t, "--rule", rule, "--alerts-per-week", "0", log)
		if _, stderr, status := exiwatch(t, "", "replay", "--config", file, log); status != exitDone {
			t.Errorf("%s: status %d: %s\n%s", rule, status, stderr, text)
		}
		if n := alertsByRule(t, "--config", file, log); len(n) > 0 {
			t.Errorf("%s: alerts %v, want none", rule, n)
		}
		if strings.Count(text, "\n[[rule]]\n") != 1 {
			t.Errorf("%s:\n%s", rule, text)
		}
	}
}
