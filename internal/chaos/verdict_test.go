package chaos

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"exiwatch/internal/testkit"
)

// A listed alert is one that replay lists.
type listed struct {
	ID        string
	Rule      string
	Value     string
	Opened    time.Time
	CrossedBy string `json:"crossed_by"`
	Grew      []struct{ Times int64 }
	Ended     *time.Time
}

// events are those of its life that are mailed.
func (a *listed) events() []string {
	names := []string{a.ID + ".opened"}
	for _, g := range a.Grew {
		names = append(names, fmt.Sprintf("%s.grew%d", a.ID, g.Times))
	}
	if a.Ended != nil {
		names = append(names, a.ID+".ended")
	}
	return names
}

// replay gives the alerts of finished logs in their order.
func replay(t *testing.T, config, save string, logs []string) []listed {
	t.Helper()
	cmd := exec.Command(program, append([]string{"replay", "--json", "--config", config}, logs...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("replay: %v\n%s", err, stderr.Bytes())
	}
	testkit.Must(t, os.WriteFile(save, out, 0o644))
	var document struct{ Alerts []listed }
	testkit.Must(t, json.Unmarshal(out, &document))
	return document.Alerts
}

// manyFaults are so many that some must be felt; a few may be over before anything is looked at.
const manyFaults = 50

// judge compares the mails with what replay lists.
func (c *chaos) judge() {
	want := replay(c.t, c.config, filepath.Join(c.dir, "replay.json"), c.writer.truthPaths())
	compare(c.t, want, c.post.accepted(), func(a listed) string { return c.placeOf(a.CrossedBy) })
	if least := c.o.lines / 300; len(want) < least {
		c.t.Errorf("%d alerts are too few to tell anything", len(want))
	}
	if c.o.faults >= manyFaults && c.injected() == 0 {
		c.t.Errorf("no call failed in %d faults", c.o.faults)
	}
	if c.o.kills+c.o.loops == 0 && c.keeper.killed() != 1 {
		c.t.Errorf("%d daemons were ended, want the one at the end", c.keeper.killed())
	}
	checkStderr(c.t, filepath.Join(c.dir, "stderr"))
	if refused, _ := filepath.Glob(filepath.Join(c.dir, "state/spool/refused/*")); len(refused) > 0 {
		c.t.Errorf("mails were given up: %q", refused)
	}
	if c.t.Failed() || *keep {
		c.saveMails()
	}
}

// maxTold is how many differences are told.
const maxTold = 30

// compare wants each event of an alert in one mail, and no other mail.
func compare(t *testing.T, want []listed, mails []letter, place func(listed) string) {
	t.Helper()
	found := differences(want, mails, place)
	for _, d := range found[:min(len(found), maxTold)] {
		t.Error(d)
	}
	if len(found) > 0 {
		t.Errorf("%d differences, of the events of %d alerts", len(found), len(want))
	}
}

// differences tells what was lost, what was mailed twice, and what was mailed though replay doesn't list it.
func differences(want []listed, mails []letter, place func(listed) string) (found []string) {
	times := make(map[string][]time.Time)
	for _, m := range mails {
		for _, name := range m.events {
			times[name] = append(times[name], m.at)
		}
	}
	for _, a := range want {
		for _, name := range a.events() {
			what := "lost"
			if at := times[name]; len(at) > 0 {
				what = fmt.Sprintf("mailed %d times, at%s", len(at), clocks(at))
			}
			if len(times[name]) != 1 {
				found = append(found, fmt.Sprintf("%s: %s %s, rule %q, crossed by %s at %s: %s", what, name, a.Value,
					a.Rule, a.CrossedBy, a.Opened.Format(time.DateTime), place(a)))
			}
			delete(times, name)
		}
	}
	for name, at := range times {
		found = append(found, fmt.Sprintf("mailed at%s, and replay doesn't list it: %s", clocks(at), name))
	}
	return found
}

func clocks(times []time.Time) (s string) {
	for _, t := range times {
		s += t.UTC().Format(" 15:04:05.000")
	}
	return s
}

// placeOf says where in the truth the arrival of a message is.
func (c *chaos) placeOf(id string) string {
	for _, path := range c.writer.truthPaths() {
		text, err := os.ReadFile(path)
		testkit.Must(c.t, err)
		if i := bytes.Index(text, []byte(id+" <= ")); i >= 0 {
			return fmt.Sprintf("%s:%d", path, 1+bytes.Count(text[:i], []byte("\n")))
		}
	}
	return "nowhere"
}

// checkStderr looks for what the daemons must never say.
func checkStderr(t *testing.T, path string) {
	t.Helper()
	said, err := os.ReadFile(path)
	testkit.Must(t, err)
	for _, bad := range []string{"panic", "DATA RACE", "fatal error"} {
		if i := bytes.Index(said, []byte(bad)); i >= 0 {
			t.Errorf("the daemon said %q:\n%.3000s", bad, said[i:])
		}
	}
}

// saveMails writes what was mailed into the folder.
func (c *chaos) saveMails() {
	f, err := os.Create(filepath.Join(c.dir, "mails"))
	testkit.Must(c.t, err)
	defer f.Close()
	for _, m := range c.post.accepted() {
		fmt.Fprintf(f, "From - %s\n%s\n", m.at.UTC().Format(time.RFC3339Nano), m.text)
	}
}
