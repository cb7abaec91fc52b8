package daemon

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/config/configtest"
	"exiwatch/internal/testkit"
)

const sentinelLimit = 5

// fiveRules are looked at all at once; the first is that of the sentinels.
const fiveRules = `
[[rule]]
limit = 5
window = '1m'
[[rule]]
key = 'sender'
count = 'recipients'
limit = 25
window = '2m'
[[rule]]
key = 'host'
limit = 8
window = '1m'
[[rule]]
key = 'topic'
limit = 10
window = '5m'
[[rule]]
key = 'account'
count = 'bytes'
limit = 20000
window = '3m'
`

// TestDaemonSaysWhatReplaySays is the one invariant: the log is written line by line and cycled on the way, with a
// line that comes late in the cycled file, and the daemon opens the alerts that a replay of the files lists. What was
// there before it is counted silently, unless it is told to begin at the start.
func TestDaemonSaysWhatReplaySays(t *testing.T) {
	for seed := range uint64(3) {
		for _, fromStart := range []bool{true, false} {
			t.Run(fmt.Sprintf("seed %d, from start %t", seed, fromStart), func(t *testing.T) {
				t.Parallel()
				followTraffic(t, seed, fromStart)
			})
		}
	}
}

func followTraffic(t *testing.T, seed uint64, fromStart bool) {
	c := configtest.Parse(t, fiveRules)
	lines, end := testkit.Traffic(seed, 900)
	mainlog := filepath.Join(t.TempDir(), "mainlog")
	c.Log = []string{mainlog}
	// What is there before the daemon, up to a point at which its reader has certainly come.
	before := strings.Join(lines[:300], "")
	between, _ := time.Parse(time.DateTime, lines[299][:len(time.DateTime)])
	testkit.Append(t, mainlog, before+testkit.Sentinel("before", between, sentinelLimit))
	silent := replayIDs(t, c, mainlog)
	w := start(t, c, fromStart, new(post))
	w.untilRead("before")

	for _, line := range lines[300:600] {
		testkit.Append(t, mainlog, line)
	}
	old, err := os.OpenFile(mainlog, os.O_WRONLY|os.O_APPEND, 0)
	testkit.Must(t, err)
	testkit.Must(t, os.Rename(mainlog, mainlog+".1"))
	_, err = old.WriteString(lines[600]) // by a process that had it open
	testkit.Must(t, err)
	testkit.Must(t, old.Close())
	for _, line := range lines[601:] {
		testkit.Append(t, mainlog, line)
	}
	testkit.Append(t, mainlog, testkit.Sentinel("end", end, sentinelLimit))
	w.untilRead("end")

	want := replayIDs(t, c, mainlog+".1", mainlog)
	if len(want) < 20 || len(silent) < 5 || len(silent) > len(want)-5 {
		t.Fatalf("%d alerts, %d of them before the daemon: too few to tell anything", len(want), len(silent))
	}
	var told []string
	for _, a := range w.opened() {
		if !a.Silent {
			told = append(told, a.ID)
		}
	}
	slices.Sort(told)
	if !fromStart {
		want = slices.DeleteFunc(want, func(id string) bool { return slices.Contains(silent, id) })
	}
	if !slices.Equal(told, want) {
		t.Errorf("told %d alerts, want %d:\n%q\n%q", len(told), len(want), told, want)
	}
	w.until("every mail", func() bool { return len(w.post.ids()) >= len(want) })
	w.stop()
	if mails := w.post.ids(); !slices.Equal(mails, want) {
		t.Errorf("mailed %q, want %q", mails, want)
	}
}

// TestFixtureFollowed: a log that Exim wrote says the same when it is followed in pieces that end anywhere.
func TestFixtureFollowed(t *testing.T) {
	for _, name := range []string{"all", "cpanel", "subject"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log, err := os.ReadFile("../../fixtures/logs/" + name + ".log")
			testkit.Must(t, err)
			c := configtest.Parse(t, "[[rule]]\nlimit = 5")
			mainlog := filepath.Join(t.TempDir(), "mainlog")
			c.Log = []string{mainlog}
			testkit.Append(t, mainlog, "")
			w := start(t, c, true, new(post))
			r := rand.New(rand.NewPCG(1, 2))
			for len(log) > 0 {
				n := min(1+r.IntN(700), len(log))
				testkit.Append(t, mainlog, string(log[:n]))
				log = log[n:]
			}
			testkit.Append(t, mainlog, testkit.Sentinel("end", time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), sentinelLimit))
			w.untilRead("end")
			want := replayIDs(t, c, mainlog)
			w.until("every mail", func() bool { return len(w.post.ids()) >= len(want) })
			if got := w.post.ids(); len(want) < 2 || !slices.Equal(got, want) {
				t.Errorf("mailed %q, want %q", got, want)
			}
		})
	}
}

