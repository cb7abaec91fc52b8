package spool

import (
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestWebhookThatBreaks after the request: nobody knows whether it was taken. The spool doesn't wait for a log to
// tell, but asks again, under the same key; once there is an answer, it asks no more.
func TestWebhookThatBreaks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var mu sync.Mutex
	keys := make(map[string]int)
	to, times := receive(t, func(w http.ResponseWriter, q *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if keys[q.Header.Get("Idempotency-Key")]++; len(keys) > 1 || keys["abc.opened"] > 1 {
			return
		}
		c, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		c.Close()
	})
	s := open(t, dir)
	put(t, s, alertNotice)
	events, stop := delivering(t, s, to)
	if ev := next(t, events); ev.Err == nil || ev.Sent || ev.Kept != "" || ev.Retry.IsZero() {
		t.Errorf("first %+v", ev)
	}
	if n := times.Load(); n != 1 {
		t.Errorf("told %d times at first", n)
	}
	if ev := next(t, events); ev != (Result{ID: "abc", Event: "opened", Sent: true}) {
		t.Errorf("then %+v", ev)
	}
	stop()
	s = open(t, dir)
	events, stop = delivering(t, s, to)
	if added, err := s.Put(alertNotice); added || err != nil {
		t.Errorf("Put = %v, %v", added, err)
	}
	other := alertNotice
	other.ID = "abd"
	put(t, s, other)
	if ev := next(t, events); ev != (Result{ID: "abd", Event: "opened", Sent: true}) {
		t.Errorf("after a restart: %+v", ev)
	}
	stop()
	if keys["abc.opened"] != 2 || keys["abd.opened"] != 1 || len(keys) != 2 {
		t.Errorf("told %v", keys)
	}
}

func TestWebhookThatRefuses(t *testing.T) {
	dir := t.TempDir()
	to, times := receive(t, func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "no such hook", http.StatusGone)
	})
	s := open(t, dir)
	put(t, s, alertNotice)
	events, stop := delivering(t, s, to)
	if ev := next(t, events); ev.Sent || ev.Kept != filepath.Join(dir, refusedDir, "abc.opened.eml") ||
		!strings.Contains(ev.Err.Error(), "410 Gone: no such hook") {
		t.Errorf("%+v", ev)
	}
	stop()
	if n := times.Load(); s.Len() != 0 || n != 1 {
		t.Errorf("%d wait, told %d times", s.Len(), n)
	}
}

// TestWebhookWhenTheDaemonEnds: a server that answers within the grace is told once, one that doesn't again by the
// next daemon.
func TestWebhookWhenTheDaemonEnds(t *testing.T) {
	for name, wait := range map[string]time.Duration{"answers": 100 * time.Millisecond, "hangs": time.Minute} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, arrived := t.TempDir(), make(chan struct{}, 10)
			to, _ := receive(t, func(_ http.ResponseWriter, q *http.Request) {
				arrived <- struct{}{}
				select {
				case <-time.After(wait):
				case <-q.Context().Done():
				}
			})
			s := open(t, dir)
			put(t, s, alertNotice)
			events, stop := delivering(t, s, to)
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
		})
	}
}
