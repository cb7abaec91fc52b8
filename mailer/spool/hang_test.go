package spool

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"exiwatch/mailer"
	"exiwatch/mailer/transport"
)

// A crowd is a transport that notes what goes on at a time.
type crowd struct {
	mu      sync.Mutex
	now     map[string]int // deliveries under way, by mail
	most    int            // of all at a time
	sent    []string
	at      map[string]time.Time // when a mail was sent
	answer  func(ctx context.Context, m mailer.Message) error
	twofold string // a mail of which there were two at a time
}

func newCrowd(answer func(context.Context, mailer.Message) error) *crowd {
	return &crowd{now: make(map[string]int), at: make(map[string]time.Time), answer: answer}
}

func (c *crowd) Send(ctx context.Context, m mailer.Message) error {
	name := m.ID + "." + m.Event
	c.mu.Lock()
	if c.now[name]++; c.now[name] > 1 {
		c.twofold = name
	}
	c.most = max(c.most, len(c.now))
	c.mu.Unlock()
	err := c.answer(ctx, m)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now[name]--; c.now[name] == 0 {
		delete(c.now, name)
	}
	if err == nil {
		c.sent, c.at[name] = append(c.sent, name), time.Now()
	}
	return err
}

// hangs is a conversation that lasts until its deadline.
func hangs(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, conversation)
	defer cancel()
	<-ctx.Done()
	return ctx.Err()
}

func TestConversationThatHangsStopsNoOtherMail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, t.TempDir())
		c := newCrowd(func(ctx context.Context, m mailer.Message) error {
			if m.ID == "hangs" {
				return hangs(ctx)
			}
			time.Sleep(10 * time.Millisecond)
			return nil
		})
		put(t, s, mailOf("hangs"))
		for i := range 100 {
			put(t, s, mailOf(fmt.Sprint("m", i)))
		}
		_, stop := running(t, s, c.Send)
		time.Sleep(slowAfter + 100*10*time.Millisecond)
		synctest.Wait()
		c.mu.Lock()
		if n := len(c.sent); n != 100 || c.most != 2 {
			t.Errorf("%d of 100 mails went meanwhile, %d at a time", n, c.most)
		}
		c.mu.Unlock()
		time.Sleep(10 * time.Minute)
		stop()
		if c.twofold != "" || s.Len() != 1 {
			t.Errorf("two deliveries of %q at a time; %d mails wait", c.twofold, s.Len())
		}
	})
}

// TestManyConversationsThatHang: however many mails hang each time that they are tried, one that was never tried goes.
func TestManyConversationsThatHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, t.TempDir())
		c := newCrowd(func(ctx context.Context, m mailer.Message) error {
			if strings.HasPrefix(m.ID, "hangs") {
				return hangs(ctx)
			}
			return nil
		})
		for i := range 40 {
			put(t, s, mailOf(fmt.Sprint("hangs", i)))
		}
		_, stop := running(t, s, c.Send)
		time.Sleep(40*conversation/maxAtOnce + 10*time.Second) // each was tried once
		for i := range 20 {
			begin, name := time.Now(), fmt.Sprint("good", i)
			put(t, s, mailOf(name))
			time.Sleep(7 * time.Second)
			synctest.Wait()
			c.mu.Lock()
			at := c.at[name+".opened"]
			c.mu.Unlock()
			if at.IsZero() || at.Sub(begin) > slowAfter {
				t.Errorf("%s went at %v, put at %v", name, at, begin)
			}
		}
		begin := time.Now()
		stop()
		if took := time.Since(begin); took != stopGrace || c.most != maxAtOnce || c.twofold != "" {
			t.Errorf("stopped after %v, want %v for all; %d at a time; %q twice at a time", took, stopGrace, c.most,
				c.twofold)
		}
	})
}

// oneByOne is a transport as a Hook is.
type oneByOne struct{ *crowd }

func (oneByOne) OneAtATime() { transport.Hook{}.OneAtATime() }

func TestHookRunsOnceAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, t.TempDir())
		c := newCrowd(func(context.Context, mailer.Message) error { time.Sleep(5 * time.Second); return nil })
		for i := range 5 {
			put(t, s, mailOf(fmt.Sprint("m", i)))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		s.Run(ctx, oneByOne{c}, nil)
		if len(c.sent) != 5 || c.most != 1 {
			t.Errorf("%d runs, %d at a time", len(c.sent), c.most)
		}
	})
}

// about is a mail about an event of an alert, and perhaps of others.
func about(event string, ids ...string) mailer.Message {
	m := mailOf(ids[0])
	m.Event, m.Alerts = event, ids
	return m
}

func TestMailsOfAnAlertStayInOrder(t *testing.T) {
	mails := []mailer.Message{
		about("opened", "a", "b"), about("grew2", "a"), about("opened", "c"), about("ended", "b"),
		about("dgrew5", "x", "a", "c"), about("ended", "x"), about("ended", "c"),
	}
	for _, restarts := range []bool{false, true} {
		for _, never := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				dir := t.TempDir()
				s := open(t, dir)
				for _, m := range mails {
					put(t, s, m)
				}
				begin := time.Now()
				c := newCrowd(func(_ context.Context, m mailer.Message) error {
					switch late := time.Since(begin) > 3*time.Hour; {
					case m.ID != "a" || m.Event != "opened" || late && !never:
						return nil
					case late:
						return errNever
					}
					return errLater
				})
				_, stop := running(t, s, c.Send)
				time.Sleep(2 * time.Hour)
				synctest.Wait()
				c.mu.Lock()
				if !slices.Equal(c.sent, []string{"c.opened"}) {
					t.Errorf("before the first went: sent %q", c.sent)
				}
				c.mu.Unlock()
				if restarts {
					stop()
					_, stop = running(t, open(t, dir), c.Send)
				}
				time.Sleep(4 * time.Hour)
				stop()
				want := []string{"c.opened", "a.opened", "a.grew2", "b.ended", "x.dgrew5", "x.ended", "c.ended"}
				if never {
					want = slices.Delete(want, 1, 2)
				}
				if !slices.Equal(c.sent, want) || c.twofold != "" {
					t.Errorf("restarts %v, never %v: sent %q, want %q", restarts, never, c.sent, want)
				}
			})
		}
	}
}

// TestOrderForEachRecipient: who has a mail gets the next one about the alert, and who still waits for it gets them
// in their order.
func TestOrderForEachRecipient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		begin := time.Now()
		var got []string
		send := func(_ context.Context, m mailer.Message) error {
			partial := new(transport.RecipientsError)
			for _, to := range m.To {
				if to == "root" && time.Since(begin) < 90*time.Minute {
					partial.Refused = append(partial.Refused, transport.Refusal{To: "root@localhost", Err: errLater})
					continue
				}
				got = append(got, to+" "+m.Event)
			}
			switch len(partial.Refused) {
			case 0:
				return nil
			case len(m.To):
				return errLater
			}
			return partial
		}
		s := open(t, dir)
		_, stop := running(t, s, send)
		put(t, s, about("opened", "a"))
		time.Sleep(time.Hour)
		put(t, s, about("grew2", "a"))
		put(t, s, about("ended", "a"))
		synctest.Wait()
		first := []string{"director@lab.test opened", "director@lab.test grew2", "director@lab.test ended"}
		if !slices.Equal(got, first) {
			t.Errorf("while one of them waits: %q", got)
		}
		stop()
		_, stop = running(t, open(t, dir), send)
		time.Sleep(3 * time.Hour)
		stop()
		if want := append(first, "root opened", "root grew2", "root ended"); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// TestConnectionThatBreaksAfterARefusal: the log shows that the mail arrived, and who was refused gets it later, alone.
