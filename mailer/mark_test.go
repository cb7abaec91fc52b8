package mailer

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// refusing is the answer that left some recipients out.
func refusing(err error, to ...string) *RecipientsError {
	partial := new(RecipientsError)
	for _, addr := range to {
		partial.Refused = append(partial.Refused, Refusal{addr, err})
	}
	return partial
}

// TestArrivalDuringTheAttempt is what happens always with Exim on the same machine: it logs before it answers.
func TestArrivalDuringTheAttempt(t *testing.T) {
	const director, root = "director@lab.test", "root"
	one, two := []string{director}, []string{director, root}
	for _, test := range []struct {
		name   string
		to     []string
		answer error      // then all is well
		tries  [][]string // to whom
		end    error      // of the event that says Sent
	}{
		{"taken", one, nil, [][]string{one}, nil},
		{"taken for two", two, nil, [][]string{two}, nil},
		{"broken connection", one, errLater, [][]string{one}, nil},
		{"broken connection, two", two, errLater, [][]string{two}, nil},
		{"refused after all", one, errNever, [][]string{one}, nil},
		{"one waits", two, refusing(errLater, root), [][]string{two, {root}}, nil},
		{"one never", two, refusing(errNever, root), [][]string{two}, refusing(errNever, root)},
		{"it was an earlier attempt that arrived", two, refusing(errLater, director, root), [][]string{two},
			refusing(errLater, director, root)},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dir := t.TempDir()
				s := open(t, dir)
				m := mailOf("abc")
				m.To = test.to
				put(t, s, m)
				var tries [][]string
				events, stop := running(t, s, func(_ context.Context, m Message) error {
					if tries = append(tries, m.To); len(tries) > 1 {
						return nil
					}
					for range 2 { // a copy of the line
						if err := s.ConfirmDelivered("abc", "opened"); err != nil {
							t.Error(err)
						}
					}
					if killed := open(t, dir); killed.Len() != 0 || !killed.Delivered("abc", "opened") {
						t.Errorf("killed now: %d wait", killed.Len())
					}
					return test.answer
				})
				time.Sleep(time.Minute)
				stop()
				if diff := cmp.Diff(test.tries, tries); diff != "" {
					t.Errorf("tries (-want +got):\n%s", diff)
				}
				sent := slices.DeleteFunc(events(), func(ev Result) bool { return !ev.Sent })
				if len(sent) != 1 || fmt.Sprint(sent[0].Err) != fmt.Sprint(test.end) {
					t.Errorf("events %+v", sent)
				}
				for _, s := range []*Spool{s, open(t, dir)} {
					if s.Len() != 0 || !s.Delivered("abc", "opened") {
						t.Errorf("%d wait", s.Len())
					}
				}
				if info, err := os.Stat(filepath.Join(dir, sentDir, "abc.opened")); err != nil || info.Size() != 0 {
					t.Errorf("the mark: %v, %v", info, err)
				}
			})
		})
	}
}

func TestRecipientWhoWaitsSurvivesARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		s := open(t, dir)
		put(t, s, mailOf("abc"))
		_, stop := running(t, s, func(context.Context, Message) error {
			s.ConfirmDelivered("abc", "opened")
			return refusing(errLater, "root")
		})
		synctest.Wait()
		stop()
		s = crashed(t, dir)
		if s.DropUncommitted(s.Last()); s.Len() != 1 || s.Delivered("abc", "opened") {
			t.Fatalf("%d wait", s.Len())
		}
		var to []string
		events, stop := running(t, s, func(_ context.Context, m Message) error { to = append(to, m.To...); return nil })
		if err := s.ConfirmDelivered("abc", "opened"); err != nil || s.Len() != 1 { // of the others' mail: read again
			t.Errorf("%v, %d wait", err, s.Len())
		}
		s.ResolveUncertain(time.Now())
		synctest.Wait()
		stop()
		if list := events(); !slices.Equal(to, []string{"root"}) || len(list) != 1 || !list[0].Sent ||
			list[0].Err != nil {
			t.Errorf("sent to %q: %+v", to, list)
		}
	})
}

func TestArrivalAfterTheAttempt(t *testing.T) {
	for _, answer := range []error{nil, errLater} {
		synctest.Test(t, func(t *testing.T) {
			s := open(t, t.TempDir())
			put(t, s, mailOf("abc"))
			tries := 0
			events, stop := running(t, s, func(context.Context, Message) error { tries++; return answer })
			synctest.Wait()
			if err := s.ConfirmDelivered("abc", "opened"); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Hour)
			stop()
			list := events()
			if end := list[len(list)-1]; tries != 1 || end != (Result{ID: "abc", Event: "opened", Sent: true}) ||
				len(list) > 1 != (answer != nil) {
				t.Errorf("answer %v: tried %d times: %+v", answer, tries, list)
			}
		})
	}
}

