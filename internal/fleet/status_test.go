package fleet

import (
	"strings"
	"testing"
	"time"

	"exiwatch/internal/engine"
	"exiwatch/internal/redistest"
	"exiwatch/internal/testkit"

	"github.com/google/go-cmp/cmp"
)

// A stage is an engine on which hosts stand as a test wants them.
type stage struct {
	*testing.T
	client *engine.Client
	now    time.Time // whole seconds
}

func newStage(t *testing.T) *stage {
	c, err := engine.Open(engine.Options{URLs: []string{redistest.Start(t).URL()}, Name: "lab"})
	testkit.Must(t, err)
	t.Cleanup(func() { testkit.Must(t, c.Close()) })
	return &stage{t, c, time.Now().UTC().Truncate(time.Second)}
}

// host has a host say something, and publish up to some time ago. By the engine's clock it says so now.
func (s *stage) host(stream string, ago time.Duration, change func(*HostInfo), logHosts ...string) {
	s.Helper()
	name, _, _ := strings.Cut(stream, "#")
	info := HostInfo{Host: name, Version: "1.2.3", Rules: "r1", Texts: []string{"account 20/5m"}, Logs: []string{stream},
		At: s.now}
	if change != nil {
		change(&info)
	}
	testkit.Must(s, s.client.SetHost(s.Context(), stream, written(info)))
	untils := make(Untils)
	for _, h := range append(logHosts, name) {
		untils[h] = s.now.Add(-ago).Unix()
	}
	_, err := s.client.Append(s.Context(), stream, engine.Append{ID: engine.ID{Generation: 1, Offset: 1},
		Batch: []byte("x"), Untils: written(untils)})
	testkit.Must(s, err)
}

// leads has a host lead that has counted up to some time ago, and found alerts.
func (s *stage) leads(host string, ago time.Duration, alerts ...Ruling) {
	s.Helper()
	token := host + " token"
	leads, err := s.client.Lead(s.Context(), token)
	testkit.Must(s, err)
	c := engine.Commit{Token: token, Done: written(done{Second: s.now.Add(-ago).Unix()})}
	for _, a := range alerts {
		c.Verdicts = append(c.Verdicts, engine.Verdict{ID: a.ID, JSON: written(a)})
	}
	if _, _, err := s.client.Commit(s.Context(), c); err != nil || !leads {
		s.Fatal(leads, err)
	}
}

func (s *stage) look() Status {
	s.Helper()
	status, err := Look(s.Context(), s.client, 10*time.Second)
	testkit.Must(s, err)
	if off := status.At.Sub(s.now); off < -time.Second || off > time.Minute {
		s.Errorf("the engine's time is %v, want about %v", status.At, s.now)
	}
	return status
}

// problems are the texts of what is wrong.
func (s *stage) problems() (all []string) {
	status := s.look()
	for _, p := range status.Problems(time.UTC, 10*time.Second) {
		if p.Hint == "" {
			s.Errorf("no hint: %s", p.Text)
		}
		all = append(all, p.Text)
	}
	return all
}

func (s *stage) wantProblems(want ...string) {
	s.Helper()
	got := s.problems()
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || !strings.Contains(got[i], want[i]) {
			s.Fatalf("problems %q, want %q", got, want)
		}
	}
}

func TestLook(t *testing.T) {
	s := newStage(t)
	s.wantProblems("No host has joined")
	s.host("mx2", 2*time.Second, func(i *HostInfo) { i.Version = "1.2.4" })
	s.host("mx1", time.Second, nil, "mx1-a")
	s.host("mx1#2", 3*time.Second, func(i *HostInfo) { i.At = s.now.Add(-2 * time.Second) }, "mx1-b")
	s.wantProblems("No host leads")
	late, soon := s.now.Add(-time.Minute), s.now.Add(-time.Hour)
	s.leads("mx1", 4*time.Second, Ruling{ID: "b", Opened: late, Value: []byte("bob"),
		Hosts: map[string]int64{"mx1": 2}}, Ruling{ID: "a", Opened: soon})
	s.wantProblems()
	got := s.look()
	if got.Leader != "mx1" || !got.Counted.Equal(s.now.Add(-4*time.Second)) || got.Lag < 3 || got.Lag > 60 ||
		got.Committed.Sub(s.now).Abs() > time.Minute || len(got.Hosts) != 2 || got.Unread != "" {
		t.Fatalf("%+v", got)
	}
	mx1 := got.Hosts[0]
	want := HostStatus{HostInfo: HostInfo{Host: "mx1", Version: "1.2.3", Rules: "r1", Texts: []string{"account 20/5m"},
		Logs: []string{"mx1", "mx1#2"}, At: s.now}, Waited: true, Slowest: "mx1-b", Lag: mx1.Lag,
		Until: map[string]time.Time{"mx1": s.now.Add(-time.Second), "mx1-a": s.now.Add(-time.Second),
			"mx1-b": s.now.Add(-3 * time.Second)}}
	if diff := cmp.Diff(want, mx1); diff != "" || mx1.Lag < 2 {
		t.Errorf("mx1 (-want +got):\n%s", diff)
	}
	if len(got.Alerts) != 2 || got.Alerts[0].ID != "a" || got.Alerts[1].Value != "bob" ||
		got.Alerts[1].Hosts["mx1"] != 2 {
		t.Errorf("alerts %+v", got.Alerts)
	}
}