func TestConnectionThatBreaksAfterARefusal(t *testing.T) {
	for _, during := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := open(t, t.TempDir())
			put(t, s, mailOf("a"))
			var tries [][]string
			_, stop := running(t, s, func(_ context.Context, m mailer.Message) error {
				if tries = append(tries, m.To); len(tries) > 1 {
					return nil
				}
				if during {
					s.ConfirmDelivered("a", "opened")
				}
				return &transport.UncertainError{Err: errors.New("connection reset by peer"),
					Refused: []transport.Refusal{{To: "root@localhost", Err: errLater}}}
			})
			synctest.Wait()
			s.ConfirmDelivered("a", "opened")
			time.Sleep(time.Minute)
			stop()
			if len(tries) != 2 || !slices.Equal(tries[1], []string{"root"}) || !s.Delivered("a", "opened") {
				t.Errorf("during the attempt: %v; tried for %q", during, tries)
			}
		})
	}
}

// TestServerThatRefusesEverything: somebody may mend it within an hour.
func TestServerThatRefusesEverything(t *testing.T) {
	server := &transport.ServerError{Err: errors.New("550 go away")}
	all := refusing(errNever, "director@lab.test", "root")
	for _, test := range []struct {
		name   string
		answer func(time.Duration) error // after so long
		sent   bool
		after  time.Duration // about
	}{
		{"mended", func(d time.Duration) error {
			if d < 50*time.Minute {
				return server
			}
			return nil
		}, true, 70 * time.Minute},
		{"not mended", func(time.Duration) error { return server }, false, 70 * time.Minute},
		{"refuses each recipient", func(time.Duration) error { return all }, false, 70 * time.Minute},
		{"was down before", func(d time.Duration) error {
			if d < 24*time.Hour {
				return errLater
			}
			return server
		}, false, 26 * time.Hour},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := open(t, t.TempDir())
				put(t, s, mailOf("a"))
				begin, last := time.Now(), time.Time{}
				events, stop := running(t, s, func(context.Context, mailer.Message) error {
					last = time.Now()
					return test.answer(last.Sub(begin))
				})
				time.Sleep(48 * time.Hour)
				stop()
				list := events()
				end := list[len(list)-1]
				if end.Sent != test.sent || (end.Kept == "") != test.sent || s.Len() != 0 {
					t.Errorf("at last %+v", end)
				}
				if took := last.Sub(begin); took < test.after-time.Hour || took > test.after {
					t.Errorf("tried for %v", took)
				}
				if !test.sent && !strings.Contains(fmt.Sprint(end.Err), "refused for 1 hour") {
					t.Errorf("given up: %v", end.Err)
				}
			})
		})
	}
}

// TestNothingWaitsForTheDisk: while a folder is synced everybody else goes on.
func TestNothingWaitsForTheDisk(t *testing.T) {
	s := open(t, t.TempDir())
	put(t, s, mailOf("a"))
	put(t, s, mailOf("b"))
	s.syncing.Lock() // as whoever syncs has it
	hanging := make(chan bool)
	events, stop := running(t, s, func(ctx context.Context, m mailer.Message) error {
		if m.ID == "a" {
			return nil
		}
		close(hanging)
		return hangs(ctx)
	})
	<-hanging
	if s.Len() != 1 || len(events()) != 0 {
		t.Errorf("%d wait, reported before it is durable", s.Len())
	}
	if err := s.ConfirmDelivered("b", "opened"); err != nil || s.Len() != 0 || !s.Has("a", "opened") {
		t.Errorf("%v; %d wait", err, s.Len())
	}
	provide(t, s, mailOf("c"))
	s.ResolveUncertain(time.Now())
	s.syncing.Unlock()
	stop()
	if list := events(); len(list) != 2 || !list[0].Sent || !list[1].Sent {
		t.Errorf("%+v", list)
	}
}

func TestSyncTellsOfADiskThatFails(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	put(t, s, mailOf("a"))
	here, away := filepath.Join(dir, sentDir), filepath.Join(dir, "away")
	if err := errors.Join(s.ConfirmDelivered("a", "opened"), os.Rename(here, away)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Sync(); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("Sync = %v", err)
		}
	}
	if err := os.Rename(away, here); err != nil {
		t.Fatal(err)
	}
	if err := s.Sync(); err != nil {
		t.Errorf("Sync = %v", err)
	}
}
