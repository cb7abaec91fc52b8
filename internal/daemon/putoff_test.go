package daemon

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"exiwatch/mailer/spool"
)

// TestManyPutOff: while the mail server is down, it is said once, and then how often within a minute. A mail that is
// given up is said by itself.
func TestManyPutOff(t *testing.T) {
	var out bytes.Buffer
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	d := &Daemon{Log: slog.New(slog.NewTextHandler(&out, nil)), now: func() time.Time { return now }}
	d.stats.begin(now)
	down := errors.New("connection refused")
	mail, hook := &channel{name: mailChannel}, &channel{name: hookChannel}
	var senders sync.WaitGroup
	for sender := range 4 {
		senders.Go(func() {
			for i := range 250 {
				d.noteSent(mail, spool.Result{ID: fmt.Sprint(sender, i), Err: down, Retry: now})
			}
		})
	}
	senders.Wait()
	d.noteSent(hook, spool.Result{ID: "h", Err: down, Retry: now})
	d.noteSent(mail, spool.Result{ID: "x", Err: down, Kept: "/refused/x"})
	d.warnings.tell(d.Log, now, false)
	now = now.Add(warnPause)
	d.warnings.tell(d.Log, now, false)
	for text, want := range map[string]int{
		`msg="mail not sent yet"`: 2, " more=999\n": 1, `msg="hook not sent yet"`: 1, `msg="mail given up" id=x`: 1,
		"\n": 4,
	} {
		if n := strings.Count(out.String(), text); n != want {
			t.Errorf("%q is said %d times, want %d:\n%s", text, n, want, &out)
		}
	}
}
