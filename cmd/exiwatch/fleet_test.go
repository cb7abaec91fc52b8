package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"exiwatch/internal/daemon"
	"exiwatch/internal/engine"
	"exiwatch/internal/fleet"
	"exiwatch/internal/redistest"
	"exiwatch/internal/testkit"
)

// A fleetStage is an engine, and a configuration that names it.
type fleetStage struct {
	*testing.T
	server *redistest.Server
	client *engine.Client
	config string
}

func newFleetStage(t *testing.T) *fleetStage {
	server := redistest.Start(t)
	client, err := engine.Open(engine.Options{URLs: []string{server.URL()}, Name: "lab"})
	testkit.Must(t, err)
	t.Cleanup(func() { testkit.Must(t, client.Close()) })
	config := testkit.Write(t, "exiwatch.toml", fmt.Sprintf("timezone = 'UTC'\n[fleet]\nengine = %q\nname = 'lab'\n",
		server.URL()))
	return &fleetStage{t, server, client, config}
}

// host has a host say that it runs since some time, and publish up to now.
func (s *fleetStage) host(name, version, rules string, ago time.Duration) {
	s.Helper()
	info, err := json.Marshal(fleet.HostInfo{Host: name, Version: version, Rules: rules, Texts: []string{rules},
		At: time.Now().Add(-ago)})
	testkit.Must(s, err)
	testkit.Must(s, s.client.SetHost(s.Context(), name, info))
	untils, err := json.Marshal(fleet.Untils{name: time.Now().Unix()})
	testkit.Must(s, err)
	_, err = s.client.Append(s.Context(), name, engine.Append{ID: engine.ID{Offset: 1}, Batch: []byte("x"),
		Untils: untils})
	testkit.Must(s, err)
}

// leads has a host lead, with an open alert.
func (s *fleetStage) leads(host string, v fleet.Ruling) {
	s.Helper()
	leads, err := s.client.Lead(s.Context(), host+" token")
	testkit.Must(s, err)
	text, err := json.Marshal(v)
	testkit.Must(s, err)
	if _, _, err := s.client.Commit(s.Context(), engine.Commit{Token: host + " token",
		Done:     fmt.Appendf(nil, `{"second":%d}`, time.Now().Unix()),
		Verdicts: []engine.Verdict{{ID: "a", JSON: text}}}); err != nil || !leads {
		s.Fatal(leads, err)
	}
}

// wants runs exiwatch fleet, and looks for texts on both outputs.
func (s *fleetStage) wants(status int, texts ...string) {
	s.Helper()
	out, stderr, got := exiwatch(s.T, "", "fleet", "--config", s.config)
	if got != status || (status == exitDone) != (stderr == "") {
		s.Errorf("status %d, want %d: %s", got, status, stderr)
	}
	for _, text := range texts {
		if !strings.Contains(out+stderr, text) {
			s.Errorf("%q isn't in\n%s%s", text, out, stderr)
		}
	}
	for _, r := range out + stderr {
		if r != '\n' && !unicode.IsPrint(r) {
			s.Errorf("%U is printed:\n%q", r, out)
		}
	}
}

var aRuling = fleet.Ruling{ID: "a", Rule: "bulk", Key: "account", Value: []byte("ann@example.com"), Count: 41,
	Current: 41, Limit: 20, Measure: "messages", Window: "5m0s", Messages: 120,
	Hosts: map[string]int64{"mx1": 30, "mx2": 90}}

func TestFleet(t *testing.T) {
	s := newFleetStage(t)
	s.wants(exitFailure, "No host has joined the fleet.\n", "exiwatch: error: No host has joined the fleet.\n",
		"exiwatch: hint: Write the same [fleet]")
	s.host("mx1", "1.2.3", "account 20/5m", 0)
	s.host("mx2", "1.2.4", "account 20/5m", 0)
	s.wants(exitFailure, "2 hosts. No host leads: each host counts alone.\n", "exiwatch: error: No host leads",
		"\nNo alert is open.\n")
	s.leads("mx1", aRuling)
	s.wants(exitDone, "2 hosts, mx1 leads, counted up to ", " s behind\n", "leads, waited for\n", "same   waited for\n",
		"\n1 open alert:\nann@example.com  since ", ": 41 messages in 5 minutes (limit 20), 120 messages in all\n"+
			"    mx2 90, mx1 30\n")
	s.host("mx3", "1.2.3", "account 30/5m", time.Hour)
	s.wants(exitFailure, "differ  silent since ", "mx3 has other rules than the fleet.",
		"\n    the fleet alone: account 20/5m\n    mx3 alone: account 30/5m\n", "exiwatch: error: mx3 is silent since ")

	out, _, status := exiwatch(t, "", "fleet", "--json", "--config", s.config)
	var view struct {
		Leader string
		Hosts  []struct {
			Host   string
			Silent bool
			Rules  bool `json:"rules_differ"`
		}
		Alerts   []struct{ Value string }
		Problems []struct{ Problem, Hint string }
	}
	if err := json.Unmarshal([]byte(out), &view); err != nil || status != exitFailure || view.Leader != "mx1" ||
		len(view.Hosts) != 3 || !view.Hosts[2].Silent || !view.Hosts[2].Rules || view.Hosts[0].Silent ||
		len(view.Alerts) != 1 || view.Alerts[0].Value != "ann@example.com" || len(view.Problems) != 2 {
		t.Errorf("status %d, %v: %s", status, err, out)
	}
}

