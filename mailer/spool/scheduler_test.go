package spool

import (
	"context"
	"errors"
	"fmt"
	"net/textproto"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"exiwatch/mailer"
	"exiwatch/mailer/transport"

	"github.com/google/go-cmp/cmp"
)

// sendFunc answers for a mail server.
type sendFunc func(ctx context.Context, m mailer.Message) error

func (f sendFunc) Send(ctx context.Context, m mailer.Message) error { return f(ctx, m) }

var (
	errLater = &textproto.Error{Code: 451, Msg: "not now"}
	errNever = &transport.PermanentError{Err: errors.New("550 no such user")}
)

// running runs the spool until the returned function is called, and hands out its events.
func running(t *testing.T, s *Spool, send sendFunc) (events func() []Result, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ch := make(chan Result, 1000)
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx, send, func(ev Result) { ch <- ev }) }()
	events = func() (list []Result) {
		for {
			select {
			case ev := <-ch:
				list = append(list, ev)
			default:
				return list
			}
		}
	}
	return events, func() { cancel(); <-done }
}

func TestDeliversOldestFirstAndWakesForPut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		s := open(t, dir)
		for _, id := range []string{"c", "a", "b"} { // at the same instant
			put(t, s, mailOf(id))
		}
		s = open(t, dir) // as if restarted
		var sent []mailer.Message
		events, stop := running(t, s, func(_ context.Context, m mailer.Message) error {
			sent = append(sent, m)
			return nil
		})
		synctest.Wait()
		put(t, s, mailOf("d"))
		synctest.Wait()
		stop()
		want := []mailer.Message{mailOf("c"), mailOf("a"), mailOf("b"), mailOf("d")}
		if diff := cmp.Diff(want, sent); diff != "" {
			t.Errorf("sent (-want +got):\n%s", diff)
		}
		for i, ev := range events() {
			if ev != (Result{ID: want[i].ID, Event: "opened", Sent: true}) {
				t.Errorf("event %+v", ev)
			}
		}
		for _, s := range []*Spool{s, open(t, dir)} {
			if added, err := s.Put(mailOf("a")); added || err != nil || s.Len() != 0 || !s.Delivered("a", "opened") ||
				!s.Has("a", "opened") {
				t.Errorf("after it was sent: Put = %v, %v; %d wait", added, err, s.Len())
			}
		}
		if info, err := os.Stat(filepath.Join(dir, sentDir, "a.opened")); err != nil || info.Size() != 0 {
			t.Errorf("the mark: %v, %v", info, err)
		}
	})
}

func TestDownMailServerIsTriedAfterGrowingPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		s := open(t, dir)
		put(t, s, mailOf("abc"))
		begin := time.Now()
		var tries []time.Duration
		events, stop := running(t, s, func(context.Context, mailer.Message) error {
			tries = append(tries, time.Since(begin))
			return errLater
		})
		time.Sleep(6 * 24 * time.Hour)
		stop()
		var pauses []time.Duration
		for i := range tries[1:] {
			pauses = append(pauses, tries[i+1]-tries[i])
		}
		want := time.Second
		for i, pause := range pauses {
			if pause != want {
				t.Errorf("pause %d is %v, want %v", i, pause, want)
			}
			want = min(2*want, time.Hour)
		}
		if last := tries[len(tries)-1]; last < giveUp || last > giveUp+time.Hour {
			t.Errorf("last tried after %v", last)
		}
		list := events()
		end := list[len(list)-1]
		kept := filepath.Join(dir, refusedDir, "abc.opened.eml")
		if end.Kept != kept || end.Sent || !end.Retry.IsZero() || !errors.Is(end.Err, errLater) ||
			!strings.Contains(end.Err.Error(), "given up after 5 days") {
			t.Errorf("at last %+v", end)
		}
		for i, ev := range list[:len(list)-1] {
			if ev.Retry.Sub(begin) != tries[i+1] || ev.Err != errLater || ev.Kept != "" {
				t.Errorf("try %d: %+v", i, ev)
			}
		}
		if text, err := os.ReadFile(kept); err != nil || !strings.Contains(string(text), "Subject: abc") {
			t.Errorf("kept %q, %v", text, err)
		}
		if added, err := s.Put(mailOf("abc")); added || err != nil || s.Len() != 0 {
			t.Errorf("after it was given up: Put = %v, %v", added, err)
		}
	})
}

