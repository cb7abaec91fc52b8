package window

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// by gives an arrival the account that a pipeline would: its login, else its local user, else its sender.
func (l *testLog) by(stamp time.Time, login, user, host, sender string) *Arrival {
	a := l.arrival(stamp, sender)
	a.Values[Account] = []byte("<" + sender + ">")
	for k, value := range map[Key]string{User: user, Auth: login, Host: host} {
		if value != "" {
			a.Values[k] = []byte(value)
		}
	}
	switch {
	case login != "":
		a.Values[Account] = a.Values[Auth]
	case user != "":
		a.Values[Account] = a.Values[User]
	}
	a.Values[Subject] = []byte("subject of " + sender)
	return a
}

// A told alert is one with what the naive grouping needs.
type toldAlert struct {
	*Alert
	about        Identity
	began, ended int   // how many openings and endings came before
	at, end      int64 // seconds
}

// naiveIdentity says who is behind an alert, by definition. all are the arrivals up to the one that opened it.
func naiveIdentity(a *Alert, all []*Arrival) Identity {
	kind := func(a *Arrival) Identity {
		switch account := string(a.Values[Account]); {
		case a.Values[Auth] != nil:
			return Identity{Auth, account}
		case a.Values[User] != nil:
			return Identity{User, account}
		default:
			return Identity{Sender, account[1 : len(account)-1]}
		}
	}
	own := Identity{a.Rule.Key, a.Value}
	now := all[len(all)-1].At
	switch a.Rule.Key {
	case Account:
		return kind(all[len(all)-1])
	case Host, Sender:
		found := map[Identity]bool{}
		for _, one := range all {
			if string(one.Values[a.Rule.Key]) == a.Value && now.Sub(one.At) < a.Rule.Window {
				found[kind(one)] = true
			}
		}
		if len(found) == 1 {
			for one := range found {
				return one
			}
		}
	}
	return own
}

// naiveIncidents groups alerts, which are in the order in which they opened.
func naiveIncidents(all []*toldAlert) (groups [][]*toldAlert) {
	last := map[Identity]int{}
	for _, a := range all {
		i, found := last[a.about]
		if found {
			longest, end := a.Rule.Window, int64(0)
			for _, other := range groups[i] {
				longest, end = max(longest, other.Rule.Window), max(end, other.end)
			}
			found = end > a.at || time.Duration(a.at-end)*time.Second <= longest
		}
		if !found {
			i = len(groups)
			groups, last[a.about] = append(groups, nil), i
		}
		groups[i] = append(groups[i], a)
	}
	return groups
}

// TestIncidents: incidents of random alerts are those of a naive grouping.
func TestIncidents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var rules []Rule
		for len(rules) < rapid.IntRange(1, 5).Draw(t, "rules") {
			r := Rule{
				Key: rapid.SampledFrom([]Key{Account, Account, Auth, User, Host, Sender, Sender, Subject}).Draw(t,
					"key"),
				Limit:  rapid.Int64Range(1, 3).Draw(t, "limit"),
				Window: time.Duration(rapid.SampledFrom([]int{10, 20, 60}).Draw(t, "window")) * time.Second,
			}
			if !slices.ContainsFunc(rules, func(other Rule) bool { return other.String() == r.String() }) {
				rules = append(rules, r)
			}
		}
		c := newCounters(t, rules)
		if rapid.Bool().Draw(t, "brief") {
			c.Brief()
		}
		var l testLog
		var arrivals []*Arrival
		var all []*toldAlert
		byAlert := map[*Alert]*toldAlert{}
		events := 0
		end := func(alerts []*Alert) {
			for _, a := range alerts {
				events++
				byAlert[a].ended, byAlert[a].end = events, a.Ended.Unix()
			}
		}
		stamp := noon
		pick := func(what string, values ...string) string { return rapid.SampledFrom(values).Draw(t, what) }
		for range rapid.IntRange(1, 150).Draw(t, "arrivals") {
			gap := rapid.SampledFrom([]int{0, 0, 0, 1, 1, 2, 5, 9, 20, 21, 40, 100}).Draw(t, "gap")
			stamp = stamp.Add(time.Duration(gap) * time.Second)
			a := l.by(stamp, pick("login", "", "alice", "bob"), pick("user", "", "", "alice"), pick("host", "h1", "h2"),
				pick("sender", "x", "y"))
			arrivals = append(arrivals, a)
			end(c.Advance(a.At))
			opened, _ := c.Count(a)
			for _, one := range opened {
				events++
				told := &toldAlert{Alert: one, began: events, ended: math.MaxInt, at: stamp.Unix(), end: math.MaxInt64,
					about: naiveIdentity(one, arrivals)}
				all, byAlert[one] = append(all, told), told
			}
		}
		end(c.Advance(stamp.Add(30 * time.Second)))
		open := 0
		for _, group := range naiveIncidents(all) {
			if slices.ContainsFunc(group, func(a *toldAlert) bool { return a.end == math.MaxInt64 }) {
				open++
			}
			for _, a := range group {
				if a.Incident.ID != group[0].ID || a.Incident.About != a.about {
					t.Fatalf("%s by %v is of incident %s of %v, want %s of %v", a.ID, a.Rule, a.Incident.ID,
						a.Incident.About, group[0].ID, a.about)
				}
				closes := a.end != math.MaxInt64 && !slices.ContainsFunc(group, func(b *toldAlert) bool {
					return b.began < a.ended && b.ended > a.ended
				})
				if a.Closes != closes {
					t.Fatalf("%s by %v closes its incident: %v, want %v", a.ID, a.Rule, a.Closes, closes)
				}
			}
		}
		if got := c.OpenIncidents(); got != open {
			t.Fatalf("%d incidents are open, want %d", got, open)
		}
	})
}

