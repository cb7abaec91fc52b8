package daemon

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/config/configtest"
	"exiwatch/internal/private"
	"exiwatch/internal/testkit"
	"exiwatch/mailer"
)

// eventNames are the events of mails, in the order in which they went.
func (p *post) eventNames() (names []string) {
	for _, m := range p.taken() {
		names = append(names, m.Event)
	}
	return names
}

// TestSilence: while an account is silenced its updates are held, also over a restart; then one mail tells how it
// stands. Other accounts, and what begins or ends, are told as ever.
func TestSilence(t *testing.T) {
	t.Parallel()
	for _, perHour := range []string{"20", "0"} {
		t.Run("max_per_hour "+perHour, func(t *testing.T) {
			t.Parallel()
			c := configtest.Parse(t, fiveAnHour+"\n[mail]\nmax_per_hour = "+perHour)
			c.State, c.Log = t.TempDir(), []string{testkit.Write(t, "mainlog", "")}
			var clock wallClock
			p := new(post)
			w := goOn(t, c, true, p, clock.give)
			silence := func(match string) {
				now := w.daemon.now()
				testkit.Must(t, AddSilence(c.State, Silence{Match: match, Until: now.Add(time.Hour), By: "root"}, now))
				w.untilSays(`msg":"silenced: updates of its incidents are held","match":"` + match)
			}
			w.untilSays(ready)
			testkit.Append(t, c.Log[0], simples("alice", 0, 6)+simples("carol", 0, 6))
			w.until("two mails", func() bool { return len(p.taken()) == 2 })
			silence("account:al*")
			silence("account:carol")
			clock.pass(2 * updateRest)
			testkit.Append(t, c.Log[0], simples("alice", 6, 30)+simples("carol", 6, 12)+simples("bob", 30, 36))
			w.until("bob's mail", func() bool { return len(p.taken()) == 3 })
			w.stop()
			w = goOn(t, c, true, p, clock.give)
			w.untilSays(ready)
			clock.pass(2 * updateRest)
			testkit.Append(t, c.Log[0], simples("dave", 36, 42))
			w.until("dave's mail", func() bool { return len(p.taken()) == 4 })
			if got := p.eventNames(); slices.Contains(got, "dgrew5") || slices.ContainsFunc(got, isGrowth) {
				t.Errorf("mailed %q while updates were silenced", got)
			}
			all, err := Incidents(c.State, time.Time{})
			if err != nil || !slices.ContainsFunc(all, func(i IncidentStatus) bool {
				return i.Account == "alice" && strings.Contains(i.Mail.Words, "later news are held: silenced until ") &&
					strings.HasSuffix(i.Mail.Words, " by root")
			}) {
				t.Errorf("the state folder says %+v, %v; want that news of alice are held", all, err)
			}
			// Carol's incident ends while she is silenced, and alice's goes on: it has sent within the hour.
			testkit.Append(t, c.Log[0], simples("alice", 3500, 3510)+simples("alice", 7000, 7006)+simples("other", 7600, 7601))
			w.until("carol's end", func() bool { return slices.Contains(p.eventNames(), "ended") })
			clock.pass(time.Hour)
			w.until("how alice's stands", func() bool { return slices.ContainsFunc(p.eventNames(), isGrowth) })
			w.untilSays(`msg":"no longer silenced","match":"account:al*"`)
			clock.pass(2 * updateRest)
			w.until("nothing waits", w.allSent)
			w.stop()
			growths := slices.DeleteFunc(p.taken(), func(m mailer.Message) bool { return !isGrowth(m.Event) })
			if len(growths) != 1 || !strings.Contains(string(growths[0].Data), "alice") {
				t.Errorf("%d mails of growth: %v; want one, of alice", len(growths), p.eventNames())
			}
			if want := alertIDs(t, c, c.Log[0]); !slices.Equal(slices.Sorted(slices.Values(want)), p.ids()) {
				t.Errorf("opened %q, replay lists %q", p.ids(), want)
			}
		})
	}
}

// isGrowth tells whether a mail of such an event tells that an alert has grown, and of nothing that opened.
func isGrowth(event string) bool { return strings.Contains(event, "grew") }