func TestFiveDaysAreOfTheMailNotOfTheProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		put(t, open(t, dir), mailOf("abc"))
		time.Sleep(6 * 24 * time.Hour)
		up := 0
		events, stop := running(t, open(t, dir), func(context.Context, mailer.Message) error { up++; return errLater })
		time.Sleep(time.Hour)
		stop()
		if list := events(); up != 1 || len(list) != 1 || list[0].Kept == "" {
			t.Errorf("tried %d times: %+v", up, list)
		}
	})
}

func TestOneBadMailDoesNotHoldUpTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		s := open(t, dir)
		for _, id := range []string{"late", "never", "good"} {
			put(t, s, mailOf(id))
			time.Sleep(time.Millisecond)
		}
		begin := time.Now()
		var sent []string
		events, stop := running(t, s, func(_ context.Context, m mailer.Message) error {
			switch {
			case m.ID == "never":
				return errNever
			case m.ID == "late" && time.Since(begin) < 2*time.Second:
				return errLater
			}
			sent = append(sent, m.ID)
			return nil
		})
		synctest.Wait()
		if !slices.Equal(sent, []string{"good"}) || s.Len() != 1 {
			t.Errorf("at once: sent %q, %d wait", sent, s.Len())
		}
		time.Sleep(time.Minute)
		stop()
		if !slices.Equal(sent, []string{"good", "late"}) || s.Len() != 0 {
			t.Errorf("sent %q, %d wait", sent, s.Len())
		}
		if list := events(); len(list) != 5 || list[1].Kept != filepath.Join(dir, refusedDir, "never.opened.eml") ||
			list[1].Err != errNever {
			t.Errorf("events %+v", list)
		}
	})
}

func TestRecipientsAreNotToldTwice(t *testing.T) {
	both := []string{"director@lab.test", "root"}
	partial := func(answers ...any) *transport.RecipientsError {
		e := new(transport.RecipientsError)
		for i := 0; i < len(answers); i += 2 {
			e.Refused = append(e.Refused, transport.Refusal{To: answers[i].(string), Err: answers[i+1].(error)})
		}
		return e
	}
	for _, test := range []struct {
		name    string
		answers []error // then all is well
		to      [][]string
		sent    bool
	}{
		{"one for good", []error{partial("root", errNever)}, [][]string{both}, true},
		{"one for now", []error{partial("root", errLater)}, [][]string{both, {"root"}}, true},
		{"one for now, then for good", []error{partial("root", errLater), errNever}, [][]string{both, {"root"}}, true},
		{"one for good, one for now", []error{partial("director@lab.test", errNever, "root", errLater)},
			[][]string{both, {"root"}}, true},
		{"one for good, then the other", []error{partial("director@lab.test", errNever, "root", errLater), errNever},
			[][]string{both, {"root"}}, false},
		{"both for good", []error{partial("director@lab.test", errNever, "root", errNever)}, [][]string{both, both},
			true},
		{"down, then one for now", []error{errLater, partial("root", errLater), errLater},
			[][]string{both, both, {"root"}, {"root"}}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dir := t.TempDir()
				put(t, open(t, dir), mailOf("abc"))
				var to [][]string
				var list []Result
				for range len(test.to) + 1 { // each in a new process
					events, stop := running(t, open(t, dir), func(_ context.Context, m mailer.Message) error {
						to = append(to, m.To)
						if n := len(to); n <= len(test.answers) {
							return test.answers[n-1]
						}
						return nil
					})
					synctest.Wait()
					stop()
					list = append(list, events()...)
				}
				if diff := cmp.Diff(test.to, to); diff != "" {
					t.Errorf("sent to (-want +got):\n%s", diff)
				}
				end := list[len(list)-1]
				if end.Sent != test.sent || (end.Kept == "") != test.sent ||
					open(t, dir).Delivered("abc", "opened") != test.sent {
					t.Errorf("at last %+v", end)
				}
				if want := len(test.answers) == len(test.to); (end.Err != nil) != want {
					t.Errorf("at last %+v", end)
				}
			})
		})
	}
}