// simple is a line of a local user. The default log of the tests below has a rule of more than 5 in an hour.
func simple(user string, second int) string {
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC).Add(time.Duration(second) * time.Second)
	return fmt.Sprintf("%s 1xV%03d-%06d-01 <= %s@lab.test U=%s P=local S=5\n", at.Format(time.DateTime), len(user),
		second, user, user)
}

func simples(user string, from, to int) string {
	var b strings.Builder
	for second := from; second < to; second++ {
		b.WriteString(simple(user, second))
	}
	return b.String()
}

const fiveAnHour = "[[rule]]\nlimit = 5\nwindow = '1h'"

func second(n int) time.Time { return time.Date(2026, 11, 23, 10, 0, n, 0, time.UTC) }

// TestBeforeAndAfterAreCountedTogether: what the log held is silent, and still counts for what comes.
func TestBeforeAndAfterAreCountedTogether(t *testing.T) {
	t.Parallel()
	c := configtest.Parse(t, fiveAnHour)
	mainlog := testkit.Write(t, "mainlog", simples("silent", 0, 10)+simples("alice", 10, 14)+testkit.Sentinel("before", second(14), 5))
	c.Log = []string{mainlog}
	w := start(t, c, false, new(post))
	w.untilRead("before")
	testkit.Append(t, mainlog, simples("silent", 20, 30)+simples("alice", 30, 32))
	w.untilRead("alice")
	w.until("a mail", func() bool { return len(w.post.ids()) > 0 })
	w.stop()
	got := w.opened()
	want := replayIDs(t, c, mainlog)
	if len(got) != 3 || !got[0].Silent || !got[1].Silent || got[2].Silent || len(want) != 3 {
		t.Errorf("opened %+v, want silent and before silently, and alice", got)
	}
	if mails := w.post.ids(); len(mails) != 1 || mails[0] != got[2].ID || !slices.Contains(want, mails[0]) {
		t.Errorf("mailed %q, want that of alice", mails)
	}
}

// TestTruncatedLogIsNotSilent: a log that copytruncate has emptied holds nothing from before, also while it is
// shorter than it was.
func TestTruncatedLogIsNotSilent(t *testing.T) {
	t.Parallel()
	c := configtest.Parse(t, fiveAnHour)
	mainlog := testkit.Write(t, "mainlog", simples("alice", 0, 4)+simples("long", 4, 40)+testkit.Sentinel("before", second(40), 5))
	c.Log = []string{mainlog}
	w := start(t, c, false, new(post))
	w.untilRead("before")
	testkit.Must(t, os.Truncate(mainlog, 0))
	testkit.Append(t, mainlog, simples("bob", 50, 56)+simples("alice", 56, 58))
	w.untilRead("alice") // 4 before and 2 after
	w.until("two mails", func() bool { return len(w.post.ids()) == 2 })
	for _, a := range w.opened() {
		if wanted := a.Account == "long" || a.Account == "before"; a.Silent != wanted {
			t.Errorf("the alert of %s is silent = %t, want %t", a.Account, a.Silent, wanted)
		}
	}
}

// TestLogThatComesLater: there need be no log yet, and all of it is news.
func TestLogThatComesLater(t *testing.T) {
	t.Parallel()
	c := configtest.Parse(t, fiveAnHour)
	mainlog := filepath.Join(t.TempDir(), "mainlog")
	testkit.Append(t, mainlog+".1", simples("old", 0, 10))
	c.Log = []string{mainlog}
	w := start(t, c, false, new(post))
	w.until("the daemon says that there is no log", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return bytes.Contains(w.log.Bytes(), []byte(mainlog+": file does not exist"))
	})
	testkit.Append(t, mainlog, simples("alice", 20, 26))
	w.untilRead("alice")
	w.until("a mail", func() bool { return len(w.post.ids()) == 1 })
	if got := w.opened(); len(got) != 2 || !got[0].Silent || got[1].Silent {
		t.Errorf("opened %+v, want old's silently, and that of alice", got)
	}
}