func TestIdentities(t *testing.T) {
	for _, test := range []struct {
		key     Key
		account string
		like    Key // of which the account is a value, too
		want    string
	}{
		{Account, "alice", Auth, "auth=alice"},
		{Account, "alice", User, "user=alice"},
		{Account, "[192.0.2.1]", Host, "host=192.0.2.1"},
		{Account, "[192.0.2.1]", Auth, "auth=[192.0.2.1]"},
		{Account, "[192.0.2.1]", User, "user=[192.0.2.1]"},
		{Account, "<x@lab.test>", Helo, "sender=x@lab.test"},
		{Account, "<>", Helo, "sender=<>"},
		{Account, "<", Helo, "account=<"},
		{Account, "", Helo, "account="},
		{Auth, "alice", Auth, "auth=alice"},
	} {
		l := newLog(t, test.key.String()+" 1/1m")
		var opened []*Alert
		for range 2 {
			a := l.arrival(at(0), "x@lab.test")
			a.Values[Account], a.Values[test.like] = []byte(test.account), []byte(test.account)
			opened = l.count(a)
		}
		if got := opened[0].Incident.About.String(); got != test.want {
			t.Errorf("an account %q like a %v: %s, want %s", test.account, test.like, got, test.want)
		}
	}
}

// TestThreeRulesOneIncident: one attacker who crosses several rules is one incident, whichever rule comes first.
func TestThreeRulesOneIncident(t *testing.T) {
	l := newLog(t, "sender 1/1m", "host 3/1m", "auth 4/1h", "account 5/5m", "account 2/10s", "subject 2/1m")
	var opened []*Alert
	for i := range 6 {
		opened = append(opened, l.count(l.by(at(i), "alice", "", "192.0.2.1", "a@lab.test"))...)
	}
	var abouts []string
	for _, a := range opened {
		abouts = append(abouts, a.Incident.About.String())
	}
	want := []string{"auth=alice", "auth=alice", "subject=subject of a@lab.test", "auth=alice", "auth=alice",
		"auth=alice"}
	if diff := gocmp.Diff(want, abouts); diff != "" {
		t.Fatal(diff)
	}
	if opened[0].Incident != opened[5].Incident || opened[0].Incident.ID != opened[0].ID {
		t.Errorf("the first alert's incident is %s, the last one's %s, want %s", opened[0].Incident.ID,
			opened[5].Incident.ID, opened[0].ID)
	}
}

