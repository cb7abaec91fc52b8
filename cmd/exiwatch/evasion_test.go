package main

import (
	"cmp"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// evasionLogs has logs in which somebody hides, or puts the blame on another, and harmless ones that look alike.
const evasionLogs = "../../../shared/cases/evasion"

// evasionLetters is how many messages most of them have.
const evasionLetters = 30

// unsaid messages may be any number.
const unsaid = -1

// An evasion is one of these logs, and what is right.
type evasion struct {
	log  string
	only string // what counts, if it isn't the default

	alerts []string // keys and values: each opens
	anyOf  []string // prefixes of those of which one must open
	also   []string // may open, too

	messages   int    // of each of these that counts an account's messages; evasionLetters if 0
	suspicious int    // of these
	sender     string // of all arrivals, where that is to be known
}

var evasions = []evasion{
	{log: "login-in-other-case", alerts: []string{"account alice@lab.test"}},
	{log: "login-with-blanks", alerts: []string{"account alice@lab.test"}},
	{log: "login-without-id", alerts: []string{"account [203.0.113.7]"}},
	{log: "loopback-without-login", anyOf: []string{""}, messages: unsaid},
	{log: "filter-that-reinjects"},
	{log: "two-filters-in-a-row"},
	{log: "filter-by-pipe"},
	{log: "bounces-of-exim"},
	{log: "bounce-that-is-none", alerts: []string{"account nobody"}},
	{log: "remote-protocol-of-a-trusted-user", alerts: []string{"account nobody"}},
	{log: "overflow-496", alerts: []string{integrity}},
	{
		log: "overflow-499-mark", sender: "alice@lab.test",
		alerts: []string{integrity}, also: []string{"account <alice@lab.test>"},
	},
	{
		log: "overflow-499-mark-cut", sender: "alice@lab.test",
		alerts: []string{integrity}, also: []string{"account <alice@lab.test>"},
	},
	{
		log: "cut-and-two-readings", suspicious: evasionLetters,
		anyOf: []string{"account bob", "account alice@lab.test"},
		also:  []string{"account bob", "account alice@lab.test", integrity},
	},
	{
		log: "mail-auth-parameter", suspicious: evasionLetters,
		alerts: []string{"account alice@lab.test"}, also: []string{"account boss@corp.test", integrity},
	},
	{log: "hidden-between-brackets", alerts: []string{"account nobody", integrity}, suspicious: evasionLetters},
	{log: "framed-by-a-folder", alerts: []string{integrity}},
	{
		log: "clock-moved-by-a-folder", messages: 45,
		alerts: []string{"account nobody"}, also: []string{integrity},
	},
	{log: "outsider-names-an-account", only: "all", alerts: []string{"account <alice@lab.test>"}},
}

// TestEvasions: with the default rules each log opens the right alerts and no other, by replay as by the daemon.
func TestEvasions(t *testing.T) {
	names, err := filepath.Glob(filepath.Join(evasionLogs, "*.log"))
	if err != nil || len(names) == 0 {
		t.Skipf("no logs in %s", evasionLogs)
	}
	for _, name := range names {
		known := func(e evasion) bool { return e.log+".log" == filepath.Base(name) }
		if !slices.ContainsFunc(evasions, known) {
			t.Errorf("nothing is said of %s", name)
		}
	}
	for _, e := range evasions {
		t.Run(e.log, func(t *testing.T) {
			text := read(t, filepath.Join(evasionLogs, e.log+".log"))
			e.checkReplay(t, text)
			e.compareDaemon(t, text)
		})
	}
}

// configure writes a log and the configuration of a daemon for it.
func (e evasion) configure(t *testing.T, text string) (config, log string) {
	t.Helper()
	dir := t.TempDir()
	config, log = filepath.Join(dir, "exiwatch.toml"), filepath.Join(dir, "mainlog")
	writeFile(t, log, text)
	settings := fmt.Sprintf("log = %q\nstate = %q\ntimezone = 'UTC'\n[mail]\nvia = %q\n",
		log, filepath.Join(dir, "state"), nowhere)
	if e.only != "" {
		settings += fmt.Sprintf("[count]\nonly = [%q]\n", e.only)
	}
	writeFile(t, config, settings)
	return config, log
}

// checkReplay replays the log.
func (e evasion) checkReplay(t *testing.T, text string) {
	t.Helper()
	config, _ := e.configure(t, text)
	var opened []string
	for _, a := range replayed(t, "--config", config) {
		opened = append(opened, a.who())
		if e.unwanted(a.who()) {
			t.Errorf("an alert of %s: %+v", a.who(), a)
		}
		e.checkMessages(t, a)
	}
	for _, want := range e.alerts {
		if !slices.Contains(opened, want) {
			t.Errorf("no alert of %s among %q", want, opened)
		}
	}
	if len(e.anyOf) > 0 && !slices.ContainsFunc(opened, e.isAnyOf) {
		t.Errorf("no alert of any of %q among %q", e.anyOf, opened)
	}
	if e.sender != "" {
		e.checkSenders(t, config)
	}
}

// checkMessages looks at the numbers of an alert that must be.
func (e evasion) checkMessages(t *testing.T, a foundAlert) {
	t.Helper()
	must := slices.Contains(e.alerts, a.who()) || e.isAnyOf(a.who())
	if e.messages == unsaid || !must || a.Key != "account" || a.Count != "messages" {
		return
	}
	if want := cmp.Or(e.messages, evasionLetters); a.Messages != want || a.Suspicious != e.suspicious {
		t.Errorf("%s: %d messages, %d of them suspicious, want %d, %d", a.who(), a.Messages, a.Suspicious, want,
			e.suspicious)
	}
}

func (e evasion) isAnyOf(who string) bool {
	return slices.ContainsFunc(e.anyOf, func(prefix string) bool { return strings.HasPrefix(who, prefix) })
}

func (e evasion) unwanted(who string) bool {
	return !slices.Contains(e.alerts, who) && !slices.Contains(e.also, who) && !e.isAnyOf(who)
}

// checkSenders looks at each arrival.
func (e evasion) checkSenders(t *testing.T, config string) {
	t.Helper()
	out, stderr, status := exiwatch(t, "", "arrivals", "--config", config)
	if status != exitDone {
		t.Fatal(stderr)
	}
	listed := objects(t, out)
	if len(listed) != evasionLetters {
		t.Errorf("%d arrivals, want %d", len(listed), evasionLetters)
	}
	for _, a := range listed {
		if a["envelope_sender"] != e.sender {
			t.Errorf("the envelope sender is %v, want %s", a["envelope_sender"], e.sender)
		}
	}
}

// compareDaemon compares replay's alerts with those of a daemon that reads one half of the log from the start and the
// other as it is written. A burst of mail follows that is sure to open an alert: the daemon has read the log, then.
func (e evasion) compareDaemon(t *testing.T, text string) {
	t.Helper()
	begun := len(text) / 2 // within a line
	config, log := e.configure(t, text[:begun])
	d := startDaemon(t, config, "--from-start")
	until(t, "the daemon follows", func() bool { return strings.Contains(d.stderr.String(), readToEnd) })
	rest := text[begun:] + laterBurst()
	for len(rest) > 0 {
		n := min(len(rest), 1000)
		if err := appendLine(log, []byte(rest[:n])); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	var ids []string
	for _, a := range replayed(t, "--config", config) {
		ids = append(ids, a.ID)
	}
	slices.Sort(ids)
	until(t, "the control's alert", func() bool { return strings.Contains(d.stderr.String(), "account=control ") })
	d.stop()
	if status := <-d.ended; status != exitDone {
		t.Errorf("run ended with %d", status)
	}
	if opened := openedAlerts(d.stderr.String()); !slices.Equal(opened, ids) {
		t.Errorf("the daemon opened %q, replay finds %q", opened, ids)
	}
}

// laterBurst is mail of a local user, control, a few minutes after the messages of these logs.
func laterBurst() string {
	var b strings.Builder
	at := time.Date(2026, 11, 2, 9, 3, 0, 0, time.UTC)
	for i := range 25 {
		fmt.Fprintf(&b, "%s 1xS999-%06d-01 <= control@mx.test U=control P=local S=300\n",
			at.Add(time.Duration(i)*time.Second).Format(time.DateTime), i)
	}
	return b.String()
}

var openedAlert = regexp.MustCompile(`(?m) msg=alert .*\bid=([0-9a-f]+)`)

// openedAlerts are the ids that a daemon logs of alerts.
func openedAlerts(log string) (ids []string) {
	for _, m := range openedAlert.FindAllStringSubmatch(log, -1) {
		ids = append(ids, m[1])
	}
	slices.Sort(ids)
	return ids
}
