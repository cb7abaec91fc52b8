package daemon

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/config"
	"exiwatch/internal/config/configtest"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/replay"
	"exiwatch/internal/testkit"
	"exiwatch/mailer"
	"exiwatch/mailer/spool"
	"exiwatch/window"
)

// eventOf is an event of an alert, of the incident of another one.
func eventOf(id, incident, event string) notification {
	rule := window.Rule{Key: window.Account, Limit: 20, Window: 5 * time.Minute}
	a := &window.Alert{ID: id, Rule: rule, Value: incident, Count: 21, Peak: 21, Limit: 20,
		Incident: &window.Incident{ID: incident, Rule: rule, Value: incident, Count: 21, Limit: 20}}
	if event == pipeline.Ended {
		a.Ended, a.Closes = testNow, true
	}
	return notification{alerts: []*window.Alert{a}, event: event}
}

var testNow = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func never() bool { return false }

// TestUpdatesKeepNoOpeningBack: however much is told of incidents, one that begins has a mail of its own, until too
// many have begun. Of one incident mails are ten minutes apart.
func TestUpdatesKeepNoOpeningBack(t *testing.T) {
	var l mailLimiter
	now := testNow
	if !l.put(eventOf("a", "a", pipeline.Opened), now, 3, never) {
		t.Error("the first opening has no mail")
	}
	if l.put(eventOf("a", "a", "grew2"), now.Add(9*time.Minute), 3, never) {
		t.Error("another mail about an incident after nine minutes")
	}
	for i := range 50 {
		other := fmt.Sprint("old", i)
		mailed := l.put(eventOf(other, other, "grew5"), now.Add(10*time.Minute), 3, never)
		if mailed != (i < 3) {
			t.Errorf("update %d has a mail: %v, want three", i+1, mailed)
		}
	}
	for i := range 4 {
		id := fmt.Sprint("new", i)
		if mailed := l.put(eventOf(id, id, pipeline.Opened), now.Add(11*time.Minute), 3, never); mailed != (i < 2) {
			t.Errorf("opening %d has a mail: %v, want three in all", i+2, mailed)
		}
	}
	if !l.put(eventOf("later", "later", pipeline.Opened), now.Add(61*time.Minute), 3, never) {
		t.Error("an hour later there is no mail about an incident that begins")
	}
	if n := len(l.Gathered); n != 1+47+2 {
		t.Errorf("%d incidents are gathered, want 50", n)
	}
}

// TestWhenADigestIsDue: 90 seconds after an incident began without a mail of its own, ten minutes after other news.
func TestWhenADigestIsDue(t *testing.T) {
	update, opening := eventOf("b", "a", pipeline.Opened), eventOf("c", "c", pipeline.Opened)
	full := func() mailLimiter { // no mail may go any more
		return mailLimiter{Mailed: []time.Time{testNow}, Updated: []time.Time{testNow}}
	}
	for _, test := range []struct {
		name   string
		events []notification
		due    time.Duration
	}{
		{"update", []notification{update}, updateRest},
		{"opening", []notification{opening}, openingPause},
		{"both", []notification{update, opening}, openingPause},
		{"both the other way", []notification{opening, update}, openingPause},
	} {
		l := full()
		for _, e := range test.events {
			l.put(e, testNow, 1, never)
		}
		if items := l.digest(testNow.Add(test.due - time.Second)); items != nil {
			t.Errorf("%s: there is a digest a second too early", test.name)
		}
		text, err := json.Marshal(l.clone()) // the daemon is started again
		testkit.Must(t, err)
		var again mailLimiter
		testkit.Must(t, json.Unmarshal(text, &again))
		again = again.restore(testNow.Add(test.due))
		if items := again.digest(testNow.Add(test.due)); len(items) != len(test.events) {
			t.Errorf("%s: %d items when the digest is due, want %d", test.name, len(items), len(test.events))
		}
		if !again.put(eventOf("d", "d", "grew2"), testNow.Add(time.Hour), 1, never) {
			t.Errorf("%s: an hour later an update has no mail", test.name)
		}
	}
	l := full()
	for i := range maxDigest {
		if l.digest(testNow) != nil {
			t.Fatalf("a digest of %d incidents, at once", i)
		}
		id := fmt.Sprint("x", i)
		l.put(eventOf(id, id, pipeline.Opened), testNow, 1, never)
		l.put(eventOf(id, id, "grew2"), testNow, 1, never)
	}
	if n := len(l.digest(testNow)); n != maxDigest {
		t.Errorf("a digest of %d incidents, want %d at once", n, maxDigest)
	}
}

