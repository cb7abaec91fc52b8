package daemon

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/config/configtest"
	"exiwatch/internal/testkit"
)

// TestHangingMailServer: it stops neither reading nor counting, and no longer than its grace the end; the mails wait
// in the spool.
func TestHangingMailServer(t *testing.T) {
	t.Parallel()
	c := configtest.Parse(t, fiveAnHour)
	mainlog := testkit.Write(t, "mainlog", "")
	c.Log = []string{mainlog}
	w := start(t, c, true, &post{hangs: true})
	users := []string{"alice", "bob", "carol"}
	for i, user := range users {
		testkit.Append(t, mainlog, simples(user, 10*i, 10*i+6))
		w.untilRead(user)
		w.until("a mail is tried", func() bool { w.post.mu.Lock(); defer w.post.mu.Unlock(); return w.post.tries > 0 })
	}
	// More than the batches hold that go round, so that a reader which isn't emptied would stop.
	testkit.Append(t, mainlog, strings.Repeat("2026-11-23 10:01:00 Start queue run: pid=1\n", 1<<20/42))
	testkit.Append(t, mainlog, testkit.Sentinel("end", second(60), 5))
	w.untilRead("end")
	w.stop()
	waiting, err := os.ReadDir(filepath.Join(w.daemon.Config.State, "spool/waiting"))
	testkit.Must(t, err)
	if len(waiting) != 4 {
		t.Errorf("%d mails wait in the spool, want 4", len(waiting))
	}
}

// TestMailsWaitForTheNextDaemon: what one couldn't send, and nobody else's mail, the next one sends.
func TestMailsWaitForTheNextDaemon(t *testing.T) {
	t.Parallel()
	c := configtest.Parse(t, fiveAnHour)
	mainlog := testkit.Write(t, "mainlog", "")
	c.Log = []string{mainlog}
	first := start(t, c, true, &post{hangs: true})
	testkit.Append(t, mainlog, simples("alice", 0, 6))
	first.untilRead("alice")
	first.stop()
	id := first.opened()[0].ID

	second := goOn(t, first.daemon.Config, false, new(post))
	second.until("the mail", func() bool { return len(second.post.ids()) > 0 })
	second.stop()
	if got := second.post.ids(); !slices.Equal(got, []string{id}) {
		t.Errorf("the next daemon mailed %q, want %q", got, id)
	}
}

// TestStopInAStorm: a daemon that is told to end has two hundred mails to make of lines that it is just counting. It
// ends at once, and the next one mails each alert once.
func TestStopInAStorm(t *testing.T) {
	t.Parallel()
	c := configtest.Parse(t, fiveAnHour+"\n[mail]\nmax_per_hour = 0")
	var storm strings.Builder
	for i := range 200 {
		storm.WriteString(testkit.Sentinel(fmt.Sprintf("user%d", i), second(i), sentinelLimit))
	}
	mainlog := testkit.Write(t, "mainlog", storm.String())
	c.Log = []string{mainlog}
	c.State = t.TempDir()
	first := goOn(t, c, true, new(post), func(d *Daemon) { d.stopTime = 0 })
	first.until("an alert", func() bool { return len(first.opened()) > 0 })
	began := time.Now()
	first.stop()
	if took := time.Since(began); took > 10*time.Second { // the program ends in two, come what may
		t.Errorf("it took %v to end", took)
	}

	second := goOn(t, first.daemon.Config, true, new(post))
	want := replayIDs(t, c, mainlog)
	second.until("all mails", func() bool { return len(first.post.ids())+len(second.post.ids()) >= len(want) })
	second.stop()
	got := slices.Sorted(slices.Values(slices.Concat(first.post.ids(), second.post.ids())))
	if !slices.Equal(got, want) {
		t.Errorf("%d alerts were mailed, of which %d are to be, and %d aren't", len(got), len(want),
			len(difference(want, got)))
	}
}

// TestStopBeforeTheStart: a context that has ended is no error.
func TestStopBeforeTheStart(t *testing.T) {
	c := configtest.Parse(t, fiveAnHour)
	c.Log = []string{testkit.Write(t, "mainlog", simples("alice", 0, 9))}
	w := start(t, c, true, new(post))
	w.stop()
}