func TestHangingTransportDoesNotBlockPut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, t.TempDir())
		put(t, s, mailOf("abc"))
		events, stop := running(t, s,
			func(ctx context.Context, _ mailer.Message) error { <-ctx.Done(); return ctx.Err() })
		synctest.Wait()
		put(t, s, mailOf("abd"))
		if added, err := s.Put(mailOf("abc")); added || err != nil || s.Len() != 2 {
			t.Errorf("while it is under way: Put = %v, %v; %d wait", added, err, s.Len())
		}
		begin := time.Now()
		stop()
		if took := time.Since(begin); took != stopGrace {
			t.Errorf("stopped after %v, want %v", took, stopGrace)
		}
		if list := events(); len(list) != 1 || list[0].Retry.IsZero() || s.Len() != 2 {
			t.Errorf("events %+v, %d wait", list, s.Len())
		}
	})
}

func TestDeliveryUnderWayIsFinishedWhenStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, t.TempDir())
		put(t, s, mailOf("abc"))
		put(t, s, mailOf("abd"))
		_, stop := running(t, s, func(ctx context.Context, _ mailer.Message) error {
			select {
			case <-time.After(stopGrace - time.Millisecond):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		synctest.Wait()
		stop()
		if !s.Delivered("abc", "opened") || s.Delivered("abd", "opened") || s.Len() != 1 {
			t.Errorf("%d wait", s.Len())
		}
	})
}

func TestSentMailThatCantBeMarkedDoesNotGoTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		s := open(t, dir)
		put(t, s, mailOf("abc"))
		blocked := filepath.Join(dir, sentDir, "abc.opened", "x") // a folder in the mark's place
		sent := 0
		events, stop := running(t, s, func(context.Context, mailer.Message) error {
			sent++
			return os.MkdirAll(blocked, 0o700)
		})
		time.Sleep(10 * time.Second)
		if err := os.RemoveAll(filepath.Dir(blocked)); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Hour)
		stop()
		list := events()
		if end := list[len(list)-1]; sent != 1 || len(list) < 3 || list[0].Err == nil || list[0].Retry.IsZero() ||
			!end.Sent || end.Err != nil || s.Len() != 0 {
			t.Errorf("sent %d times: %+v", sent, list)
		}
	})
}

func TestWaitingFileThatIsTakenAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		s := open(t, dir)
		put(t, s, mailOf("abc"))
		if err := os.Remove(filepath.Join(dir, waitingDir, "abc.opened.eml")); err != nil {
			t.Fatal(err)
		}
		events, stop := running(t, s, func(context.Context, mailer.Message) error { return nil })
		synctest.Wait()
		stop()
		if list := events(); len(list) != 1 || list[0].Err == nil || list[0].Sent || s.Len() != 0 {
			t.Errorf("%+v, %d wait", list, s.Len())
		}
	})
}

func TestBrokenFileIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		open(t, dir)
		if err := os.WriteFile(filepath.Join(dir, waitingDir, "abc.opened.eml"), []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
		events, stop := running(t, open(t, dir), nil)
		synctest.Wait()
		stop()
		if list := events(); len(list) != 1 || list[0].ID != "abc" || list[0].Err == nil ||
			list[0].Kept != filepath.Join(dir, refusedDir, "abc.opened.broken") {
			t.Errorf("%+v", list)
		}
	})
}

// TestServiceThatIsDownForAnHour: what came up meanwhile goes once each when the service is back, the newest at once.
// What has waited all the time goes within as long again, as its pauses have grown.
func TestServiceThatIsDownForAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, t.TempDir())
		begin := time.Now()
		back := begin.Add(time.Hour)
		sent := make(map[string]time.Duration) // since it is back
		_, stop := running(t, s, func(_ context.Context, m mailer.Message) error {
			if time.Now().Before(back) {
				return errLater
			}
			if _, twice := sent[m.ID]; twice {
				t.Errorf("%s goes twice", m.ID)
			}
			sent[m.ID] = time.Since(back)
			return nil
		})
		for i := range 70 { // a minute each: the last ten find the service up
			put(t, s, mailOf(fmt.Sprint(i)))
			time.Sleep(time.Minute)
		}
		time.Sleep(time.Hour)
		stop()
		for i := range 70 {
			after, ok := sent[fmt.Sprint(i)]
			waited := time.Hour - time.Duration(i)*time.Minute
			if !ok || after > max(waited, 0)+max(0, -waited) {
				t.Errorf("mail %d, which waited %v, went %v after the service was back, %v", i, waited, after, ok)
			}
		}
	})
}