func TestSilentHosts(t *testing.T) {
	s := newStage(t)
	for _, name := range []string{"mx1", "mx2", "mx4", "mx5"} {
		s.host(name, time.Second, nil)
	}
	s.leads("mx1", time.Second)
	s.host("mx3", time.Hour, func(i *HostInfo) { i.At = s.now.Add(-time.Hour) })
	s.wantProblems("mx3 is silent since")
	// A wrong clock makes nobody silent. Who says what nobody understands is.
	s.host("mx3#2", time.Second, func(i *HostInfo) { i.At, i.Offset = s.now.Add(-10*time.Minute), -600_000 })
	testkit.Must(t, s.client.RemoveHost(t.Context(), "mx3"))
	testkit.Must(t, s.client.SetHost(t.Context(), "mx6", []byte(`{"host":7}`)))
	// A log that a host follows no longer is none of its logs.
	s.host("mx2#2", time.Hour, func(i *HostInfo) { i.At = s.now.Add(-time.Hour) })
	s.wantProblems("mx6 says nothing that exiwatch understands", "The clock of mx3 is 600.0 s behind the engine's.")
}

// TestHostsBehind: a host that is alive, and whose lines are old, isn't waited for.
func TestHostsBehind(t *testing.T) {
	s := newStage(t)
	s.host("mx1", time.Second, nil)
	s.host("mx2", time.Hour, nil)
	s.leads("mx1", time.Second)
	s.wantProblems("mx2 has published no further than ")
	if h := s.look().Hosts; !h[0].Waited || h[1].Waited {
		t.Errorf("%+v", h)
	}
	s = newStage(t) // the leader is behind all hosts
	s.host("mx1", time.Second, nil)
	s.leads("mx1", time.Hour)
	s.wantProblems("mx1 leads, and has counted no further than ")
}

func TestDifferingRules(t *testing.T) {
	rules := func(name string, texts ...string) func(*HostInfo) {
		return func(i *HostInfo) { i.Rules, i.Texts = name, texts }
	}
	s := newStage(t)
	s.host("mx1", time.Second, rules("r2", "account 30/5m", "host 7/1m"))
	s.host("mx2", time.Second, rules("r1", "account 20/5m", "host 7/1m"))
	s.host("mx3", time.Second, rules("r1", "account 20/5m", "host 7/1m"))
	s.leads("mx2", time.Second)
	s.wantProblems("mx1 has other rules than the fleet. Its arrivals count, but it never leads." +
		"\nthe fleet alone: account 20/5m\nmx1 alone: account 30/5m")
	s.host("mx1", time.Second, rules("r3", "host 7/1m", "account 20/5m"))
	s.wantProblems("in another order")
	// The leader's rules are the fleet's, whatever those of most hosts.
	testkit.Must(t, s.client.Resign(t.Context(), "mx2 token"))
	if leads, err := s.client.Lead(t.Context(), "mx1 token"); err != nil || !leads {
		t.Fatal(leads, err)
	}
	s.wantProblems("mx2 has other rules", "mx3 has other rules")
}

// TestLookWithoutAnEngine says which engine doesn't answer.
func TestLookWithoutAnEngine(t *testing.T) {
	server := redistest.Start(t)
	c, err := engine.Open(engine.Options{URLs: []string{server.URL()}, Name: "lab"})
	testkit.Must(t, err)
	defer c.Close()
	server.Kill()
	if _, err := Look(t.Context(), c, time.Second); err == nil || !strings.Contains(err.Error(), server.Addr()) {
		t.Errorf("Look = %v", err)
	}
}
