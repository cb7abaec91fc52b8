package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// bigLog has the generator write a log, and gives its path.
func bigLog(t *testing.T, lines int) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "mainlog")
	shell(t, fmt.Sprintf("go run ../../fixtures/biglog -lines %d -seed 7 -selectors subject > %s", lines, name))
	return name
}

// shell runs a pipeline and gives what it prints.
func shell(t *testing.T, script string) string {
	t.Helper()
	cmd := exec.Command("bash", "-c", script)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "PATH="+os.Getenv("PATH")+":/usr/sbin")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, stderr.Bytes())
	}
	return string(out)
}

// needPrograms skips where a peer isn't installed, which on the gate's machine is a failure.
func needPrograms(t *testing.T, programs ...string) {
	t.Helper()
	for _, program := range programs {
		if _, err := exec.LookPath(program); err == nil {
			continue
		}
		if _, err := exec.LookPath("/usr/sbin/" + program); err != nil {
			unable(t, err)
		}
	}
}

// TestMillionLines counts what eximstats, grep and awk count.
func TestMillionLines(t *testing.T) {
	needPrograms(t, "eximstats", "awk", "grep")
	log := bigLog(t, 1_000_000)
	out, stderr, status := exiwatch(t, "", "replay", "--json", "--timezone", "UTC", log)
	if status != exitDone {
		t.Fatal(stderr)
	}
	var document struct{ Lines, Arrivals, Malformed int }
	if err := json.Unmarshal([]byte(out), &document); err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintf("%d\n", document.Arrivals)
	if want := shell(t, "grep -cE '^[0-9-]{10} [0-9:]{8} [0-9A-Za-z-]{16} <= ' "+log); got != want {
		t.Errorf("%s arrivals, grep counts %s", got, want)
	}
	if want := shell(t, "eximstats -nr -ne -nt -t0 "+log+" | awk '$1 == \"Received\" {print $3; exit}'"); got != want {
		t.Errorf("%s arrivals, eximstats counts %s", got, want)
	}
	if document.Lines != 1_000_000 || document.Malformed != 0 {
		t.Errorf("%d lines, %d malformed, want a million and none", document.Lines, document.Malformed)
	}
	const rank = " | sort | uniq -c | sort -gr"
	for key, pipeline := range map[string]string{
		"sender": "awk '$4 == \"<=\" {print $5}' " + log + rank,
		"host": `awk '$4 == "<=" && $6 ~ /^H=/ {for (i = 6; i <= NF; i++) {h = $i; sub(/^H=/, "", h); if (h ~ /^\[[0-9a-f.:]+\](:[0-9]+)?$/) ` +
			`{sub(/^\[/, "", h); sub(/\].*/, "", h); print h; break}}}' ` + log + rank,
	} {
		got, _, _ := exiwatch(t, "", "top", key, "-n", "0", log)
		if want := shell(t, pipeline); got != want {
			t.Errorf("top %s prints %d bytes, awk %d; first difference: %s", key, len(got), len(want),
				firstDifference(got, want))
		}
	}
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return fmt.Sprintf("line %d is %q, want %q", i+1, g[i], w[i])
		}
	}
	return "one is longer"
}

// TestSubjectByVolume: `top subject --sender` prints what the shell script did that exiwatch comes from.
func TestSubjectByVolume(t *testing.T) {
	needPrograms(t, "exigrep", "egrep", "awk")
	all := bigLog(t, 100_000)
	log := all + ".plain" // the script prints escapes as they are logged
	shell(t, `grep -v '\\' `+all+" > "+log)
	senders, _, _ := exiwatch(t, "", "top", "sender", log)
	for line := range strings.Lines(senders) {
		sender := strings.Fields(line)[1]
		if sender == "<>" {
			continue // no name to grep for
		}
		got, _, status := exiwatch(t, "", "top", "subject", "--sender", sender, log)
		pattern := strings.ReplaceAll(sender, ".", `\.`)
		want := shell(t,
			fmt.Sprintf(`exigrep '%s' %s | egrep "<= %s.*T=" | awk -F 'T=' '{print $2}' | sort | uniq -c | sort -gr | head -n10 | tr -d '"'`,
				pattern, log, pattern))
		if status != exitDone || got != want || got == "" {
			t.Errorf("subjects of %s:\n%s\nthe pipeline prints\n%s", sender, got, want)
		}
	}
}

// TestSubjectsWhereThePipelineBreaks: recipients behind the subject, escaped quotes, T= inside it, compressed logs.
func TestSubjectsWhereThePipelineBreaks(t *testing.T) {
	for _, set := range []string{"subject", "cpanel", "all"} {
		log := "../../fixtures/logs/" + set + ".log"
		counts := map[string]map[string]int{}
		for _, a := range objects(t, read(t, "../../fixtures/logs/"+set+".arrivals.jsonl")) {
			sender, _ := a["envelope_sender"].(string)
			local, domain, _ := strings.Cut(sender, "@")
			sender = local + "@" + strings.ToLower(domain)
			if subject, ok := a["subject"].(string); ok && local != "" && strings.Count(sender, "@") == 1 &&
				!strings.ContainsAny(sender, "*?\uFFFD") {
				if counts[sender] == nil {
					counts[sender] = map[string]int{}
				}
				counts[sender][subject]++
			}
		}
		for _, file := range []string{log, gzipped(t, log)} {
			for sender, subjects := range counts {
				got, _, _ := exiwatch(t, "", "top", "subject", "-n", "0", "--json", "--sender", sender, file)
				checkSubjects(t, sender+" in "+file, got, subjects)
			}
		}
	}
}

func checkSubjects(t *testing.T, what, got string, want map[string]int) {
	t.Helper()
	var rows []struct {
		Value    string
		Messages int
	}
	if err := json.Unmarshal([]byte(got), &rows); err != nil {
		t.Fatal(err)
	}
	if len(rows) != len(want) {
		t.Errorf("%s: %d subjects, want %d", what, len(rows), len(want))
	}
	for _, row := range rows {
		if want[row.Value] != row.Messages {
			t.Errorf("%s: %d of %q, want %d", what, row.Messages, row.Value, want[row.Value])
		}
	}
	if !slices.IsSortedFunc(rows, func(a, b struct {
		Value    string
		Messages int
	}) int {
		return b.Messages - a.Messages
	}) {
		t.Errorf("%s: not by count: %v", what, rows)
	}
}

// gzipped compresses a file under a name that doesn't tell.
func gzipped(t *testing.T, name string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write([]byte(read(t, name)))
	w.Close()
	path := filepath.Join(t.TempDir(), "mainlog.2")
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