// TestGatheredByAnOlderVersion: an older version gathered events of alerts. None is lost, and those of one alert are
// one incident.
func TestGatheredByAnOlderVersion(t *testing.T) {
	const text = `{"mailed":["2026-11-23T12:00:00Z"],"digested":"2026-11-23T11:00:00Z","gathered":[
		{"id":"aaaaaaaaaaaaaaaaaaaa","event":"opened","rule":"account 5/1h","messages":6},
		{"id":"bbbbbbbbbbbbbbbbbbbb","event":"grew5","times":5,"rule":"account 5/1h","messages":30},
		{"id":"aaaaaaaaaaaaaaaaaaaa","event":"ended","rule":"account 5/1h","messages":9}]}`
	var l mailLimiter
	testkit.Must(t, json.Unmarshal([]byte(text), &l))
	l = l.restore(testNow)
	if len(l.Gathered) != 2 || !l.Gathered[0].New || !l.Gathered[0].Over || l.Gathered[0].Messages != 9 ||
		l.Gathered[1].New {
		t.Errorf("%+v, want two incidents, the first new and over", l.Gathered)
	}
	if !l.Due.Equal(testNow.Add(openingPause)) {
		t.Errorf("the digest is due at %v, want %v", l.Due, testNow.Add(openingPause))
	}
}

// TestHeldIsSaved: what is held while a daemon catches up is in its checkpoint, where an older program takes it for
// gathered.
func TestHeldIsSaved(t *testing.T) {
	var l mailLimiter
	l.put(eventOf("a", "a", pipeline.Opened), testNow, 0, never)
	l.gather(itemOf(eventOf("b", "b", pipeline.Opened)), testNow)
	l.hold(eventOf("c", "c", pipeline.Opened), testNow)
	l.hold(eventOf("c", "c", pipeline.Ended), testNow)
	l.hold(eventOf("d", "d", pipeline.Opened), testNow)
	saved := l.clone()
	if len(saved.Gathered) != 3 {
		t.Errorf("%d items are saved, want 3", len(saved.Gathered))
	}
	again := saved.restore(testNow)
	if again.isPastDue(testNow.Add(updateRest-time.Second)) || !again.isPastDue(testNow.Add(updateRest)) {
		t.Errorf("what is held is due at %v, want ten minutes after the start", again.pastDue)
	}
	again.hold(eventOf("d", "d", "grew2"), testNow)
	over, open := again.takePast()
	if len(again.Gathered) != 1 || len(over) != 1 || over[0].ID != "c" || len(open) != 1 || open[0].Event != "grew2" ||
		!open[0].New {
		t.Errorf("gathered %+v, over %+v, open %+v", again.Gathered, over, open)
	}
}

