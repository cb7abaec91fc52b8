package daemon

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"exiwatch/internal/config/configtest"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/testkit"
	"exiwatch/mailer"
	"exiwatch/mailer/spool"
	"exiwatch/parser"
)

// A wallClock is the machine's, ahead of it by as much as a test has set.
type wallClock struct{ ahead atomic.Int64 }

func (c *wallClock) pass(d time.Duration) { c.ahead.Add(int64(d)) }

func (c *wallClock) give(d *Daemon) {
	d.now = func() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }
}

// TestStormMakesADigest: three mails in an hour, and everything else in a digest, also if the daemon ends in between.
// What Exim logs of the digest isn't counted.
func TestStormMakesADigest(t *testing.T) {
	t.Parallel()
	c := configtest.Parse(t, fiveAnHour+"\n[count]\nonly = ['all']\n[mail]\nmax_per_hour = 3")
	c.State = t.TempDir()
	mainlog := filepath.Join(t.TempDir(), "mainlog")
	c.Log = []string{mainlog}
	testkit.Append(t, mainlog, "")
	var clock wallClock
	p := new(post)
	w := goOn(t, c, true, p, clock.give)
	for i := range 40 {
		testkit.Append(t, mainlog, testkit.Sentinel(fmt.Sprintf("user%d", i), second(i), sentinelLimit))
	}
	w.until("three mails", func() bool { return len(p.taken()) == 3 })
	w.untilRead("user39")
	w.stop()
	clock.pass(openingPause / 2)

	w = goOn(t, c, true, p, clock.give)
	w.untilSays(ready)
	testkit.Append(t, mainlog, testkit.Sentinel("late", second(60), sentinelLimit))
	w.untilRead("late")
	clock.pass(openingPause)
	w.until("the digest", func() bool { return len(p.taken()) == 4 })
	digest := p.taken()[3]
	want := alertIDs(t, c, mainlog)
	if got := slices.Concat(p.ids(), alertsOf(digest)); len(difference(want, got))+len(difference(got, want)) > 0 ||
		len(want) != 41 {
		t.Errorf("mailed and gathered %d alerts, replay lists %d", len(got), len(want))
	}
	if digest.ID != want[3] || digest.Event != "dopened" {
		t.Errorf("the digest is %s.%s, want it to begin with alert %s", digest.ID, digest.Event, want[3])
	}
	arrival := fmt.Sprintf("%s 1xMAIL-000000-00 <= <> U=root P=local S=999 id=", second(61).Format(time.DateTime))
	testkit.Append(t, mainlog, arrival+mailer.MessageID(digest.ID, digest.Event, "mx.lab.test", w.daemon.composer.Key)+"\n")
	for i := range sentinelLimit {
		testkit.Append(t, mainlog, arrival+fmt.Sprintf("%d@mx.lab.test\n", i))
	}
	clock.pass(30 * time.Minute)
	testkit.Append(t, mainlog, testkit.Sentinel("later", second(62), sentinelLimit))
	w.untilRead("later")
	for _, a := range w.opened() {
		if a.Account == "root" {
			t.Errorf("the digest is counted: %+v", a)
		}
	}
	w.stop()
	if n := len(p.taken()); n != 4 {
		t.Errorf("%d mails within the hour, want no more than 4", n)
	}
	clock.pass(time.Hour)
	w = goOn(t, c, true, p, clock.give)
	w.untilSays(ready)
	clock.pass(openingPause)
	w.until("the second digest", func() bool { return len(p.taken()) == 5 })
	testkit.Append(t, mainlog, testkit.Sentinel("next", second(63), sentinelLimit))
	w.until("a mail of its own again", func() bool { return len(p.taken()) == 6 })
	if last := p.taken()[5]; last.Event != pipeline.Opened || !strings.Contains(string(last.Data), "next") {
		t.Errorf("the last mail is %s.%s, want that of next", last.ID, last.Event)
	}
}

// TestStormFasterThanAnyTick: a log that is caught up with holds more events within a tick than wait for a digest.
func TestStormFasterThanAnyTick(t *testing.T) {
	t.Parallel()
	c := configtest.Parse(t, fiveAnHour+"\n[mail]\nmax_per_hour = 3")
	spool, err := spool.Open(t.TempDir())
	testkit.Must(t, err)
	d := &Daemon{Config: c, Log: slog.New(slog.DiscardHandler), now: time.Now, stopping: t.Context(),
		counters: newCountersLock(),
		composer: Composer(c, "mx.lab.test")}
	d.counters.lock()
	d.outbox = d.newOutbox(spool)
	go d.outbox.writer.run()
	const events = 3 + 2*maxDigest + 1
	p, err := pipeline.New(c.Scopes, c.Rules, pipeline.Listener{Opened: d.opened})
	testkit.Must(t, err)
	d.stats.begin(time.Now())
	r := p.Reader(time.UTC, time.Now())
	for i := range events {
		for line := range strings.Lines(testkit.Sentinel(fmt.Sprintf("user%d", i), second(0), sentinelLimit)) {
			r.Line(parser.Place{}, []byte(strings.TrimSuffix(line, "\n")))
		}
	}
	d.outbox.writer.finish(nil)
	digests := (events - 3) / maxDigest
	got, left := spool.Len(), len(d.outbox.limiter.Gathered)
	if got != 3+digests || left != events-3-digests*maxDigest || len(d.outbox.waiting) > 0 {
		t.Errorf("of %d events %d mails are spooled, %d gathered, %d wait; want 3 mails, %d digests, the rest gathered",
			events, got, left, len(d.outbox.waiting), digests)
	}
}

func (p *post) taken() []mailer.Message {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.mails)
}
