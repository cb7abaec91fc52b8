package mailer

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestWebhookThatBreaks after the request: nobody knows whether it was taken. The spool doesn't wait for a log to
// tell, but asks again, under the same key; once there is an answer, it asks no more.
func TestWebhookThatBreaks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var r *receiver
	r = receive(t, func(w http.ResponseWriter, _ *http.Request) {
		if r.times() == 1 {
			c, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			c.Close()
		}
	})
	s := open(t, dir)
	put(t, s, alertNotice)
	events, stop := delivering(t, s, r.hook())
	ev := next(t, events)
	settled(t, "first", ev.Err)
	discreet(t, "first", ev.Err)
	if r.times() != 1 {
		t.Errorf("told %d times at first", r.times())
	}
	if ev := next(t, events); ev != (Result{ID: "abc", Event: "opened", Sent: true}) {
		t.Errorf("then %+v", ev)
	}
	stop()
	if r.times() != 2 || r.told[0].Header.Get("Idempotency-Key") != r.told[1].Header.Get("Idempotency-Key") ||
		r.content[0] != r.content[1] {
		t.Errorf("told %q", r.content)
	}
	s = open(t, dir)
	events, stop = delivering(t, s, r.hook())
	other := alertNotice
	other.ID = "abd"
	put(t, s, alertNoticeAgain(t, s, other))
	if ev := next(t, events); ev != (Result{ID: "abd", Event: "opened", Sent: true}) {
		t.Errorf("after a restart: %+v", ev)
	}
	stop()
	if r.times() != 3 {
		t.Errorf("told %d times", r.times())
	}
}

// alertNoticeAgain puts alertNotice, which must be known, and returns another.
func alertNoticeAgain(t *testing.T, s *Spool, other Message) Message {
	t.Helper()
	if added, err := s.Put(alertNotice); added || err != nil {
		t.Errorf("Put = %v, %v", added, err)
	}
	return other
}

func TestWebhookThatRefuses(t *testing.T) {
	dir := t.TempDir()
	r := receive(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no such hook", http.StatusGone) })
	s := open(t, dir)
	put(t, s, alertNotice)
	events, stop := delivering(t, s, r.hook())
	if ev := next(t, events); ev.Sent || ev.Kept != filepath.Join(dir, refusedDir, "abc.opened.eml") ||
		!strings.Contains(ev.Err.Error(), "410 Gone: no such hook") {
		t.Errorf("%+v", ev)
	}
	stop()
	if s.Len() != 0 || r.times() != 1 {
		t.Errorf("%d wait, told %d times", s.Len(), r.times())
	}
}

// TestWebhookWhenTheDaemonEnds: a server that answers within the grace is told once, one that doesn't again by the
// next daemon.
func TestWebhookWhenTheDaemonEnds(t *testing.T) {
	for name, wait := range map[string]time.Duration{"answers": 100 * time.Millisecond, "hangs": time.Minute} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, arrived := t.TempDir(), make(chan struct{}, 10)
			r := receive(t, func(w http.ResponseWriter, q *http.Request) {
				arrived <- struct{}{}
				select {
				case <-time.After(wait):
				case <-q.Context().Done():
				}
			})
			s := open(t, dir)
			put(t, s, alertNotice)
			events, stop := delivering(t, s, r.hook())
			<-arrived
			begin := time.Now()
			stop()
			if took := time.Since(begin); took > hardly {
				t.Errorf("Run ended after %v", took)
			}
			ev := next(t, events)
			if done := name == "answers"; ev.Sent != done || (open(t, dir).Len() == 0) != done {
				t.Errorf("%+v", ev)
			}
			discreet(t, name, ev.Err)
		})
	}
}
