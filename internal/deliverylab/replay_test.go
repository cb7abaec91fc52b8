package deliverylab

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"exiwatch/internal/testkit"
)

// A countRule is a rule of the program under test. Its window is longer than the lab.
type countRule struct{ key, count string }

const (
	limit  = 1 // of each rule: it can't be less
	window = "1h"
)

// An alert is one of those of replay --json.
type alert struct {
	Rule, Value, Opened                  string
	CrossedBy                            string `json:"crossed_by"`
	Peak                                 int
	Delivered, Refused, Deferred, Queued int
	BlockLists                           []string `json:"block_lists"`
}

// replayed are the alerts of a log by rule and value, with this [count].
func replayed(t *testing.T, log, count string, rules ...countRule) map[string]alert {
	t.Helper()
	dir := t.TempDir()
	config := filepath.Join(dir, "exiwatch.toml")
	var text strings.Builder
	fmt.Fprintf(&text, "state = %q\ntimezone = \"UTC\"\n[count]\n%s\n", dir, count)
	for _, r := range rules {
		fmt.Fprintf(&text, "[[rule]]\nname = \"%s %s\"\nkey = %q\ncount = %q\nlimit = %d\nwindow = %q\n", r.key, r.count,
			r.key, r.count, limit, window)
	}
	testkit.Must(t, os.WriteFile(config, []byte(text.String()), 0o600))
	var document struct{ Alerts []alert }
	testkit.Must(t, json.Unmarshal(run(t, "replay", "--json", "--config", config, log), &document))
	alerts := make(map[string]alert)
	for _, a := range document.Alerts {
		key := a.Rule + " " + a.Value
		if _, again := alerts[key]; again {
			t.Errorf("two alerts of %s", key)
		}
		alerts[key] = a
	}
	return alerts
}

// ranked is what top counts of recipients of each account.
func ranked(t *testing.T, log, what string) map[string]int {
	t.Helper()
	var rows []struct {
		Value string
		Count int
	}
	testkit.Must(t, json.Unmarshal(run(t, "top", what, "account", "--json", "-n", "0", log), &rows))
	counts := make(map[string]int)
	for _, row := range rows {
		counts[row.Value] = row.Count
	}
	return counts
}

// run returns what the program under test prints.
func run(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(program, args...)
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, problems.Bytes())
	}
	return out
}

// checkPeaks compares what the rules counted with what they are to count, by rule and value. A value that isn't over
// the limit has no alert.
func checkPeaks(t *testing.T, what string, alerts map[string]alert, want map[string]int) {
	t.Helper()
	got, over := make(map[string]int), make(map[string]int)
	for key, a := range alerts {
		got[key] = a.Peak
	}
	for key, n := range want {
		if n > limit {
			over[key] = n
		}
	}
	if len(over) == 0 {
		t.Errorf("%s: no value is over the limit", what)
	}
	compare(t, what, got, over)
}

// A whole is what became of all messages of a value.
type whole struct{ delivered, refused, deferred, queued int }

// with adds a message to these recipients.
func (w whole) with(t *testing.T, truth map[string]fate, recipients []string) whole {
	t.Helper()
	inQueue := 0
	for _, r := range recipients {
		f, known := truth[r]
		if !known {
			t.Errorf("nobody knows what became of %s", r)
		}
		w.delivered += f.accepted
		w.refused += f.refused
		w.deferred += min(f.deferred, 1)
		if f.inQueue() {
			inQueue = 1
		}
	}
	w.queued += inQueue
	return w
}

// checkFates compares what alerts tell of their messages with what became of them. A deferred recipient counts once.
func checkFates(t *testing.T, what string, alerts map[string]alert, rule string, want map[string]whole) {
	t.Helper()
	got, over := make(map[string]whole), make(map[string]whole)
	for value, all := range want {
		a, opened := alerts[rule+" "+value]
		if !opened {
			continue // checkPeaks reports it
		}
		got[value], over[value] = whole{a.Delivered, a.Refused, a.Deferred, a.Queued}, all
	}
	compare(t, what, got, over)
}
