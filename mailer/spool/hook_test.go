package spool

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/testkit"
	"exiwatch/mailer"
	"exiwatch/mailer/transport"
)

// delivering runs the spool until the returned function is called or the test ends, and hands out its events as they
// come.
func delivering(t *testing.T, s *Spool, to transport.Transport) (events <-chan Result, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ch, done := make(chan Result, 100), make(chan struct{})
	go func() { defer close(done); s.Run(ctx, to, func(ev Result) { ch <- ev }) }()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return ch, stop
}

// next waits for what came of an attempt.
func next(t *testing.T, events <-chan Result) Result {
	t.Helper()
	select {
	case ev := <-events:
		return ev
	case <-time.After(testkit.Still):
		t.Fatal("nothing happens")
		return Result{}
	}
}

// TestHookThatFailsIsRunAgain, and not any more when it has done its work, not even after a restart.
func TestHookThatFailsIsRunAgain(t *testing.T) {
	dir, log := t.TempDir(), filepath.Join(t.TempDir(), "log")
	h := transport.Hook{Command: []string{testkit.Script(t, fmt.Sprintf(`cat >>%[1]s; [ $(wc -l <%[1]s) -gt 1 ]`, log))}}
	t.Parallel()
	s := open(t, dir)
	put(t, s, alertNotice)
	events, stop := delivering(t, s, h)
	if ev := next(t, events); ev.Sent || ev.Kept != "" || ev.Retry.IsZero() || ev.Err == nil {
		t.Errorf("first %+v", ev)
	}
	if ev := next(t, events); ev != (Result{ID: "abc", Event: "opened", Sent: true}) {
		t.Errorf("then %+v", ev)
	}
	stop()
	s = open(t, dir)
	if added, err := s.Put(alertNotice); added || err != nil || s.Len() != 0 {
		t.Errorf("after it was told: Put = %v, %v; %d wait", added, err, s.Len())
	}
	other := alertNotice
	other.Event = "ended"
	put(t, s, other)
	events, stop = delivering(t, s, h)
	if ev := next(t, events); ev != (Result{ID: "abc", Event: "ended", Sent: true}) {
		t.Errorf("after a restart %+v", ev)
	}
	stop()
	if got, _ := os.ReadFile(log); string(got) != strings.Repeat(string(alertNotice.Data), 3) {
		t.Errorf("the hook was told %q", got)
	}
}

// TestHookWhenTheDaemonEnds: it has grace to come to its end, and then is killed and run again by the next daemon.
func TestHookWhenTheDaemonEnds(t *testing.T) {
	for _, test := range []struct {
		sleep string
		done  bool
	}{{"0.1", true}, {"60", false}} {
		t.Run(test.sleep, func(t *testing.T) {
			dir, out := t.TempDir(), t.TempDir()
			s := open(t, dir)
			put(t, s, alertNotice)
			h := transport.Hook{Command: []string{testkit.Script(t,
				fmt.Sprintf("echo $$ >%[1]s/pid; sleep %[2]s; echo done >>%[1]s/done", out, test.sleep))}}
			again := transport.Hook{Command: []string{testkit.Script(t, "exit 0")}}
			t.Parallel()
			events, stop := delivering(t, s, h)
			pid := testkit.PidIn(t, filepath.Join(out, "pid"))
			begin := time.Now()
			stop()
			if took := time.Since(begin); took > hardly {
				t.Errorf("Run ended after %v", took)
			}
			testkit.UntilEnded(t, "the hook", pid)
			if ev := next(t, events); ev.Sent != test.done {
				t.Errorf("%+v, want Sent %v", ev, test.done)
			}
			s = open(t, dir)
			if want := map[bool]int{false: 1}[test.done]; s.Len() != want {
				t.Errorf("%d wait, want %d", s.Len(), want)
			}
			if test.done {
				return
			}
			events, stop = delivering(t, s, again)
			if ev := next(t, events); ev != (Result{ID: "abc", Event: "opened", Sent: true}) {
				t.Errorf("the next daemon: %+v", ev)
			}
			stop()
		})
	}
}

// TestNoticeNeedsNoRecipient on its way through the disk.
func TestNoticeNeedsNoRecipient(t *testing.T) {
	dir := t.TempDir()
	put(t, open(t, dir), alertNotice)
	s := open(t, dir)
	var got []mailer.Message
	_, stop := running(t, s, func(_ context.Context, m mailer.Message) error { got = append(got, m); return nil })
	testkit.Until(t, "it is told", func() bool { return s.Len() == 0 })
	stop()
	if len(got) != 1 || got[0].From != "" || len(got[0].To) != 0 || !bytes.Equal(got[0].Data, alertNotice.Data) ||
		files(t, dir, refusedDir) != nil {
		t.Errorf("%+q", got)
	}
}