// TestHostIsRemoved, as docs/fleet.md says.
func TestHostIsRemoved(t *testing.T) {
	s := newFleetStage(t)
	s.host("mx1", "1", "account 20/5m", 0)
	s.leads("mx1", aRuling)
	s.host("mx3", "1", "account 20/5m", time.Hour)
	s.wants(exitFailure, "mx3 is silent")
	commands := regexp.MustCompile(`(?m)^    redis-cli (HDEL|UNLINK) (.*)$`).FindAllStringSubmatch(
		strings.ReplaceAll(read(t, "../../docs/fleet.md"), "{exiwatch", "{lab"), -1)
	if len(commands) != 2 {
		t.Fatalf("%q", commands)
	}
	for _, c := range commands {
		arguments := []any{c[1]}
		for _, word := range strings.Fields(c[2]) {
			arguments = append(arguments, strings.Trim(word, "'"))
		}
		s.server.Do(arguments...)
	}
	s.wants(exitDone, "1 host, mx1 leads")
	for _, key := range s.server.Do("keys", "*").([]any) {
		if strings.Contains(key.(string), "mx3") {
			t.Errorf("%s is left", key)
		}
	}
}

// TestFleetOfHostileHosts: what hosts and alerts say can't move the cursor, and can't be another line.
func TestFleetOfHostileHosts(t *testing.T) {
	s := newFleetStage(t)
	evil := "\x1b[2Jmx1\nmx9\u202e" + strings.Repeat("x", 100)
	s.host(evil, evil, evil, 0)
	s.host("mx2", "1", "account 20/5m", time.Hour)
	s.host("mx3", "1", "account 20/5m", 0)
	s.leads("mx3", fleet.Ruling{ID: "a", Rule: evil, Key: evil, Value: []byte(evil), Measure: evil, Window: evil,
		Hosts: map[string]int64{evil: 1}})
	s.wants(exitFailure, `\x1b[2Jmx1\nmx9`)
}

func TestFleetWithoutAnEngine(t *testing.T) {
	s := newFleetStage(t)
	s.server.Kill()
	s.wants(exitFailure, "exiwatch: error: asking the time at "+s.server.URL(), "exiwatch: hint: is it running")
	for settings, want := range map[string]string{
		"":                         "error: this host is in no fleet",
		"[fleet]\nengine = 'none'": "error: this fleet has no engine",
	} {
		s.config = testkit.Write(t, "other.toml", settings)
		s.wants(exitFailure, want, "exiwatch: hint: ")
	}
}

// TestFleetWithoutRights names the right, or the password.
func TestFleetWithoutRights(t *testing.T) {
	s := newFleetStage(t)
	s.server.Do("acl", "setuser", "default", "-hgetall")
	s.wants(exitFailure, "'hgetall'", "hint: docs/fleet.md lists the rights")
	s.server.Do("acl", "setuser", "default", "resetpass", ">secret")
	s.wants(exitFailure, "NOAUTH", "hint: compare the user")
}