// TestTwoLogs: each is counted by itself, in its own time.
func TestTwoLogs(t *testing.T) {
	t.Parallel()
	c := configtest.Parse(t, fiveAnHour)
	one, two := filepath.Join(t.TempDir(), "mainlog"), filepath.Join(t.TempDir(), "mainlog")
	c.Log = []string{one, two}
	testkit.Append(t, one, "")
	testkit.Append(t, two, simples("before", 0, 7))
	w := start(t, c, false, new(post))
	w.untilRead("before")
	for i := range 6 {
		testkit.Append(t, one, simple("alice", 10))
		testkit.Append(t, two, simple("bob", 10))
		testkit.Append(t, c.Log[i%2], simple("both", 10))
	}
	for _, name := range []string{"alice", "bob"} {
		w.untilRead(name)
	}
	testkit.Must(t, os.Rename(two, two+".1"))
	testkit.Append(t, two, simples("carol", 11, 17))
	w.untilRead("carol")
	w.until("the mails", func() bool { return len(w.post.ids()) == 3 })
	silent := map[string]bool{}
	for _, a := range w.opened() {
		silent[a.Account] = a.Silent
	}
	if want := map[string]bool{"before": true, "alice": false, "bob": false, "carol": false}; !maps.Equal(silent,
		want) {
		t.Errorf("silent = %v, want %v", silent, want)
	}
}

// TestUnfinishedEntryAtTheEnd: an entry whose end doesn't come is read when the log has been quiet, not only with the
// next line.
func TestUnfinishedEntryAtTheEnd(t *testing.T) {
	t.Parallel()
	c := configtest.Parse(t, fiveAnHour)
	mainlog := testkit.Write(t, "mainlog", "2026-11-23 10:00:00 1xV001-000001-01 <= \"unfinished\n")
	c.Log = []string{mainlog}
	w := start(t, c, true, new(post))
	w.until("the entry is told", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return bytes.Contains(w.log.Bytes(), []byte("arrival that could not be read"))
	})
}

// TestUnusableSettings: what can't work is said before the first line is read.
func TestUnusableSettings(t *testing.T) {
	file := testkit.Write(t, "file", "")
	for name, edit := range map[string]func(*Daemon){
		"a state that is a file": func(d *Daemon) { d.Config.State = file },
		"a sender":               func(d *Daemon) { d.Config.Mail.From = "no\naddress" },
		"a recipient":            func(d *Daemon) { d.Config.Mail.To = []string{"a@b c"} },
		"no recipient":           func(d *Daemon) { d.Config.Mail.To = nil },
		"a host name":            func(d *Daemon) { d.Host = "mx lab" },
		"two equal rules":        func(d *Daemon) { d.Config.Rules = append(d.Config.Rules, d.Config.Rules[0]) },
	} {
		d := &Daemon{Config: configtest.Parse(t, ""), Host: "mx.lab.test", Log: slog.New(slog.DiscardHandler)}
		d.Config.Log, d.Config.State, d.Config.Mail.Transport = []string{file}, t.TempDir(), new(post)
		edit(d)
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		if err := d.Run(ctx); err == nil || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("with %s Run = %v, want an error at once", name, err)
		}
		cancel()
	}
}

// TestLogsFarApart: the stamps of one log say nothing of the time in another.
func TestLogsFarApart(t *testing.T) {
	t.Parallel()
	c := configtest.Parse(t, fiveAnHour)
	dir := t.TempDir()
	early := "2026-11-23 07:00:00 1xV000-000000-01 <= x@lab.test U=x P=local S=5\n"
	c.Log = []string{filepath.Join(dir, "one"), filepath.Join(dir, "two")}
	for i, account := range []string{"alice", "bob"} {
		testkit.Append(t, c.Log[i], early+simples(account, 0, 4))
	}
	w := start(t, c, true, new(post))
	testkit.Append(t, c.Log[0], simples("alice", 10, 12))
	testkit.Append(t, c.Log[1], simples("bob", 10, 12))
	w.until("the mails", func() bool { return len(w.post.ids()) == 2 })
}

// TestLogThatNeverWas: a path at which no log ever stood, most likely a wrong one, is worth a warning; a log that was
// just cycled is not.
func TestLogThatNeverWas(t *testing.T) {
	t.Parallel()
	c := configtest.Parse(t, fiveAnHour)
	c.Log = []string{filepath.Join(t.TempDir(), "mainlgo")}
	w := start(t, c, false, new(post))
	w.until("the warning", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return bytes.Contains(w.log.Bytes(), []byte(`"level":"WARN","msg":"the log isn't there yet`))
	})
}
