package daemon

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"exiwatch/internal/config/configtest"
	"exiwatch/internal/pipeline"
	"exiwatch/internal/readsocket"
	"exiwatch/internal/testkit"
	"exiwatch/mailer/spool"
	"exiwatch/window"

	"github.com/google/go-cmp/cmp"
)

// storm is a log in which so many accounts send stormMessages each, five times what fiveAnHour allows.
func storm(accounts int) string {
	var log strings.Builder
	for i := range accounts {
		log.WriteString(simples(fmt.Sprintf("user%d", i), 0, stormMessages))
	}
	return log.String()
}

const stormMessages = 25

// setRoom sets how many jobs the writer has room for.
func (w *writer) setRoom(jobs int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.maxJobs = jobs
}

// TestCountingWaitsForNoDisk: while nothing can be written all lines are counted, questions are answered, and much more
// comes up than the writer has room for. Then each mail goes once.
func TestCountingWaitsForNoDisk(t *testing.T) {
	t.Parallel()
	const room, accounts = 20, 100
	c := configtest.Parse(t, fiveAnHour+"\n[mail]\nmax_per_hour = 0")
	c.State, c.Log = t.TempDir(), []string{testkit.Write(t, "mainlog", "")}
	held := make(chan struct{})
	w := goOn(t, c, true, new(post), func(d *Daemon) {
		d.writing = func() {
			d.outbox.writer.setRoom(room)
			<-held
		}
	})
	testkit.Append(t, c.Log[0], storm(accounts))
	w.until("an alert", func() bool { return len(w.opened()) > 0 })
	lines := func() (n int64, waiting int) {
		w.daemon.counters.with(t.Context(), func() {
			n, waiting = w.daemon.logs[0].Stats.Lines, len(w.daemon.outbox.waiting)
		})
		return n, waiting
	}
	w.until("all lines are counted", func() bool { n, _ := lines(); return n == stormMessages*accounts })
	w.until("all alerts are open", func() bool { return len(w.opened()) == accounts })
	if _, waiting := lines(); waiting < 2*accounts {
		t.Errorf("%d events wait for room with the writer, want %d and more", waiting, 2*accounts)
	}
	q := readsocket.Question{Terms: []readsocket.Term{{Key: window.Account, Value: "user0"}}}
	if _, _, err := w.daemon.answer(t.Context(), q); err != nil {
		t.Errorf("the socket answers %v", err)
	}
	if n := len(w.post.ids()); n != 0 {
		t.Errorf("%d mails went that are on no disk", n)
	}
	close(held)
	want := replayEvents(t, c, c.Log[0])
	spooled := func() any { return w.daemon.outbox.spool.Last() } // none goes before a checkpoint covers all
	w.until("every mail", func() bool { return len(w.post.events()) >= len(want) }, spooled)
	w.stop()
	got := w.post.events()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) || len(want) != 3*accounts { // opened, twice the limit, five times
		t.Errorf("mailed %d events, replay lists %d: %s", len(got), len(want), cmp.Diff(want, got))
	}
}

// TestTooMuchToTell: with a hundred thousand things to tell counting waits, says so, and goes on when there is room.
func TestTooMuchToTell(t *testing.T) {
	t.Parallel()
	var said bytes.Buffer
	held := make(chan struct{})
	d := &Daemon{Config: configtest.Parse(t, fiveAnHour), Log: slog.New(slog.NewTextHandler(&said, nil)), now: time.Now,
		counters: newCountersLock(), stopping: t.Context()}
	d.writing = func() { <-held }
	spool, err := spool.Open(t.TempDir())
	testkit.Must(t, err)
	d.outbox = d.newOutbox(spool)
	d.counters.lock()
	go d.outbox.writer.run()
	added := atomic.Int64{}
	const jobs = maxJobs + maxWaiting + 100
	over := make(chan struct{})
	go func() {
		defer close(over)
		for range jobs {
			d.outbox.add(job{at: time.Now(), delivered: "00000000000000000000.opened"})
			added.Add(1)
		}
		d.outbox.await(0)
	}()
	for added.Load() < maxJobs+maxWaiting {
		time.Sleep(time.Millisecond) // the writer hangs: what comes up is held
	}
	close(held)
	<-over
	d.outbox.writer.finish(nil)
	if n := strings.Count(said.String(), "counting waits"); n != 1 {
		t.Errorf("that counting waits is said %d times, want once: %s", n, said.String())
	}
}