// TestForgottenIncidents: those that are over are bounded in number, and gone when no alert can follow any more.
func TestForgottenIncidents(t *testing.T) {
	limits := defaultLimits
	limits.incidents = 2
	rule, _ := ParseRule("sender 1/10s")
	c, err := newLimited([]Rule{rule}, limits)
	if err != nil {
		t.Fatal(err)
	}
	l := testLog{t: t, counters: c}
	for i := range 5 {
		l.count(l.arrival(at(i), fmt.Sprint(i)))
		l.count(l.arrival(at(i), fmt.Sprint(i)))
	}
	l.counters.Advance(at(24))
	if n := c.Stats().ForgottenIncidents; n != 3 || len(c.incidents.byIdentity) != 2 {
		t.Errorf("%d forgotten, %d held, want 3 and 2", n, len(c.incidents.byIdentity))
	}
	c.Advance(at(40))
	if saved := c.Save(); len(saved.Incidents)+len(c.incidents.byIdentity) > 0 || c.Stats().ForgottenIncidents != 3 {
		t.Errorf("held long after: %+v", saved.Incidents)
	}
}

// TestIncidentsOfOlderVersions: an alert that was saved without an incident goes on in the thread of its mails.
func TestIncidentsOfOlderVersions(t *testing.T) {
	l := newLog(t, "account 1/1m", "account 2/1h", "auth 2/1h")
	for i := range 4 {
		l.count(l.by(at(i), "alice", "", "192.0.2.1", "a@lab.test"))
	}
	saved := saveAndLoad(t, l.counters)
	saved.Incidents = nil
	first := saved.Alerts[0].ID
	for i := range saved.Alerts {
		saved.Alerts[i].Incident, saved.Alerts[i].AboutKey, saved.Alerts[i].About = "", "", nil
	}
	saved.Alerts[2].Thread = "" // nobody was told
	again := newLog(t, "account 1/1m", "account 2/1h", "auth 2/1h")
	again.counters.SetClock(l.counters.Clock())
	again.counters.Restore(saved)
	for i, a := range again.counters.Open() {
		if a.Incident.ID != first || a.Incident.About != (Identity{Auth, "alice"}) || a.Untold != (i == 2) {
			t.Errorf("alert %d is of incident %s of %v, untold %v; want %s of auth=alice", i, a.Incident.ID,
				a.Incident.About, a.Untold, first)
		}
	}
}

// TestIncidentGoesOnAfterARestart: an incident that is over goes on under its id, which only a checkpoint knows.
func TestIncidentGoesOnAfterARestart(t *testing.T) {
	l := newLog(t, "sender 2/10s")
	id := l.send(3, at(0))[0].ID
	l.counters.Advance(at(25))
	saved := saveAndLoad(t, l.counters)
	again := newLog(t, "sender 2/10s")
	again.n = l.n
	again.counters.SetClock(l.counters.Clock())
	again.counters.Restore(saved)
	for _, one := range []*testLog{l, again} {
		a := one.send(3, at(30))[0]
		if a.Incident.ID != id || a.ID == id || !bytes.Equal([]byte(a.Incident.Value), []byte("alice")) {
			t.Errorf("alert %s is of incident %s, want that of %s", a.ID, a.Incident.ID, id)
		}
		if next := one.send(3, at(100))[0]; next.Incident.ID != next.ID {
			t.Errorf("an alert long after is of incident %s, want a new one", next.Incident.ID)
		}
	}
}

func TestImpossibleIncident(t *testing.T) {
	l := newLog(t, "sender 2/10s")
	l.send(3, at(0))
	for name, spoil := range map[string]func(*SavedIncident){
		"id":     func(s *SavedIncident) { s.ID = "../x" },
		"key":    func(s *SavedIncident) { s.Key = "sendr" },
		"rule":   func(s *SavedIncident) { s.Rule = "sender" },
		"count":  func(s *SavedIncident) { s.Count = -1 },
		"limit":  func(s *SavedIncident) { s.Limit = -1 },
		"window": func(s *SavedIncident) { s.Longest = math.MaxInt64 },
		"ended":  func(s *SavedIncident) { s.Ended = math.MaxInt64 },
		"opened": func(s *SavedIncident) { s.Opened.Offset = 25 * 3600 },
	} {
		s := l.counters.Save().Incidents[0]
		if err := s.Validate(); err != nil {
			t.Fatalf("Validate = %v, want none for what was saved", err)
		}
		spoil(&s)
		if err := s.Validate(); err == nil {
			t.Errorf("%s: Validate has no error for %+v", name, s)
		}
	}
}