// TestTellings: what is said of an incident's mail.
func TestTellings(t *testing.T) {
	folder := t.TempDir()
	_, err := spool.Open(folder)
	testkit.Must(t, err)
	var l mailLimiter
	l.put(eventOf("a", "a", pipeline.Opened), testNow, 1, never)
	l.put(eventOf("b", "b", pipeline.Opened), testNow, 1, never)
	l.put(eventOf("a", "a", "grew2"), testNow.Add(time.Minute), 1, never)
	l.hold(eventOf("c", "c", pipeline.Opened), testNow)
	for incident, want := range map[string]string{
		"a": "queued at 12:00:00; later news are held for a digest at 12:01:30: " +
			"mails about an incident are ten minutes apart",
		"b": "held for a digest at 12:01:30: 1 incident began with a mail within an hour",
		"c": "held: the log is being read to its end", "d": "none",
	} {
		if got := l.tellingOf(mailer.Beginning{ID: incident}).settle(folder).String(); got != want {
			t.Errorf("%s: %q, want %q", incident, got, want)
		}
	}
	l.markAll(l.digest(testNow.Add(openingPause)), testNow.Add(openingPause))
	if got := l.tellingOf(mailer.Beginning{ID: "b"}).settle(folder).String(); got != "queued at 12:01:30" {
		t.Errorf("after the digest: %q", got)
	}
	mark := filepath.Join(folder, "sent", "b.dopened")
	if l.Told["b"].Name != "b.dopened" {
		mark = filepath.Join(folder, "sent", l.Told["b"].Name)
	}
	testkit.Append(t, mark, "")
	if got := l.tellingOf(mailer.Beginning{ID: "b"}).settle(folder).String(); !strings.HasPrefix(got, "sent at ") {
		t.Errorf("after it was sent: %q", got)
	}
}

// TestWhatIsOverIsToldTogether: a daemon that starts behind tells in one mail what is over, and what is open as usual.
func TestWhatIsOverIsToldTogether(t *testing.T) {
	t.Parallel()
	c := configtest.Parse(t, fiveAnHour+"\n[count]\nonly = ['all']\n[mail]\nmax_per_hour = 3")
	c.State = t.TempDir()
	log := filepath.Join(t.TempDir(), "mainlog")
	c.Log = []string{log}
	testkit.Append(t, log, "")
	p := new(post)
	w := goOn(t, c, true, p)
	testkit.Append(t, log, testkit.Sentinel("before", second(0), sentinelLimit))
	w.until("a mail", func() bool { return len(p.taken()) == 1 })
	w.stop()
	for i := range 5 {
		testkit.Append(t, log, testkit.Sentinel(fmt.Sprint("past", i), second(10+i), sentinelLimit))
	}
	testkit.Append(t, log, testkit.Sentinel("open", second(0).Add(5*time.Hour), sentinelLimit))
	w = goOn(t, c, false, p)
	w.until("three mails", func() bool { return len(p.taken()) == 3 })
	w.stop()
	mails := p.taken()[1:]
	slices.SortFunc(mails, func(a, b mailer.Message) int { return len(alertsOf(a)) - len(alertsOf(b)) })
	open, past := string(mails[0].Data), mails[1]
	if mails[0].Event != pipeline.Opened || !strings.Contains(open, "open@") && !strings.Contains(open, "open ") {
		t.Errorf("%s: %.300s\nwant the incident that is open", mails[0].Name(), open)
	}
	if len(alertsOf(past)) != 6 || !strings.HasPrefix(past.Event, "d") ||
		!strings.Contains(string(past.Data), "They were over when exiwatch came to read of them") {
		t.Errorf("%s is about %d alerts, want a digest of those that are over, 6", past.Name(), len(alertsOf(past)))
	}
	all, err := Incidents(c.State, time.Time{})
	testkit.Must(t, err)
	var said []string
	for _, i := range all {
		said = append(said, fmt.Sprint(i.Account, " ", i.Ended == nil, " ", i.Mail.State))
	}
	if len(all) == 0 || !strings.Contains(said[0], "open") || !strings.HasSuffix(said[0], "true sent") {
		t.Errorf("the state folder says %q, want open first, and that its mail was sent", said)
	}
}

// TestRestartsTellEachIncident: with few mails an hour, and digests of the others, a daemon that ends at random places
// tells of each alert that replay lists, and of the end of each incident. No mail goes twice.
func TestRestartsTellEachIncident(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			tellInTraffic(t, seed)
		})
	}
}