// TestFirstCheckpointComesSoon: a daemon that is killed each second gets on, as the distance between checkpoints is one
// of work done.
func TestFirstCheckpointComesSoon(t *testing.T) {
	t.Parallel()
	d := &Daemon{Config: configtest.Parse(t, fiveAnHour), Log: slog.New(slog.DiscardHandler),
		counters: newCountersLock(), stopping: t.Context(), sent: new(pipeline.SentLedger)}
	now := time.Now()
	d.now = func() time.Time { return now }
	var err error
	d.state, err = openState(t.TempDir())
	testkit.Must(t, err)
	defer d.state.close()
	spool, err := spool.Open(t.TempDir())
	testkit.Must(t, err)
	o := d.newOutbox(spool)
	d.outbox = o
	go o.writer.run()
	d.counters.lock()
	for _, distance := range []int64{firstBytes, saveBytes, saveBytes} {
		o.bytes = distance - 1
		if o.saveIfDue(true); o.flying != 0 {
			t.Fatalf("a checkpoint before %d bytes", distance)
		}
		o.bytes++
		if o.saveIfDue(true); o.flying != 1 {
			t.Fatalf("no checkpoint after %d bytes", distance)
		}
		o.wrote(<-o.writer.saved)
		now = now.Add(time.Hour)
	}
	d.outbox.writer.finish(nil)
}

// TestSlowDiskHoldsMailsBriefly: after a checkpoint that took the disk very long the mails wait for the next one for
// savePause, and not for a multiple of what the disk took.
func TestSlowDiskHoldsMailsBriefly(t *testing.T) {
	now := time.Now()
	for _, took := range []time.Duration{time.Second, 20 * time.Second, time.Hour} {
		o := outbox{flying: 1, took: time.Millisecond, now: func() time.Time { return now }}
		o.wrote(took)
		if rest := o.rest.Sub(now); rest > min(took, savePause) {
			t.Errorf("after a checkpoint of %v mails wait for %v", took, rest)
		}
	}
}

// TestTroubleIsSaidOnce: what fails each second is said once a kind, whatever names stand in it, and then once a
// minute.
func TestTroubleIsSaidOnce(t *testing.T) {
	var said bytes.Buffer
	now := time.Now()
	tr := trouble{log: slog.New(slog.NewTextHandler(&said, nil)), now: func() time.Time { return now }}
	full := func(i int) error {
		return fmt.Errorf("spooling: %w", &fs.PathError{Op: "open",
			Path: filepath.Join("waiting", fmt.Sprint(".x", i)), Err: syscall.ENOSPC})
	}
	for i := range 150 { // seconds
		tr.say("no mail", full(i))
		if i%10 == 0 {
			tr.end()
		}
		now = now.Add(time.Second)
	}
	tr.say("no mail", os.ErrPermission)
	tr.end()
	tr.end()
	var got []string
	for line := range strings.Lines(said.String()) {
		_, text, _ := strings.Cut(line, "msg=")
		text, _, _ = strings.Cut(strings.TrimSpace(text), " error=")
		got = append(got, text)
		if strings.Contains(line, "times=60") {
			got[len(got)-1] += " times=60"
		}
	}
	want := []string{
		`"no mail"`, `"mails are spooled again"`, `"no mail" times=60`, `"mails are spooled again"`,
		`"no mail" times=60`,
		`"mails are spooled again"`, `"no mail"`, `"mails are spooled again"`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("said %q, want %q", got, want)
	}
	if reason(full(1)) != reason(full(2)) || reason(errors.New("a")) == reason(errors.New("b")) {
		t.Error("kinds of errors aren't told apart by what they are")
	}
}