// theExample is the fleet of docs/fleet.md.
func theExample() fleet.Status {
	now := time.Date(2026, 11, 30, 14, 3, 21, 0, time.UTC)
	s := fleet.Status{At: now, Leader: "mx1", Counted: now.Add(-2 * time.Second), Lag: 2}
	for _, h := range []struct {
		name   string
		lag    float64
		offset int64
		waited bool
	}{{"mx1", 1, 12, true}, {"mx2", 2, -240, true}, {"mx3", 3600 + 4*60, 3, false}} {
		at := now.Add(-time.Duration(h.lag) * time.Second)
		s.Hosts = append(s.Hosts, fleet.HostStatus{HostInfo: fleet.HostInfo{Host: h.name, Version: "1.5.0", Rules: "r",
			Offset: h.offset, At: at}, Silent: !h.waited, Waited: h.waited, Slowest: h.name, Lag: h.lag,
			Until: map[string]time.Time{h.name: at}})
	}
	v := aRuling
	v.Opened = now.Add(-130 * time.Second)
	s.Alerts = []fleet.OpenAlert{{Ruling: v, Value: string(v.Value)}}
	return s
}

// TestFleetOfTheDocument: docs/fleet.md shows what exiwatch fleet prints, without colours.
func TestFleetOfTheDocument(t *testing.T) {
	s := theExample()
	var b bytes.Buffer
	view := fleetView{s, s.Problems(time.UTC, 10*time.Second)}
	testkit.Must(t, view.print(&b, time.UTC, false))
	shown := "    $ exiwatch fleet\n" + regexp.MustCompile(`(?m)^(.)`).ReplaceAllString(b.String(), "    $1")
	if page := read(t, "../../docs/fleet.md"); !strings.Contains(page, "\n\n"+shown+"\n") {
		t.Errorf("docs/fleet.md doesn't show\n%s", shown)
	}
	plain := b.String()
	b.Reset()
	testkit.Must(t, view.print(&b, time.UTC, true))
	bare := b.String()
	for _, c := range []colour{green, yellow, red} {
		bare = strings.ReplaceAll(bare, "\x1b["+string(c)+"m", "")
	}
	if bare = strings.ReplaceAll(bare, "\x1b[m", ""); bare != plain || b.String() == plain {
		t.Errorf("with colours:\n%q", b.String())
	}
}

// TestAlertsOfAFleet: what is open in the fleet comes first, with its hosts. Without the engine this host's is listed.
func TestAlertsOfAFleet(t *testing.T) {
	s := newFleetStage(t)
	state, log := filepath.Join(t.TempDir(), "state"), testkit.Write(t, "mainlog", "")
	s.config = testkit.Write(t, "exiwatch.toml", fmt.Sprintf("log = %q\nstate = %q\n%s[mail]\n"+
		"via = 'sendmail:/bin/true'\n", log, state, read(t, s.config)))
	d := startDaemon(t, s.config)
	until(t, "the daemon leads, and has a checkpoint", func() bool {
		_, err := daemon.Incidents(state, time.Time{})
		leader, _ := s.client.Leader(s.Context())
		return err == nil && leader != ""
	})
	at := time.Now().UTC()
	testkit.Append(t, log, testkit.Sentinel("ann", at, 25))
	testkit.Append(t, log, testkit.Sentinel("ev\x1b[31mil", at, 22))
	var out string
	until(t, "both are open", func() bool {
		out, _, _ = exiwatch(t, "", "alerts", "--config", s.config)
		return strings.Count(out, "open   since ") == 4 // in the fleet, and by this host's log
	})
	wantsAll(t, out, "Open in the fleet:\n", "        hosts: ",
		"  ann\n        at most 26 messages in 5 minutes (limit 20), 26 messages in all\n",
		`  ev\x1b[31mil`, "By this host's log alone, with the mails that it has sent:\n")
	out, _, status := exiwatch(t, "", "alerts", "--json", "--config", s.config)
	var all []struct {
		Fleet    bool
		Account  string
		Alerts   []struct{ Peak int64 }
		LogHosts []struct{ Messages int64 } `json:"log_hosts"`
	}
	if err := json.Unmarshal([]byte(out), &all); err != nil || status != exitDone || len(all) != 4 || !all[0].Fleet ||
		all[3].Fleet || len(all[0].LogHosts) != 1 || len(all[0].Alerts) == 0 {
		t.Errorf("status %d, %v: %s", status, err, out)
	}
	s.server.Kill()
	out, stderr, status := exiwatch(t, "", "alerts", "--config", s.config)
	if status != exitDone || strings.Contains(out, "Open in the fleet") {
		t.Errorf("without the engine: status %d: %s", status, out)
	}
	wantsAll(t, out+stderr, "exiwatch: asking the fleet's engine for open alerts: ", "what follows is this host's alone",
		"exiwatch: hint: ", "By this host's log alone")
	d.stop()
}

func wantsAll(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q isn't in\n%s", part, text)
		}
	}
}
