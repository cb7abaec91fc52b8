package chaos

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
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
	Closes    bool
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
	c.others.judge(want, c.post.accepted(), c.keeper.stderr)
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

// compare wants each event of an alert told, and no other mail.
func compare(t *testing.T, want []listed, mails []letter, place func(listed) string) {
	t.Helper()
	found := differences(want, mails, place)
	for _, d := range found[:min(len(found), maxTold)] {
		t.Error(d)
	}
	if len(found) > 0 {
		t.Errorf("%d differences, of the events of %d alerts", len(found), len(want))
	}
	digests := 0
	for _, m := range mails {
		if m.isDigest() {
			digests++
		}
	}
	t.Logf("%d mails about %d alerts, %d of them digests", len(mails), len(want), digests)
}

// differences tells what was lost, what was mailed twice, and what was mailed though replay doesn't list it.
//
// Each event has a mail of its own, or is in one that tells more: a digest, or the mail that an alert opened which says
// how far it has come since. The end of an alert is mailed if the incident is over with it.
func differences(want []listed, mails []letter, place func(listed) string) (found []string) {
	own := make(map[string][]time.Time)     // by alert and event
	digests := make(map[string][]time.Time) // by Message-ID
	about := make(map[string][]letter)      // by alert
	for _, m := range mails {
		for _, id := range m.alerts {
			about[id] = append(about[id], m)
		}
		if m.isDigest() {
			digests[m.messageID] = append(digests[m.messageID], m.at)
			continue
		}
		for _, id := range m.alerts {
			own[id+"."+m.event] = append(own[id+"."+m.event], m.at)
		}
	}
	for _, mailed := range []map[string][]time.Time{own, digests} {
		for name, at := range mailed {
			if len(at) > 1 {
				found = append(found, fmt.Sprintf("mailed %d times, at%s: %s", len(at), clocks(at), name))
			}
		}
	}
	for _, a := range want {
		lost := func(event string) {
			found = append(found, fmt.Sprintf("lost: %s.%s %s, rule %q, crossed by %s at %s: %s", a.ID, event, a.Value,
				a.Rule, a.CrossedBy, a.Opened.Format(time.DateTime), place(a)))
		}
		told := func(event string, tells func(letter) bool) {
			name := a.ID + "." + event
			if len(own[name]) == 0 && !slices.ContainsFunc(about[a.ID], tells) {
				lost(event)
			}
			delete(own, name)
		}
		told("opened", letter.isDigest)
		for _, g := range a.Grew {
			told(fmt.Sprintf("grew%d", g.Times), func(m letter) bool { return m.isDigest() || m.grownTo() >= g.Times })
		}
		if a.Closes {
			told("ended", func(m letter) bool { return m.saysEnd(a.Value) })
		}
		delete(about, a.ID)
	}
	for name, at := range own {
		found = append(found, fmt.Sprintf("mailed at%s, and replay doesn't list it: %s", clocks(at), name))
	}
	for id := range about {
		found = append(found, fmt.Sprintf("mailed, and replay doesn't list it: alert %s", id))
	}
	return found
}

// isDigest tells whether the mail is a digest.
func (l letter) isDigest() bool { return strings.HasPrefix(l.event, "d") }

var (
	grownTo = regexp.MustCompile(`By now it has come to (\d+) times the limit`)
	blanks  = regexp.MustCompile(`\s+`)
)

// words are the text of the mail in one line.
func (l letter) words() string {
	plain := strings.ReplaceAll(string(l.text), "=\r\n", "")
	return blanks.ReplaceAllString(plain, " ")
}

// grownTo is how many times its limit an alert had come to when the mail that it opened was made; 0: not twice.
func (l letter) grownTo() (times int64) {
	if found := grownTo.FindStringSubmatch(l.words()); l.event == "opened" && found != nil {
		fmt.Sscan(found[1], &times)
	}
	return times
}

// saysEnd tells whether the mail is a digest that says of an account that its incident is over.
func (l letter) saysEnd(account string) bool {
	end := regexp.MustCompile(regexp.QuoteMeta(account) + ` (ended: |[a-z ]*)at most `)
	return l.isDigest() && end.MatchString(l.words())
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