// TestSilences: a silence replaces one for the same, and ends by itself or by hand. A file of a newer version and one
// that is broken say what to do.
func TestSilences(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	now := testNow
	add := func(match, reason string, d time.Duration) {
		testkit.Must(t, AddSilence(dir, Silence{Match: match, Until: now.Add(d), By: "root", Reason: reason}, now))
	}
	add("account:alice", "first", time.Hour)
	add("host:192.0.2.1", "", time.Minute)
	add("account:alice", "second", 2*time.Hour)
	at := func(now time.Time) (all []string) {
		found, err := Silences(dir, now)
		testkit.Must(t, err)
		for _, s := range found {
			all = append(all, s.Match+" "+s.Reason)
		}
		return all
	}
	if got := at(now); !slices.Equal(got, []string{"host:192.0.2.1 ", "account:alice second"}) {
		t.Errorf("silenced: %q", got)
	}
	if got := at(now.Add(time.Minute)); !slices.Equal(got, []string{"account:alice second"}) {
		t.Errorf("after a minute: %q", got)
	}
	for _, want := range []bool{true, false} {
		if found, err := EndSilence(dir, "account:alice", now); found != want || err != nil {
			t.Errorf("EndSilence = %v, %v; want %v", found, err, want)
		}
	}
	long := Silence{Match: "account:alice", Until: now.Add(time.Hour), Reason: strings.Repeat("x", maxSilence)}
	if err := AddSilence(dir, long, now); err == nil {
		t.Error("a reason of any length is taken")
	}
	path := filepath.Join(dir, silencesFile)
	for text, want := range map[string]string{
		`{"version":2,"silences":[]}`:                        "was written by a newer exiwatch",
		`{"version":1,`:                                      "can't be understood, so nothing is silenced",
		`{"version":1,"silences":[{"match":"nobody:x"}]}`:    "can't be understood, so nothing is silenced",
		`{"version":1,"silences":[{"match":"account:\u001"`:  "can't be understood, so nothing is silenced",
		`{"version":1,"silences":[{"until":"9999"}]}`:        "can't be understood, so nothing is silenced",
		`{"version":1,"silences":"` + strings.Repeat("x", 9): "can't be understood, so nothing is silenced",
	} {
		testkit.Must(t, os.WriteFile(path, []byte(text), 0o600))
		_, err := Silences(dir, now)
		var hinted *private.Error
		if !errors.As(err, &hinted) || !strings.Contains(err.Error(), want) || hinted.Hint == "" {
			t.Errorf("%s: %v; want %q and a hint", text, err, want)
		}
		if err := AddSilence(dir, Silence{Match: "account:bob", Until: now.Add(time.Hour)}, now); err == nil {
			t.Errorf("%s: replaced", text)
		}
		var said strings.Builder
		s := silences{dir: dir, log: slog.New(slog.NewTextHandler(&said, nil)), all: []Silence{{Match: "account:bob"}}}
		counters := newCountersLock()
		counters.lock()
		for range 2 {
			s.look(now, counters)
		}
		if n := strings.Count(said.String(), "can't be read"); n != 1 || len(s.all) != 0 {
			t.Errorf("%s: said %d times that it can't be read, want once; %d are silenced", text, n, len(s.all))
		}
	}
}

// TestSilencesAtOnce: of many that are added at the same time none is lost, and the file belongs to the folder's owner.
func TestSilencesAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const user = 65534
	root := os.Geteuid() == 0
	if root {
		testkit.Must(t, os.Chown(dir, user, user))
	}
	done := make(chan error)
	const many = 20
	for i := range many {
		go func() {
			done <- AddSilence(dir, Silence{Match: "account:" + string(rune('a'+i)), Until: testNow.Add(time.Hour)}, testNow)
		}()
	}
	for range many {
		testkit.Must(t, <-done)
	}
	if all, err := Silences(dir, testNow); len(all) != many || err != nil {
		t.Errorf("%d are silenced, want %d; %v", len(all), many, err)
	}
	if err := private.Check(filepath.Join(dir, silencesFile), user); root && err != nil {
		t.Error(err)
	}
	info, err := os.Stat(filepath.Join(dir, silencesFile))
	testkit.Must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("its mode is %v", info.Mode())
	}
}