func TestArrivalOfWhatIsNotInTheSpool(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	provide(t, s, mailOf("abc"))
	for _, name := range [][2]string{{"abd", "opened"}, {"abc", "ended"}, {"", ""}, {"../x", "opened"},
		{"abc.opened", ""}} {
		if err := s.ConfirmDelivered(name[0], name[1]); err != nil || s.Len() != 1 {
			t.Errorf("Arrived(%q) = %v; %d wait", name, err, s.Len())
		}
	}
	if got := files(t, dir, sentDir); got != nil {
		t.Errorf("sent/ has %q", got)
	}
	// although nothing covers it
	if err := s.ConfirmDelivered("abc", "opened"); err != nil || s.Len() != 0 || !s.Delivered("abc", "opened") {
		t.Errorf("%v, %d wait", err, s.Len())
	}
	if added, err := s.Put(mailOf("abc")); added || err != nil {
		t.Errorf("Put = %v, %v", added, err)
	}
}

func TestArrivalDoesNotWaitForTheMailServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, t.TempDir())
		put(t, s, mailOf("abc"))
		put(t, s, mailOf("abd"))
		events, stop := running(t, s, func(ctx context.Context, _ Message) error { <-ctx.Done(); return ctx.Err() })
		synctest.Wait()
		begin := time.Now()
		for _, id := range []string{"abc", "abd"} {
			if err := s.ConfirmDelivered(id, "opened"); err != nil {
				t.Error(err)
			}
		}
		if took := time.Since(begin); took != 0 || s.Len() != 0 {
			t.Errorf("%v; %d wait", took, s.Len())
		}
		stop()
		if list := events(); len(list) != 2 || list[0].Err != nil || list[1].Err != nil || !list[0].Sent ||
			!list[1].Sent {
			t.Errorf("events %+v", list)
		}
	})
}

func TestArrivalThatCantBeMarked(t *testing.T) {
	for _, during := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir)
			provide(t, s, mailOf("abc"))
			blocked := filepath.Join(dir, sentDir, "abc.opened", "x") // a folder in the mark's place
			tries := 0
			arrived := func() {
				if err := os.MkdirAll(blocked, 0o700); err != nil {
					t.Error(err)
				}
				if s.ConfirmDelivered("abc", "opened") == nil {
					t.Error("no error")
				}
			}
			events, stop := running(t, s, func(context.Context, Message) error {
				tries++
				arrived()
				return errLater
			})
			if during {
				s.Commit(s.Last())
			} else {
				arrived()
			}
			time.Sleep(time.Minute)
			if err := os.RemoveAll(filepath.Dir(blocked)); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Hour)
			stop()
			list := events()
			if end := list[len(list)-1]; tries > 1 || tries == 1 != during || !end.Sent || end.Err != nil ||
				s.Len() != 0 || !s.Delivered("abc", "opened") {
				t.Errorf("during the attempt: %v; tried %d times: %+v", during, tries, list)
			}
		})
	}
}

// TestArrivalsRace has the log's reader and the sender at the same mails, in whatever order.
func TestArrivalsRace(t *testing.T) {
	const mails = 300
	s := open(t, t.TempDir())
	for i := range mails {
		m := mailOf(fmt.Sprint("m", i))
		m.To = m.To[:1+i%2]
		provide(t, s, m)
	}
	var arrivals sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	tries, sent := 0, make(map[string]int)
	send := transport(func(_ context.Context, m Message) error {
		tries++
		arrivals.Go(func() {
			if err := s.ConfirmDelivered(m.ID, m.Event); err != nil {
				t.Error(err)
			}
		})
		return nil
	})
	s.Commit(s.Last())
	s.Run(ctx, send, func(ev Result) {
		if ev.Err != nil || !ev.Sent {
			t.Errorf("%+v", ev)
		}
		if sent[ev.ID]++; len(sent) == mails {
			cancel()
		}
	})
	arrivals.Wait()
	s.tell(func(ev Result) { t.Errorf("left to tell: %+v", ev) })
	for id, n := range sent {
		if n != 1 {
			t.Errorf("%s was reported %d times", id, n)
		}
	}
	if tries != mails || len(sent) != mails || s.Len() != 0 {
		t.Errorf("%d tries, %d sent, %d wait", tries, len(sent), s.Len())
	}
}
