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