func tellInTraffic(t *testing.T, seed uint64) {
	c := configtest.Parse(t, fiveRules+"[mail]\nmax_per_hour = 3")
	c.State, c.Log = t.TempDir(), []string{testkit.Write(t, "mainlog", "")}
	lines, end := testkit.Traffic(seed, 1200)
	r := rand.New(rand.NewPCG(seed, 7))
	var clock wallClock
	var mails []mailer.Message
	w := goOn(t, c, true, new(post), clock.give)
	w.untilSays(ready)
	w.stop()
	write := func(most int) {
		n := min(1+r.IntN(most), len(lines))
		testkit.Append(t, c.Log[0], strings.Join(lines[:n], ""))
		lines = lines[n:]
	}
	for len(lines) > 0 {
		w = goOn(t, c, true, new(post), clock.give)
		for range 1 + r.IntN(3) {
			write(150)
			if r.IntN(3) == 0 {
				w.untilSays(ready)
			}
			clock.pass(time.Duration(r.IntN(300)) * time.Second)
		}
		w.stop()
		mails = append(mails, w.post.taken()...)
		write(60) // while no daemon runs
	}
	testkit.Append(t, c.Log[0], testkit.Sentinel("end", end, sentinelLimit))
	w = goOn(t, c, true, new(post), clock.give)
	w.untilRead("end")
	w.until("nothing is held", func() (none bool) {
		clock.pass(updateRest)
		testkit.Must(t, w.daemon.counters.with(t.Context(), func() {
			l := &w.daemon.outbox.limiter
			none = len(l.Gathered)+len(l.past)+w.daemon.outbox.unsent() == 0
		}))
		return none
	})
	w.stop()
	judge(t, c, append(mails, w.post.taken()...))
}

// judge compares mails, with digests among them, with what a replay of the log lists.
func judge(t *testing.T, c config.Config, mails []mailer.Message) {
	t.Helper()
	about, times, digests := make(map[string]string), make(map[string]int), 0
	for _, m := range mails {
		if times[m.Name()]++; times[m.Name()] > 1 {
			t.Errorf("mail %s went %d times", m.Name(), times[m.Name()])
		}
		text := ""
		if strings.HasPrefix(m.Event, "d") {
			digests++
			text = strings.Join(strings.Fields(strings.ReplaceAll(string(m.Data), "=\r\n", "")), " ")
		}
		for _, id := range alertsOf(m) {
			about[id] += text + " "
		}
	}
	all, over := 0, make(map[string]*window.Alert) // by incident
	p, err := pipeline.New(c.Scopes, c.Rules, pipeline.Listener{
		Opened: func(alerts []*window.Alert) {
			for _, a := range alerts {
				if all++; about[a.ID] == "" {
					t.Errorf("nothing tells of alert %s of %s by %s", a.ID, a.Value, a.Rule)
				}
				delete(over, a.Incident.ID) // it goes on
			}
		},
		Ended: func(a *window.Alert) {
			if a.Closes && a.Rule.Key != window.Topic { // of a topic, a digest shows an example
				over[a.Incident.ID] = a
			}
		},
	})
	testkit.Must(t, err)
	_, err = replay.Run(t.Context(), p, []replay.Source{{Name: c.Log[0]}}, c.Zone, time.Now(), nil)
	testkit.Must(t, err)
	for _, a := range over {
		end := regexp.MustCompile(regexp.QuoteMeta(a.Value) + ` (ended: |[a-z ]*)at most `)
		if times[a.ID+"."+pipeline.Ended] == 0 && !end.MatchString(about[a.ID]) {
			t.Errorf("nothing tells of the end of alert %s of %s by %s", a.ID, a.Value, a.Rule)
		}
	}
	t.Logf("%d alerts, %d incidents are over, %d mails, %d digests", all, len(over), len(mails), digests)
	if all < 40 || len(over) < 10 || digests < 5 || len(about) != all {
		t.Errorf("%d alerts, %d that are over, %d digests are too few to tell anything; mails are about %d alerts", all,
			len(over), digests, len(about))
	}
}
