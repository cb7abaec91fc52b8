package check

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/engine"
	"exiwatch/internal/fleet"
	"exiwatch/internal/redistest"
	"exiwatch/internal/testkit"
)

// inFleet is a lab in a fleet, and a connection to its engine.
func inFleet(t *testing.T, server *redistest.Server) (*lab, *engine.Client) {
	t.Helper()
	l := newLab(t, fmt.Sprintf("[fleet]\nengine = %q\nname = 'lab'\nhost = 'mx1'\n", server.URL()))
	client, err := fleet.OpenEngine(l.Config.Fleet)
	testkit.Must(t, err)
	t.Cleanup(func() { testkit.Must(t, client.Close()) })
	return l, client
}

// joins has a host join the fleet.
func joins(t *testing.T, c *engine.Client, host, rules string, texts []string) {
	t.Helper()
	info, err := json.Marshal(fleet.HostInfo{Host: host, Rules: rules, Texts: texts, At: time.Now()})
	testkit.Must(t, err)
	testkit.Must(t, c.SetHost(t.Context(), host, info))
}

func TestFleetRows(t *testing.T) {
	server := redistest.Start(t, "appendonly yes")
	l, client := inFleet(t, server)
	all := l.run()
	for _, r := range all {
		if r.Status != Pass {
			t.Errorf("%+v", r)
		}
	}
	want(t, all, "engine", Pass, "redis 7")
	want(t, all, "persistence", Pass, "appendonly")
	want(t, all, "rights", Pass, "mx1 may publish, follow and lead")
	want(t, all, "offset", Pass, "this machine's clock is 0.0 s")
	want(t, all, "fleet", Pass, "lab: no host has joined yet; this one is mx1")

	joins(t, client, "mx1", fleet.RulesOf(&l.Config).String(), fleet.RuleTexts(&l.Config))
	want(t, l.run(), "fleet", Warn, "lab: 1 host, and none leads")
	leads, err := client.Lead(t.Context(), "mx1 token")
	if testkit.Must(t, err); !leads {
		t.Fatal("mx1 doesn't lead")
	}
	want(t, l.run(), "fleet", Pass, "lab: 1 host, mx1 leads; this one is mx1 and has the same rules")
	joins(t, client, "mx1", "other", append(fleet.RuleTexts(&l.Config)[1:], "host 7/1m"))
	want(t, l.run(), "fleet", Warn, "the fleet alone: host 7/1m\nhere alone: "+fleet.RuleTexts(&l.Config)[0])
}

// TestFleetWithoutAnEngine: no server is asked for.
func TestFleetWithoutAnEngine(t *testing.T) {
	want(t, newLab(t, "[fleet]\nengine = 'none'\n").run(), "fleet", Pass, "no engine")
}

func TestEngineThatDoesNotAnswer(t *testing.T) {
	server := redistest.Start(t)
	l, _ := inFleet(t, server)
	server.Kill()
	all := l.run()
	want(t, all, "engine", Fail, server.Addr())
	for _, r := range all {
		if r.Check == "rights" || r.Check == "fleet" {
			t.Errorf("%+v", r)
		}
	}
}

// TestEngineSettings: each setting that costs something is named.
func TestEngineSettings(t *testing.T) {
	server := redistest.Start(t)
	l, _ := inFleet(t, server)
	want(t, l.run(), "persistence", Warn, "neither appendonly nor save")
	server.Do("config", "set", "save", "3600 1", "maxmemory", "100mb", "maxmemory-policy", "allkeys-lru")
	all := l.run()
	want(t, all, "persistence", Pass, "save")
	want(t, all, "engine", Fail, "maxmemory-policy allkeys-lru")
	server.Do("config", "set", "maxmemory-policy", "volatile-ttl")
	want(t, l.run(), "engine", Warn, "volatile-ttl")
	server.Do("config", "set", "maxmemory-policy", "noeviction", "maxmemory", "1050000")
	want(t, l.run(), "engine", Warn, "of maxmemory 1.1 MB are used")
}

// TestEngineRights: what is missing is named.
func TestEngineRights(t *testing.T) {
	server := redistest.Start(t, "appendonly yes")
	l, _ := inFleet(t, server)
	for _, test := range []struct {
		rights, check string
		status        Status
		says          string
	}{
		{"-hsetnx", "rights", Warn, "can't lead"},
		{"-xadd", "rights", Fail, "mx1 can't publish"},
		{"-info", "engine", Warn, "may not run INFO"},
		{"-config", "persistence", Pass, "appendonly"},
		{"-time", "offset", Warn, "asking the time"},
		{"-hgetall", "fleet", Fail, "hgetall"},
		{"resetpass >secret", "engine", Fail, "NOAUTH"},
	} {
		arguments := []any{"acl", "setuser", "default"}
		for _, right := range strings.Fields(test.rights) {
			arguments = append(arguments, right)
		}
		server.Do(arguments...)
		want(t, l.run(), test.check, test.status, test.says)
		if strings.HasPrefix(test.rights, "-") {
			server.Do("acl", "setuser", "default", "+@all")
		}
	}
}

// TestOldEngine: a server without XTRIM MINID can't serve a fleet.
func TestOldEngine(t *testing.T) {
	all := engineOf("redis://r:6379", []engine.Master{{Kind: "redis", Version: "6.0.16", Told: true}})
	want(t, all, "engine", Fail, "redis 6.0.16 at redis://r:6379 is too old")
}

func TestClockOff(t *testing.T) {
	for off, status := range map[time.Duration]Status{0: Pass, 900 * time.Millisecond: Pass, -2 * time.Second: Warn,
		6 * time.Second: Fail, -time.Hour: Fail} {
		want(t, offBy(off), "offset", status, "this machine's clock is")
	}
	want(t, offBy(-2*time.Second), "offset", Warn, "2.0 s behind the engine's")
}
